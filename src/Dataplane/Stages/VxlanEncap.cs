using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Tables;

namespace Dataplane.Stages;

/// <summary>
/// Puts a packet into VXLAN (RFC 7348) in its frame's headroom: a prepared header is copied, then lengths, identification, source
/// port and checksum are filled in. Bytes are those of the kernel's vxlan device with its default settings: no DF on the outside,
/// no outer UDP checksum, TTL 64, ECN carried over (RFC 6040).
/// </summary>
public static class VxlanEncap
{
    /// <summary>Outer Ethernet, IPv4, UDP and VXLAN headers, bytes.</summary>
    public const int OuterLength = EthernetHeader.Size + IPv4Header.Size + UdpHeader.Size + VxlanHeader.Size;

    /// <summary>The outer headers and the two inner Ethernet addresses, bytes.</summary>
    public const int TemplateLength = OuterLength + 2 * MacAddress.Size;

    private const int IpOffset = EthernetHeader.Size, UdpOffset = IpOffset + IPv4Header.Size;

    /// <summary>Expects the inner IP packet as it leaves; replaces its Ethernet addresses.</summary>
    /// <param name="packet">The packet; <see cref="PacketInfo{TAddress}.Hash"/> spreads flows over outer source ports.</param>
    /// <param name="vtep">Where to.</param>
    /// <param name="identification">IPv4 identification of the outer packet.</param>
    public static Verdict Run<TAddress>(ref Packet<TAddress> packet, Vtep vtep, ushort identification)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        if (!vtep.Resolved) return Verdict.Drop(DropReason.NeighborUnresolved);
        ref var info = ref packet.Info;
        byte ecn = (byte)(packet.Network[1] & 3);
        // The inner Ethernet header stands directly before the IP header, wherever that is.
        packet.TrimFront(info.NetworkOffset - EthernetHeader.Size);
        info.TransportOffset -= (ushort)(info.NetworkOffset - EthernetHeader.Size);
        info.NetworkOffset = EthernetHeader.Size;
        if (!packet.TryPrepend(OuterLength)) return Verdict.Drop(DropReason.HeadroomExhausted);
        info.OuterLength = OuterLength;
        info.NetworkOffset += OuterLength;
        info.TransportOffset += OuterLength;

        var data = packet.Data;
        vtep.Header.CopyTo(data);
        BinaryPrimitives.WriteUInt16BigEndian(data[(OuterLength + 12)..], TAddress.EtherType);
        ushort sourcePort = (ushort)(0xc000 | info.Hash & 0x3fff); // dynamic range (RFC 7348, section 5)
        BinaryPrimitives.WriteUInt16BigEndian(data[UdpOffset..], sourcePort);
        data[IpOffset + 1] = ecn == 3 ? (byte)2 : ecn;
        FinishLengths(data, info.TotalLength, identification);
        return Verdict.Forward(vtep.Port);
    }

    /// <summary>Writes outer lengths, identification and header checksum for a frame of <paramref name="totalLength"/> bytes.</summary>
    public static void FinishLengths(Span<byte> data, int totalLength, ushort identification)
    {
        var ip = data.Slice(IpOffset, IPv4Header.Size);
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)(totalLength - IpOffset));
        BinaryPrimitives.WriteUInt16BigEndian(ip[4..], identification);
        BinaryPrimitives.WriteUInt16BigEndian(data[(UdpOffset + 4)..], (ushort)(totalLength - UdpOffset));
        BinaryPrimitives.WriteUInt16LittleEndian(ip[10..], 0);
        ushort checksum = Checksum.Compute(ip);
        MemoryMarshal.Write(ip[10..], in checksum);
    }

    /// <summary>Makes <see cref="Vtep.Header"/>.</summary>
    public static byte[] BuildHeader(MacAddress nextHop, MacAddress uplink, IPv4Address local, IPv4Address remote, uint vni, ushort port, MacAddress innerDestination, MacAddress innerSource)
    {
        var header = new byte[TemplateLength];
        var ethernet = new EthernetHeader { Destination = nextHop, Source = uplink, EtherType = Be16.FromHost(EtherTypes.IPv4) };
        MemoryMarshal.Write(header, in ethernet);
        IPv4HeaderCodec.Write(header.AsSpan(IpOffset), 0, 0, 64, IpProtocol.Udp, local, remote);
        var udp = new UdpHeader { DestinationPort = Be16.FromHost(port) };
        MemoryMarshal.Write(header.AsSpan(UdpOffset), in udp);
        var vxlan = new VxlanHeader { Flags = VxlanHeader.VniFlag, VniAndReserved = Be32.FromHost(vni << 8) };
        MemoryMarshal.Write(header.AsSpan(UdpOffset + UdpHeader.Size), in vxlan);
        innerDestination.CopyTo(header.AsSpan(OuterLength));
        innerSource.CopyTo(header.AsSpan(OuterLength + MacAddress.Size));
        return header;
    }
}
