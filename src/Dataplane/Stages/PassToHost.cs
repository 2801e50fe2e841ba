using Dataplane.Conntrack;
using Dataplane.Packets;
using Dataplane.Tables;

namespace Dataplane.Stages;

/// <summary>
/// Gives the node's own stack what the uplink's program took for ours and is not: an answer to a connection of the node that uses one of
/// our source ports since before they were reserved, or to one that is forgotten here. No flow is made of it.
/// </summary>
public static class PassToHost
{
    /// <summary>Fills in the action and leaves the packet as it is; what is not for this node is dropped.</summary>
    public static Verdict Run<TAddress>(ref Packet<TAddress> packet, PathContext<TAddress> context)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        ref var info = ref packet.Info;
        var node = context.Tables.Node;
        if (node.HostPort == 0 || context.Family.Routes.Find(info.Tuple.Destination).Kind != RouteKind.Host) return Verdict.Drop(DropReason.RouteNotLocal);
        info.Action = new FlowAction { Kind = ForwardKind.Port, Port = node.HostPort, NextHop = node.HostMac };
        return Verdict.Continue;
    }
}
