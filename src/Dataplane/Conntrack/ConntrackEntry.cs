using System.Runtime.InteropServices;
using Dataplane.Packets;

namespace Dataplane.Conntrack;

/// <summary>
/// One flow, both directions. For IPv4 it is 128 bytes, two cache lines: the first is what the lookup and the original direction
/// read, the second what the reply direction reads and every packet writes. Tuples do not change while the entry is in use.
/// Actions may: who changes one clears its <see cref="FlowAction.Revision"/> first and writes it last, and readers look at it
/// before and after. The layout is part of <see cref="LayoutVersion"/>: the next process reads entries as they are (<see cref="FlowArchive"/>).
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 8)]
public struct ConntrackEntry<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    /// <summary>Raised with every change of the layout.</summary>
    public const int LayoutVersion = 3;

    /// <summary>The tuple of the packets that go the way of the first one, as they come in.</summary>
    public FlowTuple<TAddress> Original;

    /// <summary>The tuple of the packets that answer, as they come in; mirrored <see cref="Original"/> unless there is NAT.</summary>
    public FlowTuple<TAddress> Reply;

    /// <summary>Coarse clock in seconds since the table was made; written by <see cref="Touch"/> when it changes, by any worker.</summary>
    public uint LastSeen;

    /// <summary>Life of the flow: for TCP its state, otherwise whether an answer was seen. Only ever raised.</summary>
    public FlowState State;

    /// <summary>See <see cref="FlowFlags"/>.</summary>
    public FlowFlags Flags;

    /// <summary>Life of the entry; the table's.</summary>
    internal EntryLife Life;

    private readonly byte _reserved;

    /// <summary>What is done with packets of <see cref="Original"/>.</summary>
    public FlowAction OriginalAction;

    /// <summary>What is done with packets of <see cref="Reply"/>.</summary>
    public FlowAction ReplyAction;

    // Plain counters: the two directions may be counted by two workers, each its own.

    /// <summary>Packets seen in the original direction; wraps.</summary>
    public uint OriginalPackets;

    /// <summary>Packets seen in the reply direction; wraps.</summary>
    public uint ReplyPackets;

    /// <summary>Bytes seen in the original direction.</summary>
    public ulong OriginalBytes;

    /// <summary>Bytes seen in the reply direction.</summary>
    public ulong ReplyBytes;

    // cold: new flows, expiry and dumps only

    /// <summary>Identity of who opened the flow.</summary>
    public uint SourceIdentity;

    /// <summary>Identity of the destination after translation.</summary>
    public uint DestinationIdentity;

    /// <summary>Worker that made the entry; it alone expires and recycles it.</summary>
    public ushort Owner;

    // Largest IP packet, bytes, of which TCP may be sent in each direction, as its receiver or a router on the way has said; 0: they
    // said nothing. Written by any worker, plain: a late writer repeats itself with the next segment.

    /// <summary>For packets of the original direction.</summary>
    public ushort OriginalMtu;

    /// <summary>For packets of the reply direction.</summary>
    public ushort ReplyMtu;

    /// <summary>True while a lookup may return the entry.</summary>
    internal bool IsVisible => Life >= EntryLife.Expiring;

    /// <summary>
    /// Notes that a packet was seen. A few instructions while the second stays the same. False: the entry was removed for
    /// idleness a moment ago, and the caller must act as if it had not found it.
    /// </summary>
    public bool Touch(uint now) => LastSeen == now || TouchSlow(now);

    /// <summary>Counts a packet of <paramref name="bytes"/> bytes.</summary>
    public void Count(FlowDirection direction, uint bytes, uint packets = 1)
    {
        if (direction == FlowDirection.Original)
        {
            OriginalPackets += packets;
            OriginalBytes += bytes;
        }
        else
        {
            ReplyPackets += packets;
            ReplyBytes += bytes;
        }
    }

    /// <summary>Raises the state; never lowers it, so two workers that see the two ends of a flow cannot undo each other.</summary>
    /// <returns>True when this call changed it.</returns>
    internal bool RaiseState(FlowState to)
    {
        FlowState seen = State;
        while (seen < to)
        {
            FlowState was = Interlocked.CompareExchange(ref State, to, seen);
            if (was == seen) return true;
            seen = was;
        }
        return false;
    }

    /// <summary>Adds flags; atomic, since the two directions may be two workers'.</summary>
    /// <returns>The flags after the addition.</returns>
    internal FlowFlags AddFlags(FlowFlags flags)
    {
        FlowFlags seen = Flags;
        while ((seen & flags) != flags)
        {
            FlowFlags was = Interlocked.CompareExchange(ref Flags, seen | flags, seen);
            if (was == seen) return seen | flags;
            seen = was;
        }
        return seen;
    }

    // Expiry marks (Expiring), then reads LastSeen again; this writes LastSeen, then reads the mark. With a full fence in
    // between on both sides at least one of the two sees the other, so a live flow is never reaped (F11).
    private bool TouchSlow(uint now)
    {
        Interlocked.Exchange(ref LastSeen, now);
        if (Life == EntryLife.Live) return true;
        EntryLife was = Interlocked.CompareExchange(ref Life, EntryLife.Live, EntryLife.Expiring);
        return was >= EntryLife.Expiring;
    }
}
