using System.Runtime.InteropServices;
using Dataplane.Packets;

namespace Dataplane.Headers;

/// <summary>ARP for IPv4 over Ethernet (RFC 826).</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public struct ArpHeader
{
    /// <summary>Bytes on the wire.</summary>
    public const int Size = 28;

    public Be16 HardwareType;
    public Be16 ProtocolType;
    public byte HardwareLength;
    public byte ProtocolLength;
    public Be16 Operation;
    public MacAddress SenderMac;
    public IPv4Address SenderAddress;
    public MacAddress TargetMac;
    public IPv4Address TargetAddress;

    public const ushort Request = 1, Reply = 2;
}
