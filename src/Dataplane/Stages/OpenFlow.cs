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

    /// <summary>Expects the translated tuple and where the packets of both directions go.</summary>
    public static Verdict Run<TAddress>(ref Packet<TAddress> packet, PathContext<TAddress> context, in FlowAction back)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        ref var info = ref packet.Info;
        var entry = NewEntry(packet, back);
        for (int attempt = 0; ; attempt++)
        {
            NatDeltas.Set(ref info.Action, info.Tuple, info.Translated);
            entry.Reply = info.Translated.Mirror();
            entry.OriginalAction = info.Action;
            NatDeltas.Set(ref entry.ReplyAction, entry.Reply, info.Tuple.Mirror());
            int flow = context.Flows.TryInsert(entry, info.Hash, entry.Reply.Hash(context.Conntrack.Seed), context.Now, out info.Direction, out var result);
            if (result == InsertResult.Inserted)
            {
                info.Flow = flow;
                info.Flags |= PacketFlags.OpensFlow;
                return Verdict.Continue;
            }
            bool pooled = (info.Flags & PacketFlags.PooledPort) != 0;
            if (pooled) context.Conntrack.NatPorts.Return(entry.Reply);
            if (result == InsertResult.Exists)
            {
                info.Flow = flow;
                var forth = info.Action;
                var translated = info.Translated;
                var v = FollowFlow.Run(ref packet, context);
                if (v.IsFinal || info.Flow >= 0) return v;
                // It ended a moment ago: its place is ours, but the port went back.
                (info.Action, info.Translated) = (forth, translated);
                if (attempt == PortAttempts || pooled && !TakeOtherPort(ref info, context, pooled)) return Refused(InsertResult.Contended);
                continue;
            }
            // Another flow has the same endpoint and source port: the same client's, one by a service, the other directly or by another
            // service (K36), or the node's own. The replies could not be told apart, so that this flow gets another source port.
            if (result != InsertResult.ReplyCollision || attempt == PortAttempts || !TakeOtherPort(ref info, context, pooled)) return Refused(result);
        }
    }

    /// <summary>Why a flow that may open does not.</summary>
    internal static Verdict Refused(InsertResult result) => Verdict.Drop(result switch
    {
        InsertResult.ReplyCollision => DropReason.NatPortsExhausted,
        InsertResult.Contended => DropReason.ConntrackContended,
        _ => DropReason.ConntrackFull,
    });

    private static bool TakeOtherPort<TAddress>(ref PacketInfo<TAddress> info, PathContext<TAddress> context, bool pooled)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        if (pooled) return Masquerade.TryTakePort(ref info, context, info.Translated.Source);
        if (info.Tuple.Protocol is not (IpProtocol.Tcp or IpProtocol.Udp or IpProtocol.Sctp)) return false;
        Masquerade.SetSource(ref info.Translated, info.Translated.Source, Be16.FromHost((ushort)(1024 + context.NextRandom() % 64512)));
        return true;
    }

    private static ConntrackEntry<TAddress> NewEntry<TAddress>(in Packet<TAddress> packet, in FlowAction back)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        ref var info = ref packet.Info;
        return new ConntrackEntry<TAddress>
        {
            Original = info.Tuple,
            ReplyAction = back,
            SourceIdentity = info.SourceIdentity,
            DestinationIdentity = info.DestinationIdentity,
            Flags = FlagsOf(info),
            State = info.Tuple.Protocol == IpProtocol.Tcp ? FlowState.SynSent : FlowState.New,
            OriginalPackets = 1,
            OriginalBytes = (uint)info.IpLength,
            ReplyMtu = SegmentLimit.OfSyn(packet),
        };
    }

    private static FlowFlags FlagsOf<TAddress>(in PacketInfo<TAddress> info)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        FlowFlags flags = 0;
        if (!info.Translated.Source.Equals(info.Tuple.Source)) flags |= FlowFlags.Masqueraded;
        if ((info.Flags & PacketFlags.PooledPort) != 0) flags |= FlowFlags.PooledPort;
        if ((info.Flags & PacketFlags.ToService) != 0) flags |= FlowFlags.Service;
        if (info.Origin == PacketOrigin.Uplink) flags |= FlowFlags.FromUnderlay;
        return flags;
    }
}
