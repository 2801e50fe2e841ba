using System.Runtime.InteropServices;
using Dataplane.Packets;

namespace Dataplane.Headers;

/// <summary>
/// VXLAN (RFC 7348):
/// <code>
/// |R|R|R|R|I|R|R|R|            Reserved                           |
/// |                VXLAN Network Identifier (VNI) |   Reserved    |
/// </code>
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct VxlanHeader
{
    /// <summary>Bytes on the wire.</summary>
    public const int Size = 8;

    public byte Flags;
    private readonly byte _reserved0;
    private readonly Be16 _reserved1;
    public Be32 VniAndReserved;

    /// <summary>Set when the VNI is valid.</summary>
    public const byte VniFlag = 0x08;

    /// <summary>The network identifier, 24 bits.</summary>
    public readonly uint Vni => VniAndReserved.Value >> 8;
}
