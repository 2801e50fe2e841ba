using System.Runtime.InteropServices;
using Dataplane.Conntrack;
using Dataplane.Headers;
using Dataplane.Packets;

namespace Dataplane.Stages;

/// <summary>
/// Carries an ICMP error to who sent the packet that it quotes (K31, P21). The quote is what was on the wire where the error arose,
/// so it is the mirrored tuple of one direction of a flow; sent on, it must be what the receiver once sent. Errors about flows that
/// are not known here are dropped: they could be anybody's.
/// </summary>
public static class IcmpErrorTranslate
{
    /// <summary>Fills in where the error goes, and rewrites the quote and the outer addresses where the flow is translated.</summary>
    public static Verdict Run<TAddress>(ref Packet<TAddress> packet, PathContext<TAddress> context)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        ref var info = ref packet.Info;
        var quote = packet.Transport[IcmpHeader.Size..];
        // A fragment's checksum is over more than there is here.
        if ((info.Flags & PacketFlags.Fragment) != 0) return Verdict.Drop(DropReason.IcmpErrorUnrelated);
        if (info.HeadLength != info.TotalLength || !TAddress.TryParseHeader(quote, out var quoted)) return Verdict.Drop(DropReason.IcmpErrorUnrelated);
        if ((quoted.Flags & PacketFlags.LaterFragment) != 0 || quote.Length < quoted.HeaderLength + 8) return Verdict.Drop(DropReason.IcmpErrorUnrelated);
        var transport = quote[quoted.HeaderLength..];
        Be16 sourcePort = default, destinationPort = default;
        if (quoted.Protocol is IpProtocol.Tcp or IpProtocol.Udp or IpProtocol.Sctp)
        {
            sourcePort = Be16.FromRaw(MemoryMarshal.Read<ushort>(transport));
            destinationPort = Be16.FromRaw(MemoryMarshal.Read<ushort>(transport[2..]));
        }
        else if (quoted.Protocol == TAddress.IcmpProtocol)
        {
            sourcePort = destinationPort = MemoryMarshal.Read<IcmpHeader>(transport).Identifier;
        }

        // Told to somebody else than who sent what is quoted, it is no error about a flow.
        if (!quoted.Source.Equals(info.Tuple.Destination)) return Verdict.Drop(DropReason.IcmpErrorUnrelated);

        // The way of the error is the way of the flow's packets that answer the quoted one.
        var way = new FlowTuple<TAddress>(quoted.Destination, quoted.Source, destinationPort, sourcePort, quoted.Protocol);
        // A pod is no router: it can only complain about what was sent to it, or it could cut the connections of others.
        if (info.Origin == PacketOrigin.Pod && !way.Source.Equals(info.Tuple.Source)) return Verdict.Drop(DropReason.IcmpErrorUnrelated);
        int flow = context.Conntrack.Find(way, way.Hash(context.Conntrack.Seed), out var direction);
        if (flow < 0) return Verdict.Drop(DropReason.IcmpErrorUnrelated);
        ref var entry = ref context.Conntrack[flow];
        var leaves = (direction == FlowDirection.Original ? entry.Reply : entry.Original).Mirror();
        // It goes the way of the flow's packets, and only while policy lets those through.
        if (!FlowDecision.TryRead(ref direction == FlowDirection.Original ? ref entry.OriginalAction : ref entry.ReplyAction, context.Tables.Revision, out info.Action))
        {
            var v = FlowDecision.Renew(ref entry, context, out var forth, out var back);
            if (v.IsFinal) return v;
            info.Action = direction == FlowDirection.Original ? forth : back;
        }
        if (FollowFlow.IsTransit(info.Origin, info.Action, entry.Flags))
        {
            return Verdict.Drop(DropReason.RouteNotLocal, TrafficDirection.Ingress);
        }
        if (TAddress.TryReadReportedMtu(packet.Transport, out ushort mtu)) SegmentLimit.Lower(ref entry, direction == FlowDirection.Original ? FlowDirection.Reply : FlowDirection.Original, mtu);

        info.Translated = info.Tuple;
        info.Action.Rewrites = false;
        if (leaves == way) return Verdict.Continue;

        Requote(quote, quoted.HeaderLength, quoted, leaves.Mirror());
        // Outside of the cluster nobody knows the addresses of its routers.
        bool goesOutside = (entry.Flags & FlowFlags.FromUnderlay) != 0 && info.Origin != PacketOrigin.Uplink;
        var source = info.Tuple.Source.Equals(way.Source) ? leaves.Source : goesOutside ? context.Family.NodeAddress : info.Tuple.Source;
        ulong before = (ulong)info.Tuple.Source.ChecksumWords + info.Tuple.Destination.ChecksumWords;
        ulong after = (ulong)source.ChecksumWords + leaves.Destination.ChecksumWords;
        TAddress.RewriteAddresses(packet.Network, source, leaves.Destination, Checksum.Delta(before, after));
        TAddress.WriteIcmpChecksum(packet.Transport, source, leaves.Destination);
        return Verdict.Continue;
    }

    private static void Requote<TAddress>(Span<byte> quote, int headerLength, in IpFields<TAddress> was, in FlowTuple<TAddress> now)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        ulong before = (ulong)was.Source.ChecksumWords + was.Destination.ChecksumWords;
        ulong after = (ulong)now.Source.ChecksumWords + now.Destination.ChecksumWords;
        TAddress.RewriteAddresses(quote, now.Source, now.Destination, Checksum.Delta(before, after));
        var transport = quote[headerLength..];
        if (was.Protocol == TAddress.IcmpProtocol && TAddress.IsEcho(transport[0]))
        {
            // The sender knows its request by the identifier.
            ushort old = MemoryMarshal.Read<ushort>(transport[IcmpHeader.IdentifierOffset..]), identifier = now.SourcePort.Raw;
            ulong from = old, to = identifier;
            if (TAddress.IcmpCoversAddresses) (from, to) = (from + before, to + after);
            ushort sum = Checksum.UpdateComplete(MemoryMarshal.Read<ushort>(transport[IcmpHeader.ChecksumOffset..]), Checksum.Delta(from, to));
            MemoryMarshal.Write(transport[IcmpHeader.IdentifierOffset..], in identifier);
            MemoryMarshal.Write(transport[IcmpHeader.ChecksumOffset..], in sum);
            return;
        }
        if (was.Protocol is not (IpProtocol.Tcp or IpProtocol.Udp or IpProtocol.Sctp)) return;
        uint oldPorts = MemoryMarshal.Read<uint>(transport);
        uint ports = now.SourcePort.Raw | (uint)now.DestinationPort.Raw << 16;
        MemoryMarshal.Write(transport, in ports);
        if (was.Protocol == IpProtocol.Sctp) return;
        int field = was.Protocol == IpProtocol.Tcp ? TcpHeader.ChecksumOffset : UdpHeader.ChecksumOffset;
        if (transport.Length < field + 2) return;
        ushort checksum = MemoryMarshal.Read<ushort>(transport[field..]);
        if (was.Protocol == IpProtocol.Udp && checksum == 0) return;
        before += (oldPorts & 0xffff) + (oldPorts >> 16);
        after += (ports & 0xffff) + (ports >> 16);
        checksum = Checksum.UpdateComplete(checksum, Checksum.Delta(before, after));
        MemoryMarshal.Write(transport[field..], in checksum);
    }
}
