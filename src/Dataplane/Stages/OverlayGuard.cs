using Dataplane.Packets;
using Dataplane.Tables;

namespace Dataplane.Stages;

/// <summary>
/// Lets out of a tunnel only what ends on this node. What comes from a tunnel never goes into one: two nodes that disagree about a
/// pod must not pass a packet to and fro; nor does it go out into the world. And nobody behind a tunnel is this node: its identity
/// passes every pod's ingress policy.
/// </summary>
public static class OverlayGuard
{
    /// <summary>For packets that open a flow. Those to the node itself are from outside, as far as services are concerned.</summary>
    public static Verdict Run<TAddress>(ref Packet<TAddress> packet, FamilyTables<TAddress> family)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        if (family.Identities.Find(packet.Info.Tuple.Source) == Identities.Host) return Verdict.Drop(DropReason.SourceSpoofed, TrafficDirection.Ingress);
        // One node must not speak for the pods of another.
        var source = family.Routes.Find(packet.Info.Tuple.Source);
        if (source.IsPeer ? source.Vtep != packet.Info.IngressVtep : source.Kind == RouteKind.Unreachable)
        {
            return Verdict.Drop(DropReason.SourceSpoofed, TrafficDirection.Ingress);
        }
        var destination = packet.Info.Tuple.Destination;
        if (family.Endpoints.Find(destination) >= 0) return Verdict.Continue;
        var route = family.Routes.Find(destination);
        if (route.IsPeer || route.Kind == RouteKind.World) return Verdict.Drop(DropReason.RouteNotLocal, TrafficDirection.Ingress);
        if (route.Kind == RouteKind.Host) packet.Info.Flags |= PacketFlags.FromOutside; // for one of our node ports, perhaps
        return Verdict.Continue;
    }
}
