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

        Be16 sourcePort = default, destinationPort = default;
        if ((ip.Flags & PacketFlags.LaterFragment) == 0)
        {
            int length = ip.TotalLength - ip.HeaderLength;
            var transport = packet.Transport;
            var v = ip.Protocol switch
            {
                IpProtocol.Tcp => Tcp(transport, ref info, out sourcePort, out destinationPort),
                IpProtocol.Udp => Udp(transport, length, ip.Flags, out sourcePort, out destinationPort),
                IpProtocol.Sctp => Sctp(transport, out sourcePort, out destinationPort),
                _ when ip.Protocol == TAddress.IcmpProtocol => Icmp(transport, ref info, out sourcePort, out destinationPort),
                _ => Verdict.Continue,
            };
            if (v.IsFinal) return v;
        }
        info.Tuple = new FlowTuple<TAddress>(ip.Source, ip.Destination, sourcePort, destinationPort, ip.Protocol);
        return Verdict.Continue;
    }

    private static Verdict Tcp<TAddress>(ReadOnlySpan<byte> transport, ref PacketInfo<TAddress> info, out Be16 source, out Be16 destination)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        source = destination = default;
        if (transport.Length < TcpHeader.Size) return Verdict.Drop(DropReason.TcpHeaderInvalid);
        var header = MemoryMarshal.Read<TcpHeader>(transport);
        int headerLength = header.HeaderLength;
        if (headerLength < TcpHeader.Size || headerLength > transport.Length) return Verdict.Drop(DropReason.TcpHeaderInvalid);
        source = header.SourcePort;
        destination = header.DestinationPort;
        info.TcpFlags = header.Flags;
        return Verdict.Continue;
    }

    private static Verdict Udp(ReadOnlySpan<byte> transport, int length, PacketFlags flags, out Be16 source, out Be16 destination)
    {
        source = destination = default;
        if (transport.Length < UdpHeader.Size) return Verdict.Drop(DropReason.UdpHeaderInvalid);
        var header = MemoryMarshal.Read<UdpHeader>(transport);
        int udpLength = header.Length.Value;
        // A first fragment's UDP length is that of the whole datagram.
        if (udpLength < UdpHeader.Size || (flags & PacketFlags.Fragment) == 0 && udpLength > length) return Verdict.Drop(DropReason.UdpHeaderInvalid);
        source = header.SourcePort;
        destination = header.DestinationPort;
        return Verdict.Continue;
    }

    private static Verdict Sctp(ReadOnlySpan<byte> transport, out Be16 source, out Be16 destination)
    {
        source = destination = default;
        if (transport.Length < SctpHeader.Size) return Verdict.Drop(DropReason.SctpHeaderInvalid);
        var header = MemoryMarshal.Read<SctpHeader>(transport);
        source = header.SourcePort;
        destination = header.DestinationPort;
        return Verdict.Continue;
    }

    // Echo has its identifier in both ports: a reply is then the mirrored tuple of its request.
    private static Verdict Icmp<TAddress>(ReadOnlySpan<byte> transport, ref PacketInfo<TAddress> info, out Be16 source, out Be16 destination)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        source = destination = default;
        if (transport.Length < IcmpHeader.Size) return Verdict.Drop(DropReason.IcmpHeaderInvalid);
        var header = MemoryMarshal.Read<IcmpHeader>(transport);
        if (header.Type is IcmpHeader.EchoRequest or IcmpHeader.EchoReply) source = destination = header.Identifier;
        else if (header.Type is IcmpHeader.DestinationUnreachable or IcmpHeader.TimeExceeded or IcmpHeader.ParameterProblem or IcmpHeader.SourceQuench or IcmpHeader.Redirect)
        {
            info.Flags |= PacketFlags.IcmpError;
        }
        return Verdict.Continue;
    }
}
