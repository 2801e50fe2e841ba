using Dataplane.Packets;

namespace Dataplane.Conntrack;

/// <summary>
/// Follows TCP connections by their flags. It does not follow sequence numbers or windows: a forged RST or FIN inside a flow's
/// tuple is believed, but it only shortens the idle timeout; packets of an ended flow still pass while they come.
/// </summary>
public static class TcpTracker
{
    public const byte Fin = 0x01;
    public const byte Syn = 0x02;
    public const byte Rst = 0x04;
    public const byte Ack = 0x10;

    /// <summary>
    /// True for a segment that may open a flow: SYN without ACK, RST and FIN. Anything else without an entry is dropped: it
    /// would be a way around the policy by "reply-looking" packets (P20).
    /// </summary>
    public static bool MayOpen(byte flags) => (flags & (Fin | Syn | Rst | Ack)) == Syn;

    /// <summary>Moves a flow's state by one segment.</summary>
    /// <param name="entry">The flow's entry.</param>
    /// <param name="direction">Which way the segment goes.</param>
    /// <param name="flags">The flags byte of its TCP header.</param>
    public static TcpTransition Advance<TAddress>(ref ConntrackEntry<TAddress> entry, FlowDirection direction, byte flags)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        // Nearly every segment: data and acknowledgements of an established flow.
        if (entry.State == FlowState.Established && (flags & (Fin | Syn | Rst)) == 0) return TcpTransition.None;
        if (direction == FlowDirection.Reply && (entry.Flags & FlowFlags.Replied) == 0) entry.AddFlags(FlowFlags.Replied);
        if (MayOpen(flags) && entry.State >= FlowState.TimeWait) return TcpTransition.Reopen;
        // A reset is what the end that is left is to get: another node, which knew earlier that the peer is gone, may have sent it.
        if (entry.State == FlowState.Orphaned) return (flags & Rst) != 0 ? TcpTransition.None : TcpTransition.Orphaned;
        if ((flags & Rst) != 0) return Raise(ref entry, FlowState.Closed);
        if ((flags & Syn) != 0)
        {
            // SYN-ACK, or the other side's SYN of a simultaneous open. A SYN of an established flow changes nothing: the other
            // end will answer with a challenge ACK, and if it means it, an RST follows.
            if (direction == FlowDirection.Reply) entry.RaiseState(FlowState.SynReceived);
            return TcpTransition.None;
        }
        return (flags & Fin) != 0 ? Finish(ref entry, direction) : Acknowledge(ref entry, flags);
    }

    private static TcpTransition Acknowledge<TAddress>(ref ConntrackEntry<TAddress> entry, byte flags)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        // Not from SynSent: an ACK to a SYN nobody has answered says nothing, and would let a flood make established flows.
        if (entry.State == FlowState.SynReceived && (flags & Ack) != 0) entry.RaiseState(FlowState.Established);
        return TcpTransition.None;
    }

    private static TcpTransition Finish<TAddress>(ref ConntrackEntry<TAddress> entry, FlowDirection direction)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        if (entry.State == FlowState.SynSent) return TcpTransition.None;
        const FlowFlags both = FlowFlags.FinOriginal | FlowFlags.FinReply;
        FlowFlags seen = entry.AddFlags(direction == FlowDirection.Original ? FlowFlags.FinOriginal : FlowFlags.FinReply);
        return Raise(ref entry, (seen & both) == both ? FlowState.TimeWait : FlowState.FinWait);
    }

    private static TcpTransition Raise<TAddress>(ref ConntrackEntry<TAddress> entry, FlowState to)
        where TAddress : unmanaged, IIpAddress<TAddress> =>
        entry.RaiseState(to) ? TcpTransition.Ending : TcpTransition.None;
}
