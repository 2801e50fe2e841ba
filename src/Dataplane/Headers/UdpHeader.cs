using System.Runtime.InteropServices;
using Dataplane.Packets;

namespace Dataplane.Headers;

/// <summary>UDP (RFC 768): ports, length with this header, checksum (0: none, IPv4 only).</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct UdpHeader
{
    /// <summary>Bytes on the wire.</summary>
    public const int Size = 8;

    public Be16 SourcePort;
    public Be16 DestinationPort;
    public Be16 Length;
    public ushort Checksum; // memory order

    /// <summary>Offset of <see cref="Checksum"/>.</summary>
    public const int ChecksumOffset = 6;
}
