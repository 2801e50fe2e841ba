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
        var entry = NewEntry(ref info, back, masqueraded);
        for (int attempt = 0; ; attempt++)
        {
            int flow = context.Flows.TryInsert(entry, info.Hash, entry.Reply.Hash(context.Conntrack.Seed), context.Now, out info.Direction, out var result);
            switch (result)
            {
                case InsertResult.Inserted:
                    info.Flow = flow;
                    info.Flags |= PacketFlags.OpensFlow;
                    return Verdict.Continue;
                case InsertResult.Exists:
                    info.Flow = flow;
                    return FollowFlow.Run(ref packet, context);
                // Another flow of the same client has the same backend and source port: one by a service, the other directly or by
                // another service. The replies could not be told apart, so that this flow gets another source port.
                case InsertResult.ReplyCollision when attempt < PortAttempts && info.Tuple.Protocol is IpProtocol.Tcp or IpProtocol.Udp:
                    Hairpin.Run(ref packet, info.Translated.Source, Be16.FromHost((ushort)(1024 + context.NextRandom() % 64512)));
                    NatDeltas.Set(ref info.Action, info.Tuple, info.Translated);
                    entry.Reply = info.Translated.Mirror();
                    entry.OriginalAction = info.Action;
                    NatDeltas.Set(ref entry.ReplyAction, entry.Reply, info.Tuple.Mirror());
                    break;
                default:
                    return Refused(result);
            }
        }
    }

    /// <summary>Why a flow that may open does not.</summary>
    internal static Verdict Refused(InsertResult result) => Verdict.Drop(result switch
    {
        InsertResult.ReplyCollision => DropReason.NatPortsExhausted,
        InsertResult.Contended => DropReason.ConntrackContended,
        _ => DropReason.ConntrackFull,
    });

    private static ConntrackEntry<TAddress> NewEntry<TAddress>(ref PacketInfo<TAddress> info, in FlowAction back, bool masqueraded)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        bool service = !info.Translated.Destination.Equals(info.Tuple.Destination) || info.Translated.DestinationPort != info.Tuple.DestinationPort;
        return new ConntrackEntry<TAddress>
        {
            Original = info.Tuple,
            Reply = info.Translated.Mirror(),
            OriginalAction = info.Action,
            ReplyAction = back,
            SourceIdentity = info.SourceIdentity,
            DestinationIdentity = info.DestinationIdentity,
            Flags = (masqueraded ? FlowFlags.Masqueraded : 0) | (service ? FlowFlags.Service : 0),
            State = info.Tuple.Protocol == IpProtocol.Tcp ? FlowState.SynSent : FlowState.New,
            OriginalPackets = 1,
            OriginalBytes = (uint)info.IpLength,
        };
    }
}
