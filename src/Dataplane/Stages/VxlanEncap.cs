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
        int ecn = TAddress.ReadEcn(packet.Network);
        // The inner Ethernet header stands directly before the IP header, wherever that is.
        int before = OuterLength + EthernetHeader.Size - info.NetworkOffset;
        if (!packet.TryPrepend(before)) return Verdict.Drop(DropReason.HeadroomExhausted);
        info.OuterLength = OuterLength;
        info.NetworkOffset = (ushort)(info.NetworkOffset + before);
        info.TransportOffset = (ushort)(info.TransportOffset + before);

        var data = packet.Data;
        vtep.Header.AsSpan(0, TemplateLength).CopyTo(data); // a constant length: copied in registers
        BinaryPrimitives.WriteUInt16BigEndian(data[(OuterLength + 12)..], TAddress.EtherType);
        ushort sourcePort = (ushort)(0xc000 | info.Hash & 0x3fff); // dynamic range (RFC 7348, section 5)
        BinaryPrimitives.WriteUInt16BigEndian(data[UdpOffset..], sourcePort);
        FinishLengths(data, info.TotalLength, identification, ecn == 3 ? 2 : ecn);
        return Verdict.Forward(vtep.Port);
    }

    /// <summary>
    /// Writes outer lengths, identification and header checksum for a frame of <paramref name="totalLength"/> bytes. The checksum is
    /// brought up to date by what changes: adding up a header that was written a moment ago would wait for the writes.
    /// </summary>
    /// <param name="data">The frame; its outer header is right for other values.</param>
    /// <param name="totalLength">Bytes of the frame.</param>
    /// <param name="identification">IPv4 identification of the outer packet.</param>
    /// <param name="ecn">To be added to an ECN field of zero.</param>
    public static void FinishLengths(Span<byte> data, int totalLength, ushort identification, int ecn = 0)
    {
        var ip = data.Slice(IpOffset, IPv4Header.Size);
        ushort length = Be16.FromHost((ushort)(totalLength - IpOffset)).Raw, id = Be16.FromHost(identification).Raw;
        ulong before = (ulong)MemoryMarshal.Read<ushort>(ip[2..]) + MemoryMarshal.Read<ushort>(ip[4..]);
        ulong after = (ulong)length + id + Be16.FromHost((ushort)ecn).Raw;
        ushort checksum = Checksum.UpdateComplete(MemoryMarshal.Read<ushort>(ip[10..]), Checksum.Delta(before, after));
        ip[1] |= (byte)ecn;
        MemoryMarshal.Write(ip[2..], in length);
        MemoryMarshal.Write(ip[4..], in id);
        MemoryMarshal.Write(ip[10..], in checksum);
        BinaryPrimitives.WriteUInt16BigEndian(data[(UdpOffset + 4)..], (ushort)(totalLength - UdpOffset));
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
