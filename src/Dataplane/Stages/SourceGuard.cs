using Dataplane.Packets;
using Dataplane.Tables;

namespace Dataplane.Stages;

/// <summary>
/// Lets a pod speak only for itself (P34), and nobody else for a local pod: identity, and with it all policy, rests on the source
/// address.
/// </summary>
public static class SourceGuard
{
    /// <summary>Also refuses pods whose policy is not known yet (F5). Sets the sender's identity.</summary>
    public static Verdict FromPod<TAddress>(ref Packet<TAddress> packet, EndpointTable<TAddress> endpoints)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        ref var info = ref packet.Info;
        int index = endpoints.OfPort(info.InPort);
        if (index < 0) return Verdict.Drop(DropReason.PolicyNotReady, TrafficDirection.Egress);
        ref readonly var endpoint = ref endpoints[index];
        if (!endpoint.Address.Equals(info.Tuple.Source)) return Verdict.Drop(DropReason.SourceSpoofed, TrafficDirection.Egress);
        if (endpoint.Policy < 0) return Verdict.Drop(DropReason.PolicyNotReady, TrafficDirection.Egress);
        info.SourceIdentity = endpoint.Identity;
        return Verdict.Continue;
    }

    /// <summary>
    /// For packets of the host stack that open a flow: it may route strangers' packets here, which are then from outside, but none that
    /// claim to be from a pod or node that comes in a tunnel, or by an uplink. Whoever on this node may write raw packets could say so.
    /// </summary>
    public static Verdict OfHost<TAddress>(ref Packet<TAddress> packet, RouteTable<TAddress> routes)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        var route = routes.Find(packet.Info.Tuple.Source);
        if (!ComesByHost(route) || route.Kind == RouteKind.Unreachable && !route.IsCutOff) return Verdict.Drop(DropReason.SourceSpoofed, TrafficDirection.Ingress);
        if (route.Kind == RouteKind.World) packet.Info.Flags |= PacketFlags.FromOutside;
        return Verdict.Continue;
    }

    /// <summary>False for another node or its pods where they come in a tunnel or by an uplink, and never by the node's own stack.</summary>
    internal static bool ComesByHost(Route route) => !route.IsPeer || route.ByHost || route.IsCutOff;

    /// <summary>
    /// For packets of the uplink that open a flow with a service or a pod; what is for neither the node's own stack judges itself. They come from outside
    /// or from another node's own stack, with native routing from its pods too. Who claims to be this node, or a pod that would come in a tunnel, wants its
    /// identity. Which of the nodes a pod's packet comes from the underlay cannot say: who routes natively trusts it not to carry forged ones.
    /// </summary>
    public static Verdict OfUplink<TAddress>(ref Packet<TAddress> packet, RouteTable<TAddress> routes, NodeSettings node)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        var source = packet.Info.Tuple.Source;
        var route = routes.Find(source);
        if (source.IsGroup || source.IsLoopback || !(route.Kind == RouteKind.World || route.IsNode || node.NativeRouting && route.IsPeer)) return Verdict.Drop(DropReason.SourceSpoofed, TrafficDirection.Ingress);
        packet.Info.Flags |= PacketFlags.FromOutside;
        return Verdict.Continue;
    }

    /// <summary>For packets from the tunnel or the host stack. The sender's identity is looked up only when a flow opens.</summary>
    public static Verdict FromOutside<TAddress>(ref Packet<TAddress> packet, EndpointTable<TAddress> endpoints)
        where TAddress : unmanaged, IIpAddress<TAddress> =>
        endpoints.Find(packet.Info.Tuple.Source) >= 0
            ? Verdict.Drop(DropReason.SourceSpoofed, TrafficDirection.Ingress)
            : Verdict.Continue;
}
