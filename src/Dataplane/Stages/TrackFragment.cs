using Dataplane.Conntrack;
using Dataplane.Packets;
using Dataplane.Tables;

namespace Dataplane.Stages;

/// <summary>
/// Gives later fragments the ports of their first one (P35), so that they are looked up, translated and judged like it. A first
/// fragment is remembered before it is judged: fragments of a denied packet find no flow and are judged by the same rules.
/// </summary>
public static class TrackFragment
{
    /// <summary>Does nothing for whole packets.</summary>
    public static Verdict Run<TAddress>(ref Packet<TAddress> packet, FragmentTable<TAddress> fragments, EndpointTable<TAddress> endpoints, uint now)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        ref var info = ref packet.Info;
        if ((info.Flags & PacketFlags.Fragment) == 0) return Verdict.Continue;
        // Before anything is remembered: fragments with another pod's address would take its ports from it.
        var guard = info.Origin == PacketOrigin.Pod ? SourceGuard.FromPod(ref packet, endpoints) : SourceGuard.FromOutside(ref packet, endpoints);
        if (guard.IsFinal) return guard;
        ref readonly var t = ref info.Tuple;
        if ((info.Flags & PacketFlags.LaterFragment) == 0)
        {
            fragments.Remember(t.Source, t.Destination, info.FragmentId, t.Protocol, t.SourcePort, t.DestinationPort, now);
            return Verdict.Continue;
        }
        byte protocol = t.Protocol;
        if (!fragments.TryFind(t.Source, t.Destination, info.FragmentId, ref protocol, now, out var sourcePort, out var destinationPort))
        {
            return Verdict.Drop(DropReason.FragmentFirstMissing);
        }
        info.Tuple = new FlowTuple<TAddress>(t.Source, t.Destination, sourcePort, destinationPort, protocol);
        return Verdict.Continue;
    }
}
