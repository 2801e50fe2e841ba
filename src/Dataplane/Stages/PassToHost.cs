using Dataplane.Conntrack;
using Dataplane.Packets;
using Dataplane.Tables;

namespace Dataplane.Stages;

/// <summary>
/// Gives the node's own stack what the uplink's program took for ours and is not: packets of the node's own connections and sockets within the
/// range of our source ports, or answers to a connection that is forgotten here. No flow is made of it; <see cref="HostAnswer"/> leads back
/// what the stack says to it by the host port.
/// </summary>
public static class PassToHost
{
    /// <summary>
    /// Fills in the action and leaves the packet as it is; what is not for this node is dropped. So is what claims to be from it: the kernel
    /// would refuse that from the uplink, but from the host port it must take the node's own addresses.
    /// </summary>
    public static Verdict Run<TAddress>(ref Packet<TAddress> packet, PathContext<TAddress> context)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        ref var info = ref packet.Info;
        var node = context.Tables.Node;
        if (node.HostPort == 0 || context.Family.Routes.Find(info.Tuple.Destination).Kind != RouteKind.Host) return Verdict.Drop(DropReason.RouteNotLocal);
        var source = info.Tuple.Source;
        if (source.IsGroup || source.IsLoopback || context.Family.Routes.Find(source).Kind == RouteKind.Host) return Verdict.Drop(DropReason.SourceSpoofed, TrafficDirection.Ingress);
        info.Action = new FlowAction { Kind = ForwardKind.Port, Port = node.HostPort, NextHop = node.HostMac };
        return Verdict.Continue;
    }
}
