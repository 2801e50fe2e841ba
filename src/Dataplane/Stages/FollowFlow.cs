using Dataplane.Conntrack;
using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Tables;

namespace Dataplane.Stages;

/// <summary>
/// Applies the decision that was made when the flow opened: the only table an established flow asks is conntrack. When the tables
/// have changed since, the flow is judged anew (P26), by the rules for its first packet.
/// </summary>
public static class FollowFlow
{
    /// <summary>
    /// Copies the flow's action for this direction, or continues with <see cref="PacketInfo{TAddress}.Flow"/> -1 when a TCP SYN starts
    /// a new connection in place of one that has ended or whose destination is gone.
    /// </summary>
    public static Verdict Run<TAddress>(ref Packet<TAddress> packet, PathContext<TAddress> context)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        ref var info = ref packet.Info;
        ref var entry = ref context.Conntrack[info.Flow];
        if (!entry.Touch(context.Now))
        {
            info.Flow = -1; // it expired a moment ago
            return Verdict.Continue;
        }
        if (info.Tuple.Protocol == IpProtocol.Tcp)
        {
            var transition = TcpTracker.Advance(ref entry, info.Direction, info.TcpFlags);
            if (transition == TcpTransition.Ending) context.Flows.Reschedule(info.Flow);
            if (transition == TcpTransition.Orphaned) return TcpReset.Run(ref packet, context, DropReason.ConnectionOrphaned);
            if (transition == TcpTransition.Reopen)
            {
                context.Flows.Remove(info.Flow);
                info.Flow = -1;
                return Verdict.Continue;
            }
        }
        else
        {
            ReplyTracker.Advance(ref entry, info.Direction);
        }

        bool original = info.Direction == FlowDirection.Original;
        FlowAction opposite;
        if (!FlowDecision.TryRead(ref original ? ref entry.OriginalAction : ref entry.ReplyAction, context.Tables.Revision, out info.Action)
            || !FlowDecision.TryRead(ref original ? ref entry.ReplyAction : ref entry.OriginalAction, context.Tables.Revision, out opposite))
        {
            var v = FlowDecision.Renew(ref entry, context, out var forth, out var back);
            if (v.IsFinal)
            {
                // A denied flow stays: it says so on every packet, and goes on if the policy is taken back. So does a connection whose
                // destination is gone: its ends will be told by whoever took that away (K25). What may open another may find another backend.
                if (v.Reason is DropReason.PolicyDenied or DropReason.PolicyNotReady) return v;
                if (context.Tables.Generation == 0) return v; // a flow of an earlier process, before anything is known
                bool opens = TcpTracker.MayOpen(info.TcpFlags);
                if (info.Tuple.Protocol == IpProtocol.Tcp && !opens) return v;
                context.Flows.Remove(info.Flow);
                if (info.Tuple.Protocol != IpProtocol.Tcp) return v;
                info.Flow = -1;
                return Verdict.Continue;
            }
            // A pod that has moved away is on another node now. Who sent this here does not know that yet. (A node port's
            // client and endpoint may both be elsewhere; then we are the one who answers to either.)
            if (IsTransit(info.Origin, original ? forth : back, entry.Flags))
            {
                context.Flows.Remove(info.Flow);
                return Verdict.Drop(DropReason.RouteNotLocal, TrafficDirection.Ingress);
            }
            (info.Action, opposite) = original ? (forth, back) : (back, forth);
        }
        // A packet of a flow comes from where the flow's other direction leads; anything else borrows somebody's tuple.
        if (!ComesFrom(opposite, info, context)) return Verdict.Drop(DropReason.SourceSpoofed);
        info.Translated = (original ? entry.Reply : entry.Original).Mirror();
        if ((info.TcpFlags & TcpHeader.Syn) != 0) SegmentLimit.Learn(packet, ref entry);

        entry.Count(info.Direction, (uint)info.IpLength);
        return Verdict.Continue;
    }

    /// <summary>True for what has come from the underlay and would go out to it again, though this node is not between the two ends.</summary>
    internal static bool IsTransit(PacketOrigin origin, in FlowAction action, FlowFlags flags) =>
        origin is PacketOrigin.Overlay or PacketOrigin.Uplink && action.Kind is ForwardKind.Overlay or ForwardKind.Neighbor && (flags & FlowFlags.Masqueraded) == 0;

    private static bool ComesFrom<TAddress>(in FlowAction opposite, in PacketInfo<TAddress> info, PathContext<TAddress> context)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        // With native routing a peer's way may be found by a port, or by none as yet; it comes by the host port only where it would as a new flow.
        if (info.Origin == PacketOrigin.Host && context.Tables.Node.NativeRouting && !SourceGuard.ComesByHost(context.Family.Routes.Find(info.Tuple.Source))) return false;
        return opposite.Kind switch
        {
            // Whether pods of a node come in its tunnel or not is for that node to choose, where there is a choice.
            ForwardKind.Overlay => info.Origin == PacketOrigin.Overlay || info.Origin == PacketOrigin.Uplink && context.Tables.Node.NativeRouting,
            // What is outside comes by the uplink, or by the node's own stack where that has routed it.
            ForwardKind.Neighbor => info.Origin is PacketOrigin.Uplink or PacketOrigin.Host || IsPeerInTunnel(info, context),
            _ => opposite.Port == info.InPort || info.Origin == PacketOrigin.Uplink && opposite.Port == context.Tables.Node.HostPort && IsOutside(info, context)
                || opposite.Port == context.Tables.Node.HostPort && IsPeerInTunnel(info, context),
        };
    }

    private static bool IsPeerInTunnel<TAddress>(in PacketInfo<TAddress> info, PathContext<TAddress> context)
        where TAddress : unmanaged, IIpAddress<TAddress> =>
        info.Origin == PacketOrigin.Overlay && context.Family.Routes.Find(info.Tuple.Source) is { Kind: RouteKind.Native } route && route.Vtep == info.IngressVtep;

    // The other end is behind the host port: the node itself, or an outside that its stack routes to. Only the latter may come by the uplink.
    private static bool IsOutside<TAddress>(in PacketInfo<TAddress> info, PathContext<TAddress> context)
        where TAddress : unmanaged, IIpAddress<TAddress> =>
        context.Family.Routes.Find(info.Tuple.Source) is { Kind: RouteKind.World or RouteKind.Native } or { Kind: RouteKind.Overlay, IsNode: true };
}
