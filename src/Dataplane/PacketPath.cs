using Dataplane.Conntrack;
using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Stages;

namespace Dataplane;

/// <summary>
/// The way of a packet, top to bottom. Each line is one stage, and each stage one file in Stages/; what a stage reads is in its
/// arguments. A worker calls <see cref="Prepare"/> for a whole batch, so that the memory the lookups need is on its way, and then
/// <see cref="Run"/> for each packet.
/// </summary>
public static class PacketPath<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    /// <summary>Takes off outer headers, reads the rest, and computes the hash by which conntrack will be asked.</summary>
    public static Verdict Prepare(ref Packet<TAddress> packet, PathContext<TAddress> context)
    {
        ref var info = ref packet.Info;
        Verdict v;
        info.OuterLength = 0;
        info.SegmentSize = 0;
        info.ReplyReason = DropReason.None;
        // A packet that dies before they are known must not be reported with those of the one before it in this place.
        info.Tuple = info.Translated = default;
        info.SourceIdentity = info.DestinationIdentity = 0;
        info.TcpFlags = 0;
        if (info.Origin == PacketOrigin.Uplink && VxlanDecap.IsTunnelled(ref packet, context.Tables.Node))
        {
            info.Origin = PacketOrigin.Overlay;
            if ((v = VxlanDecap.Run(ref packet, context.Tables.Node, context.Tables.Vteps)).IsFinal) return v;
        }
        if (!packet.TryRead(0, out EthernetHeader ethernet)) return Verdict.Drop(DropReason.EthernetTruncated);
        if (ethernet.EtherType.Value != TAddress.EtherType)
        {
            return ethernet.EtherType.Value == EtherTypes.Arp && info.Origin is PacketOrigin.Pod or PacketOrigin.Host
                ? NeighborReply.Run(ref packet, context.Tables.Node.GatewayMac)
                : Verdict.Drop(DropReason.EtherTypeUnsupported);
        }
        info.NetworkOffset = EthernetHeader.Size;
        if ((v = ParseHeaders.Run(ref packet)).IsFinal) return v;
        if (NeighborAdvertise.Concerns(packet)) return NeighborAdvertise.Run(ref packet, context.Tables.Node.GatewayMac);
        if ((v = TrackFragment.Run(ref packet, context.Fragments, context.Family.Endpoints, context.Now)).IsFinal) return v;
        info.Hash = info.Tuple.Hash(context.Conntrack.Seed);
        return Verdict.Continue;
    }

    /// <summary>Decides about a packet that <see cref="Prepare"/> let through, and makes it what leaves.</summary>
    public static Verdict Run(ref Packet<TAddress> packet, PathContext<TAddress> context) => packet.Info.Origin switch
    {
        PacketOrigin.Pod => FromPod(ref packet, context),
        PacketOrigin.Host => FromHost(ref packet, context),
        PacketOrigin.Overlay => FromOverlay(ref packet, context),
        _ => FromUplink(ref packet, context),
    };

    /// <summary>A packet that a local pod sent.</summary>
    public static Verdict FromPod(ref Packet<TAddress> packet, PathContext<TAddress> context)
    {
        Verdict v;
        if ((v = SourceGuard.FromPod(ref packet, context.Family.Endpoints)).IsFinal) return v;
        if ((v = FindFlow(ref packet, context)).IsFinal) return v;
        if (packet.Info.Flow == NewFlow && (v = Open(ref packet, context)).IsFinal) return v;
        return Send(ref packet, context);
    }

    /// <summary>A packet that the node's own stack sent to a pod or a service, or that it routes there for somebody outside.</summary>
    public static Verdict FromHost(ref Packet<TAddress> packet, PathContext<TAddress> context)
    {
        Verdict v;
        if ((v = SourceGuard.FromOutside(ref packet, context.Family.Endpoints)).IsFinal) return v;
        if ((v = FindFlow(ref packet, context)).IsFinal) return v;
        if (packet.Info.Flow == NewFlow && NodeDatagram.Concerns(packet, context.Family) && (v = NodeDatagram.Run(ref packet, context)).IsFinal) return v;
        if (packet.Info.Flow == NewFlow)
        {
            if ((v = SourceGuard.OfHost(ref packet, context.Family.Routes)).IsFinal) return v;
            if ((v = HostAnswer.Concerns(packet, context.Family) ? HostAnswer.Run(ref packet, context) : Open(ref packet, context)).IsFinal) return v;
        }
        return Send(ref packet, context);
    }

    /// <summary>
    /// A packet from another node, out of its tunnel. Its destination is a pod of this node, or the node: services were translated where
    /// the packet came from, but for the node's own ports.
    /// </summary>
    public static Verdict FromOverlay(ref Packet<TAddress> packet, PathContext<TAddress> context)
    {
        Verdict v;
        if ((v = SourceGuard.FromOutside(ref packet, context.Family.Endpoints)).IsFinal) return v;
        if ((v = FindFlow(ref packet, context)).IsFinal) return v;
        if (packet.Info.Flow == NewFlow)
        {
            if ((v = OverlayGuard.Run(ref packet, context.Family)).IsFinal) return v;
            packet.Info.Translated = packet.Info.Tuple;
            bool toNode = (packet.Info.Flags & PacketFlags.FromOutside) != 0;
            if ((v = toNode ? Open(ref packet, context) : Decide(ref packet, context)).IsFinal) return v;
        }
        return Send(ref packet, context);
    }

    /// <summary>
    /// A packet from the underlay, as it is: for a service, the answer to a flow that was masqueraded, or with native routing for a local pod. What is
    /// none of these the node's own stack gets, as it would without us.
    /// </summary>
    public static Verdict FromUplink(ref Packet<TAddress> packet, PathContext<TAddress> context)
    {
        Verdict v;
        if ((v = SourceGuard.FromOutside(ref packet, context.Family.Endpoints)).IsFinal) return v;
        if ((v = FindFlow(ref packet, context)).IsFinal) return v;
        if (packet.Info.Flow == NewFlow)
        {
            if (!IsToLocalPod(packet, context) && !ServiceLookup.Concerns(packet, context.Family)) return ToNode(ref packet, context);
            if ((v = SourceGuard.OfUplink(ref packet, context.Family.Routes, context.Tables.Node)).IsFinal) return v;
            if ((v = Open(ref packet, context)).IsFinal) return v;
        }
        return Send(ref packet, context);
    }

    private const int NewFlow = -1;
    private const int Related = -2; // an ICMP error about a flow

    // Without native routing the uplink brings nothing to pods: it would be a stranger's way around the tunnel.
    private static bool IsToLocalPod(in Packet<TAddress> packet, PathContext<TAddress> context) =>
        context.Tables.Node.NativeRouting && context.Family.Endpoints.Find(packet.Info.Tuple.Destination) >= 0;

    private static Verdict FindFlow(ref Packet<TAddress> packet, PathContext<TAddress> context)
    {
        ref var info = ref packet.Info;
        if ((info.Flags & PacketFlags.IcmpError) != 0)
        {
            info.Flow = Related;
            var v = IcmpErrorTranslate.Run(ref packet, context);
            if (!v.IsDrop(DropReason.IcmpErrorUnrelated)) return v;
            if (info.Origin == PacketOrigin.Uplink) return PassToHost.Run(ref packet, context);
            return info.Origin == PacketOrigin.Host && HostAnswer.Concerns(packet, context.Family) ? HostAnswer.Run(ref packet, context) : v;
        }
        info.Flow = context.Conntrack.Find(info.Tuple, info.Hash, out info.Direction);
        return info.Flow >= 0 ? FollowFlow.Run(ref packet, context) : Verdict.Continue;
    }

    // A new flow: to a service, or straight to an address.
    private static Verdict Open(ref Packet<TAddress> packet, PathContext<TAddress> context)
    {
        ref var info = ref packet.Info;
        Verdict v;
        if ((v = ServiceLookup.Run(ref packet, context.Family, context.Affinity, context.NextRandom(), context.Now)).IsFinal)
        {
            return v.IsDrop(DropReason.ServiceNoEndpoints)
                ? IcmpReply.Run(ref packet, context, IcmpError.PortUnreachable, v.Reason)
                : v;
        }
        return Decide(ref packet, context);
    }

    // From the uplink, of no flow and for no service. The uplink's program leaves to the kernel what opens a TCP connection with the node; one that
    // comes here all the same, because it does not know yet that a frontend has gone, becomes a flow: its answers will come by the host port.
    private static Verdict ToNode(ref Packet<TAddress> packet, PathContext<TAddress> context)
    {
        ref var info = ref packet.Info;
        Verdict v;
        info.Translated = info.Tuple;
        if ((v = PassToHost.Run(ref packet, context)).IsFinal) return v;
        if (info.Tuple.Protocol == IpProtocol.Tcp && TcpTracker.MayOpen(info.TcpFlags))
        {
            if ((v = SourceGuard.OfUplink(ref packet, context.Family.Routes, context.Tables.Node)).IsFinal) return v;
            if ((v = Decide(ref packet, context)).IsFinal) return v;
        }
        return Send(ref packet, context);
    }

    private static Verdict Decide(ref Packet<TAddress> packet, PathContext<TAddress> context)
    {
        ref var info = ref packet.Info;
        if (info.Tuple.Protocol == IpProtocol.Tcp && !TcpTracker.MayOpen(info.TcpFlags))
        {
            // Silence would leave a service's client, whose connection is forgotten here, to its timeouts.
            bool toService = (info.Flags & PacketFlags.ToService) != 0;
            return toService ? TcpReset.Run(ref packet, context, DropReason.ConntrackNoFlow) : Verdict.Drop(DropReason.ConntrackNoFlow);
        }
        FlowAction back = default;
        Verdict v;
        info.Action = default;
        if ((v = FlowDecision.Decide(info.Tuple, info.Translated, info.Origin == PacketOrigin.Uplink, context, ref info.Action, ref back, out var destination, out info.SourceIdentity, out info.DestinationIdentity)).IsFinal) return v;
        if ((v = LoopGuard.Run(ref packet, destination, info.Action)).IsFinal) return v;
        if ((v = Masquerade.Run(ref packet, context, destination)).IsFinal) return v;
        info.Action.Revision = back.Revision = context.Tables.Revision;
        return OpenFlow.Run(ref packet, context, back);
    }

    private static Verdict Send(ref Packet<TAddress> packet, PathContext<TAddress> context)
    {
        Verdict v;
        if ((v = CheckMtu.Run(ref packet, context)).IsFinal) return v;
        if ((v = CheckHopLimit.Run(ref packet, context)).IsFinal) return v;
        NatRewrite.Run(ref packet);
        return Output.Run(ref packet, context);
    }
}
