using System.Runtime.InteropServices;
using Dataplane.Conntrack;
using Dataplane.Headers;
using Dataplane.Packets;

namespace Dataplane.Stages;

/// <summary>
/// Reads the IP and transport headers and fills in the flow tuple. Every length is checked here once: against the first frame,
/// which must hold all headers, and against the whole packet.
/// </summary>
public static class ParseHeaders
{
    /// <summary>Expects <see cref="PacketInfo{TAddress}.NetworkOffset"/> to be set.</summary>
    public static Verdict Run<TAddress>(ref Packet<TAddress> packet)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        ref var info = ref packet.Info;
        var network = packet.Network;
        if (!TAddress.TryParseHeader(network, out var ip)) return Verdict.Drop(DropReason.IpHeaderInvalid);
        int present = info.TotalLength - info.NetworkOffset;
        if (ip.TotalLength > present) return Verdict.Drop(DropReason.IpHeaderInvalid);
        if (ip.TotalLength < present) packet.Truncate(info.NetworkOffset + ip.TotalLength); // Ethernet padding

        info.IpLength = ip.TotalLength;
        info.HopLimit = ip.HopLimit;
        info.Flags = ip.Flags;
        info.FragmentId = ip.FragmentId;
        info.TcpFlags = 0;
        info.TransportOffset = (ushort)(info.NetworkOffset + ip.HeaderLength);

        uint ports = 0;
        if ((ip.Flags & PacketFlags.LaterFragment) == 0)
        {
            var transport = packet.Transport;
            Verdict v;
            switch (ip.Protocol)
            {
                case IpProtocol.Tcp:
                    if ((v = Tcp(transport, ref info)).IsFinal) return v;
                    ports = MemoryMarshal.Read<uint>(transport);
                    break;
                case IpProtocol.Udp:
                    if ((v = Udp(transport, ip.TotalLength - ip.HeaderLength, ip.Flags)).IsFinal) return v;
                    ports = MemoryMarshal.Read<uint>(transport);
                    break;
                case IpProtocol.Sctp:
                    if (transport.Length < SctpHeader.Size) return Verdict.Drop(DropReason.SctpHeaderInvalid);
                    ports = MemoryMarshal.Read<uint>(transport);
                    break;
                case var protocol when protocol == TAddress.IcmpProtocol:
                    if (transport.Length < IcmpHeader.Size) return Verdict.Drop(DropReason.IcmpHeaderInvalid);
                    ports = Icmp(transport, ref info);
                    break;
            }
        }
        info.Tuple = new FlowTuple<TAddress>(ip.Source, ip.Destination, Be16.FromRaw((ushort)ports), Be16.FromRaw((ushort)(ports >> 16)), ip.Protocol);
        return Verdict.Continue;
    }

    private static Verdict Tcp<TAddress>(ReadOnlySpan<byte> transport, ref PacketInfo<TAddress> info)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        if (transport.Length < TcpHeader.Size) return Verdict.Drop(DropReason.TcpHeaderInvalid);
        var header = MemoryMarshal.Read<TcpHeader>(transport);
        int headerLength = header.HeaderLength;
        if (headerLength < TcpHeader.Size || headerLength > transport.Length) return Verdict.Drop(DropReason.TcpHeaderInvalid);
        info.TcpFlags = header.Flags;
        return Verdict.Continue;
    }

    private static Verdict Udp(ReadOnlySpan<byte> transport, int length, PacketFlags flags)
    {
        if (transport.Length < UdpHeader.Size) return Verdict.Drop(DropReason.UdpHeaderInvalid);
        int udpLength = MemoryMarshal.Read<UdpHeader>(transport).Length.Value;
        // A first fragment's UDP length is that of the whole datagram.
        return udpLength < UdpHeader.Size || (flags & PacketFlags.Fragment) == 0 && udpLength > length
            ? Verdict.Drop(DropReason.UdpHeaderInvalid)
            : Verdict.Continue;
    }

    // Echo has its identifier in both ports: a reply is then the mirrored tuple of its request. Returns both in memory order.
    private static uint Icmp<TAddress>(ReadOnlySpan<byte> transport, ref PacketInfo<TAddress> info)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        var header = MemoryMarshal.Read<IcmpHeader>(transport);
        if (TAddress.IsEcho(header.Type)) return header.Identifier.Raw * 0x10001u;
        if (TAddress.IsIcmpError(header.Type)) info.Flags |= PacketFlags.IcmpError;
        return 0;
    }
}
