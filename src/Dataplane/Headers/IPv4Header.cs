using System.Runtime.InteropServices;
using Dataplane.Packets;

namespace Dataplane.Headers;

/// <summary>
/// IPv4 (RFC 791):
/// <code>
///  0                   1                   2                   3
/// |Version|  IHL  |Type of Service|          Total Length         |
/// |         Identification        |Flags|      Fragment Offset    |
/// |  Time to Live |    Protocol   |         Header Checksum       |
/// |                       Source Address                          |
/// |                    Destination Address                        |
/// </code>
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct IPv4Header
{
    /// <summary>Bytes on the wire without options.</summary>
    public const int Size = 20;

    public byte VersionAndLength;
    public byte TypeOfService;
    public Be16 TotalLength;
    public Be16 Identification;
    public Be16 FlagsAndOffset;
    public byte TimeToLive;
    public byte Protocol;
    public ushort Checksum; // memory order
    public IPv4Address Source;
    public IPv4Address Destination;

    /// <summary>Don't fragment, in <see cref="FlagsAndOffset"/>.</summary>
    public const ushort DontFragment = 0x4000;

    /// <summary>Fragments begin at multiples of so many bytes.</summary>
    public const int FragmentUnit = 8;

    /// <summary>More fragments follow, in <see cref="FlagsAndOffset"/>.</summary>
    public const ushort MoreFragments = 0x2000;

    /// <summary>Mask of the fragment offset, units of 8 bytes, in <see cref="FlagsAndOffset"/>.</summary>
    public const ushort OffsetMask = 0x1fff;

    /// <summary>Bytes with options; less than 20 is invalid.</summary>
    public readonly int HeaderLength => (VersionAndLength & 0xf) * 4;

    /// <summary>4.</summary>
    public readonly int Version => VersionAndLength >> 4;
}
