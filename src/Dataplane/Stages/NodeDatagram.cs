using Dataplane.Conntrack;
using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Tables;

namespace Dataplane.Stages;

/// <summary>
/// Finds the flow that a datagram of the node's own stack answers when the stack has taken another source for it. A UDP socket that is bound to no
/// address answers by that of the way out, and on the way to pods that is the gateway, whichever address of the node was asked (a pod of the host
/// network behind a service, for one). TCP and connected sockets answer by the right one themselves.
/// </summary>
public static class NodeDatagram
{
    /// <summary>True for a datagram from the gateway's address. For packets of the host port that are of no flow.</summary>
    public static bool Concerns<TAddress>(in Packet<TAddress> packet, FamilyTables<TAddress> family)
        where TAddress : unmanaged, IIpAddress<TAddress> =>
        packet.Info.Tuple.Protocol == IpProtocol.Udp && packet.Info.Tuple.Source.Equals(family.Gateway);

    /// <summary>
    /// Makes it come from the node's address and follows the flow, if that is the answer to one; else leaves it as it is, to open a flow of its own.
    /// </summary>
    public static Verdict Run<TAddress>(ref Packet<TAddress> packet, PathContext<TAddress> context)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        ref var info = ref packet.Info;
        var asked = new FlowTuple<TAddress>(context.Family.NodeAddress, info.Tuple.Destination, info.Tuple.SourcePort, info.Tuple.DestinationPort, info.Tuple.Protocol);
        ulong hash = asked.Hash(context.Conntrack.Seed);
        int flow = context.Conntrack.Find(asked, hash, out var direction);
        if (flow < 0 || direction != FlowDirection.Reply) return Verdict.Continue;
        info.Action = default;
        NatDeltas.Set(ref info.Action, info.Tuple, asked);
        info.Translated = asked;
        NatRewrite.Run(ref packet);
        (info.Tuple, info.Hash, info.Flow, info.Direction) = (asked, hash, flow, direction);
        return FollowFlow.Run(ref packet, context);
    }
}
