using Dataplane.Conntrack;
using Dataplane.Packets;
using Dataplane.Tables;

namespace Dataplane.Stages;

/// <summary>
/// Does not hand back to the node's own stack what that has just sent here: its route to an external service address leads here for all
/// ports, and for those that no service has it would lead here again; so would that to a pod of another node while it has no route of its own.
/// </summary>
public static class LoopGuard
{
    /// <summary>For packets that open a flow.</summary>
    public static Verdict Run<TAddress>(ref Packet<TAddress> packet, RouteKind destination, in FlowAction forth)
        where TAddress : unmanaged, IIpAddress<TAddress> =>
        packet.Info.Origin == PacketOrigin.Host && destination is RouteKind.World or RouteKind.Native && forth.Kind == ForwardKind.Port
        && (packet.Info.Flags & PacketFlags.ToService) == 0
            ? Verdict.Drop(DropReason.RouteUnreachable)
            : Verdict.Continue;
}
