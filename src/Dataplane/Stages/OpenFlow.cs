using Dataplane.Conntrack;
using Dataplane.Headers;
using Dataplane.Packets;

namespace Dataplane.Stages;

/// <summary>
/// Commits a flow that was allowed to conntrack, in both directions at once. After policy, or a denied SYN would open the reply
/// direction. Another worker may have been first with the same flow: then its decision holds.
/// </summary>
public static class OpenFlow
{
    private const int PortAttempts = 16;

    /// <summary>Expects the translated tuple and both actions.</summary>
    public static Verdict Run<TAddress>(ref Packet<TAddress> packet, PathContext<TAddress> context, in FlowAction back)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        ref var info = ref packet.Info;
        bool masqueraded = !info.Translated.Source.Equals(info.Tuple.Source);
        var backAction = back;
        for (int attempt = 0; ; attempt++)
        {
            var reply = info.Translated.Mirror();
            var result = context.Flows.TryInsert(info.Tuple, info.Hash, reply, context.Conntrack.Hash(reply), context.Now, out int flow);
            switch (result)
            {
                case InsertResult.Inserted:
                    ref var entry = ref context.Conntrack[flow];
                    Fill(ref entry, ref info, backAction, masqueraded);
                    context.Flows.Publish(flow);
                    info.Flow = flow;
                    info.Direction = FlowDirection.Original;
                    info.Flags |= PacketFlags.OpensFlow;
                    return Verdict.Continue;
                case InsertResult.Exists:
                    info.Flow = flow;
                    return Verdict.Continue;
                case InsertResult.ReplyCollision when masqueraded && attempt < PortAttempts:
                    // Ports 1024 and up; any, since the gateway address has no listeners of its own for hairpin replies.
                    Hairpin.Run(ref packet, info.Translated.Source, Be16.FromHost((ushort)(1024 + context.NextRandom() % 64512)));
                    NatDeltas.Set(ref info.Action, info.Tuple, info.Translated);
                    NatDeltas.Set(ref backAction, info.Translated.Mirror(), info.Tuple.Mirror());
                    break;
                case InsertResult.ReplyCollision:
                    return Verdict.Drop(DropReason.NatPortsExhausted);
                default:
                    return Verdict.Drop(DropReason.ConntrackFull);
            }
        }
    }

    private static void Fill<TAddress>(ref ConntrackEntry<TAddress> entry, ref PacketInfo<TAddress> info, in FlowAction back, bool masqueraded)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        entry.OriginalAction = info.Action;
        entry.ReplyAction = back;
        entry.SourceIdentity = info.SourceIdentity;
        entry.DestinationIdentity = info.DestinationIdentity;
        entry.Flags = (masqueraded ? FlowFlags.Masqueraded : 0) | (info.Translated.Destination.Equals(info.Tuple.Destination) && info.Translated.DestinationPort == info.Tuple.DestinationPort ? 0 : FlowFlags.Service);
        entry.State = info.Tuple.Protocol == IpProtocol.Tcp ? FlowState.SynSent : FlowState.New;
        entry.OriginalPackets = 1;
        entry.OriginalBytes = (uint)info.IpLength;
    }
}
