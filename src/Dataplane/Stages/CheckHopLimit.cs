using Dataplane.Conntrack;
using Dataplane.Packets;

namespace Dataplane.Stages;

/// <summary>
/// Takes one from the TTL where this node routes. Between the node's own stack and a pod it does not: that stack is the router,
/// and counts by itself what it sends on.
/// </summary>
public static class CheckHopLimit
{
    /// <summary>Answers with time exceeded when the TTL ends here.</summary>
    public static Verdict Run<TAddress>(ref Packet<TAddress> packet, PathContext<TAddress> context)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        ref var info = ref packet.Info;
        bool toHost = info.Action.Kind == ForwardKind.Port && info.Action.Port == context.Tables.Node.HostPort;
        if (info.Origin == PacketOrigin.Host || toHost) return Verdict.Continue;
        if (info.HopLimit <= 1) return IcmpReply.Run(ref packet, context, IcmpError.TimeExceeded, DropReason.HopLimitExceeded);
        TAddress.DecrementHopLimit(packet.Network);
        return Verdict.Continue;
    }
}
