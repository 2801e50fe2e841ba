using Dataplane.Conntrack;
using Dataplane.Packets;
using Dataplane.Tables;

namespace Dataplane.Stages;

/// <summary>
/// Makes and reads the decision that is kept with a flow. Two workers may read it, and either may renew it after a change of
/// tables: <see cref="FlowAction.Revision"/> is cleared first and written last, and a reader that finds another revision than its own
/// before or after copying decides for itself.
/// </summary>
public static class FlowDecision
{
    /// <summary>Copies an action if it was decided by the tables of <paramref name="revision"/>.</summary>
    public static bool TryRead(ref FlowAction shared, uint revision, out FlowAction copy)
    {
        uint before = Volatile.Read(ref shared.Revision);
        copy = shared;
        // The copy cannot move before the first look (acquire). That it does not move after the second is the order of loads on
        // x86; elsewhere the fence below holds it.
        if (!System.Runtime.Intrinsics.X86.X86Base.IsSupported) Interlocked.MemoryBarrier();
        return before == revision && Volatile.Read(ref shared.Revision) == revision;
    }

    /// <summary>Judges a flow and finds both its ways, by the tables of now. What is rewritten on them is left to the caller.</summary>
    /// <param name="original">The first packet as it came in.</param>
    /// <param name="translated">The first packet as it leaves; its source does not count.</param>
    /// <param name="fromUnderlay">True when the source is reached on the underlay, even where a tunnel leads to its address.</param>
    /// <param name="context">The worker's.</param>
    /// <param name="forth">Filled in: the way of the original direction.</param>
    /// <param name="back">Filled in: the way of the reply direction.</param>
    /// <param name="destination">What the destination is.</param>
    /// <param name="sourceIdentity">Who opens the flow.</param>
    /// <param name="destinationIdentity">Towards whom.</param>
    public static Verdict Decide<TAddress>(in FlowTuple<TAddress> original, in FlowTuple<TAddress> translated, bool fromUnderlay, PathContext<TAddress> context, ref FlowAction forth, ref FlowAction back, out RouteKind destination, out uint sourceIdentity, out uint destinationIdentity)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        sourceIdentity = destinationIdentity = 0;
        Verdict v;
        if ((v = RouteLookup.Run(translated.Destination, context.Tables, context.Family, ref forth, out destination)).IsFinal) return v;
        // By the true source, also when it is translated: policy is about who really sends.
        var judged = new FlowTuple<TAddress>(original.Source, translated.Destination, original.SourcePort, translated.DestinationPort, original.Protocol);
        if ((v = PolicyCheck.Run(judged, context.Tables.Policies, context.Family, out sourceIdentity, out destinationIdentity)).IsFinal) return v;
        return RouteLookup.Run(original.Source, context.Tables, context.Family, ref back, out _, fromUnderlay);
    }

    /// <summary>Decides again for a flow that exists, and keeps what was decided with it.</summary>
    /// <param name="entry">The flow.</param>
    /// <param name="context">The worker's.</param>
    /// <param name="forth">What to do with packets of its original direction.</param>
    /// <param name="back">What to do with packets of its reply direction.</param>
    public static Verdict Renew<TAddress>(ref ConntrackEntry<TAddress> entry, PathContext<TAddress> context, out FlowAction forth, out FlowAction back)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        forth = back = default;
        var translated = entry.Reply.Mirror();
        bool fromUnderlay = (entry.Flags & FlowFlags.FromUnderlay) != 0;
        var v = Decide(entry.Original, translated, fromUnderlay, context, ref forth, ref back, out _, out uint source, out uint destination);
        if (v.IsFinal) return v;
        NatDeltas.Set(ref forth, entry.Original, translated);
        NatDeltas.Set(ref back, entry.Reply, entry.Original.Mirror());
        entry.SourceIdentity = source;
        entry.DestinationIdentity = destination;
        Write(ref entry.OriginalAction, forth, context.Tables.Revision);
        Write(ref entry.ReplyAction, back, context.Tables.Revision);
        return Verdict.Continue;
    }

    // One writer at a time, and never over a decision by newer tables: who loses goes on with its own copy.
    private static void Write(ref FlowAction shared, FlowAction action, uint revision)
    {
        uint seen = Volatile.Read(ref shared.Revision);
        if (seen == 0 || (int)(seen - revision) >= 0) return;
        if (Interlocked.CompareExchange(ref shared.Revision, 0, seen) != seen) return; // a full fence: no new field under the old revision
        action.Revision = 0;
        shared = action;
        Volatile.Write(ref shared.Revision, revision);
    }
}
