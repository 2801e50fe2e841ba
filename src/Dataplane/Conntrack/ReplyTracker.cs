using Dataplane.Packets;

namespace Dataplane.Conntrack;

/// <summary>Follows flows that are not TCP: whether anybody has answered.</summary>
public static class ReplyTracker
{
    /// <summary>Moves a flow's state by one packet.</summary>
    public static void Advance<TAddress>(ref ConntrackEntry<TAddress> entry, FlowDirection direction)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        if (direction == FlowDirection.Original || entry.State != FlowState.New) return;
        entry.AddFlags(FlowFlags.Replied);
        entry.RaiseState(FlowState.Replied); // now it has the longer timeout and is not evicted
    }
}
