using System.Runtime.InteropServices;
using Dataplane.Packets;

namespace Dataplane.Headers;

/// <summary>SCTP common header (RFC 9260): ports, verification tag, CRC32c.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct SctpHeader
{
    /// <summary>Bytes on the wire.</summary>
    public const int Size = 12;

    public Be16 SourcePort;
    public Be16 DestinationPort;
    public Be32 VerificationTag;
    public uint Checksum; // little endian

    /// <summary>Offset of <see cref="Checksum"/>.</summary>
    public const int ChecksumOffset = 8;
}
