using System.Runtime.InteropServices;
using Dataplane.Packets;

namespace Dataplane.Headers;

/// <summary>ICMP (RFC 792): type, code, checksum, and four bytes whose meaning depends on the type.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct IcmpHeader
{
    /// <summary>Bytes on the wire.</summary>
    public const int Size = 8;

    public byte Type;
    public byte Code;
    public ushort Checksum; // memory order
    public Be16 Identifier; // echo; unused in errors
    public Be16 Sequence; // echo; next-hop MTU in fragmentation needed (RFC 1191)

    /// <summary>Offsets of <see cref="Checksum"/> and <see cref="Identifier"/>.</summary>
    public const int ChecksumOffset = 2, IdentifierOffset = 4;

    public const byte EchoReply = 0, DestinationUnreachable = 3, SourceQuench = 4, Redirect = 5, EchoRequest = 8, TimeExceeded = 11, ParameterProblem = 12;

    /// <summary>Codes of <see cref="DestinationUnreachable"/>.</summary>
    public const byte HostUnreachable = 1, PortUnreachable = 3, FragmentationNeeded = 4;
}
