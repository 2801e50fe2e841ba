using System.Runtime.InteropServices;
using Dataplane.Packets;

namespace Dataplane.Headers;

/// <summary>
/// TCP (RFC 9293):
/// <code>
/// |          Source Port          |       Destination Port        |
/// |                        Sequence Number                        |
/// |                    Acknowledgment Number                      |
/// | Offset| Rsrvd |     Flags     |            Window             |
/// |           Checksum            |         Urgent Pointer        |
/// </code>
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct TcpHeader
{
    /// <summary>Bytes on the wire without options.</summary>
    public const int Size = 20;

    public Be16 SourcePort;
    public Be16 DestinationPort;
    public Be32 Sequence;
    public Be32 Acknowledgment;
    public byte DataOffset;
    public byte Flags;
    public Be16 Window;
    public ushort Checksum; // memory order
    public Be16 UrgentPointer;

    /// <summary>Offset of <see cref="Checksum"/>.</summary>
    public const int ChecksumOffset = 16;

    public const byte Fin = 1, Syn = 2, Rst = 4, Psh = 8, Ack = 16, Cwr = 128;

    /// <summary>Bytes with options; less than 20 is invalid.</summary>
    public readonly int HeaderLength => (DataOffset >> 4) * 4;
}
