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
        if (info.Origin == PacketOrigin.Overlay && (v = VxlanDecap.Run(ref packet, context.Tables.Node, context.Tables.Vteps)).IsFinal) return v;
        if (!packet.TryRead(0, out EthernetHeader ethernet)) return Verdict.Drop(DropReason.EthernetTruncated);
        if (ethernet.EtherType.Value != TAddress.EtherType)
        {
            return ethernet.EtherType.Value == EtherTypes.Arp && info.Origin != PacketOrigin.Overlay
                ? NeighborReply.Run(ref packet, context.Tables.Node.GatewayMac)
                : Verdict.Drop(DropReason.EtherTypeUnsupported);
        }
        info.NetworkOffset = EthernetHeader.Size;
        if ((v = ParseHeaders.Run(ref packet)).IsFinal) return v;
        if ((v = TrackFragment.Run(ref packet, context.Fragments, context.Family.Endpoints, context.Now)).IsFinal) return v;
        info.Hash = info.Tuple.Hash(context.Conntrack.Seed);
        return Verdict.Continue;
    }

    /// <summary>Decides about a packet that <see cref="Prepare"/> let through, and makes it what leaves.</summary>
    public static Verdict Run(ref Packet<TAddress> packet, PathContext<TAddress> context) => packet.Info.Origin switch
    {
        PacketOrigin.Pod => FromPod(ref packet, context),
        PacketOrigin.Host => FromHost(ref packet, context),
        _ => FromOverlay(ref packet, context),
    };

    /// <summary>A packet that a local pod sent.</summary>
    public static Verdict FromPod(ref Packet<TAddress> packet, PathContext<TAddress> context)
    {
        Verdict v;
        if ((v = SourceGuard.FromPod(ref packet, context.Family.Endpoints)).IsFinal) return v;
        if ((v = FindFlow(ref packet, context)).IsFinal) return v;
        if (packet.Info.Flow == NewFlow && (v = FromInside(ref packet, context)).IsFinal) return v;
        return Send(ref packet, context);
    }

    /// <summary>A packet that the node's own stack sent to a pod or a service.</summary>
    public static Verdict FromHost(ref Packet<TAddress> packet, PathContext<TAddress> context)
    {
        Verdict v;
        if ((v = SourceGuard.FromOutside(ref packet, context.Family.Endpoints)).IsFinal) return v;
        if ((v = FindFlow(ref packet, context)).IsFinal) return v;
        if (packet.Info.Flow == NewFlow)
        {
            if ((v = SourceGuard.OfHost(ref packet, context.Family.Routes)).IsFinal) return v;
            if ((v = FromInside(ref packet, context)).IsFinal) return v;
        }
        return Send(ref packet, context);
    }

    /// <summary>A packet from another node, out of its tunnel. Its destination is a pod of this node, or the node: services were
    /// translated where the packet came from.</summary>
    public static Verdict FromOverlay(ref Packet<TAddress> packet, PathContext<TAddress> context)
    {
        Verdict v;
        if ((v = SourceGuard.FromOutside(ref packet, context.Family.Endpoints)).IsFinal) return v;
        if ((v = FindFlow(ref packet, context)).IsFinal) return v;
        if (packet.Info.Flow == NewFlow)
        {
            if ((v = OverlayGuard.Run(ref packet, context.Family)).IsFinal) return v;
            packet.Info.Translated = packet.Info.Tuple;
            if ((v = Decide(ref packet, context)).IsFinal) return v;
        }
        return Send(ref packet, context);
    }

    private const int NewFlow = -1;
    private const int Related = -2; // an ICMP error about a flow

    private static Verdict FindFlow(ref Packet<TAddress> packet, PathContext<TAddress> context)
    {
        ref var info = ref packet.Info;
        if ((info.Flags & PacketFlags.IcmpError) != 0)
        {
            info.Flow = Related;
            return IcmpErrorTranslate.Run(ref packet, context);
        }
        info.Flow = context.Conntrack.Find(info.Tuple, info.Hash, out info.Direction);
        return info.Flow >= 0 ? FollowFlow.Run(ref packet, context) : Verdict.Continue;
    }

    // A new flow from a pod or the node: to a service, or straight to an address.
    private static Verdict FromInside(ref Packet<TAddress> packet, PathContext<TAddress> context)
    {
        Verdict v;
        if ((v = ServiceLookup.Run(ref packet, context.Family.Services, context.NextRandom())).IsFinal)
        {
            return v.Reason == DropReason.ServiceNoEndpoints
                ? IcmpReply.Run(ref packet, context, IcmpError.PortUnreachable, v.Reason)
                : v;
        }
        if (Hairpin.Applies(ref packet)) Hairpin.Run(ref packet, context.Family.Gateway, packet.Info.Tuple.SourcePort);
        else if (Hairpin.AppliesToNode(ref packet, context.Family.Routes)) Hairpin.Run(ref packet, context.Family.HostPeer, packet.Info.Tuple.SourcePort);
        return Decide(ref packet, context);
    }

    private static Verdict Decide(ref Packet<TAddress> packet, PathContext<TAddress> context)
    {
        ref var info = ref packet.Info;
        if (info.Tuple.Protocol == IpProtocol.Tcp && !TcpTracker.MayOpen(info.TcpFlags)) return Verdict.Drop(DropReason.ConntrackNoFlow);
        FlowAction back = default;
        Verdict v;
        info.Action = default;
        if ((v = FlowDecision.Decide(info.Tuple, info.Translated, context, ref info.Action, ref back, out info.SourceIdentity, out info.DestinationIdentity)).IsFinal) return v;
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
