using System.Runtime.InteropServices;
using Dataplane.Packets;

namespace Dataplane.Conntrack;

/// <summary>
/// One flow, both directions. For IPv4 it is 128 bytes, two cache lines: what every packet reads comes first, what it writes
/// after. The layout is part of <see cref="LayoutVersion"/>: a successor process may map the table.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 8)]
public struct ConntrackEntry<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    /// <summary>Raised with every change of the layout.</summary>
    public const int LayoutVersion = 1;

    /// <summary>The tuple of the packets that go the way of the first one, as they come in.</summary>
    public FlowTuple<TAddress> Original;

    /// <summary>The tuple of the packets that answer, as they come in; mirrored <see cref="Original"/> unless there is NAT.</summary>
    public FlowTuple<TAddress> Reply;

    /// <summary>What is done with packets of <see cref="Original"/>.</summary>
    public FlowAction OriginalAction;

    /// <summary>What is done with packets of <see cref="Reply"/>.</summary>
    public FlowAction ReplyAction;

    // Written as packets pass.

    /// <summary>Coarse clock in seconds since the table was made; written when it changes, by any worker.</summary>
    public uint LastSeen;

    /// <summary>Life of the flow: for TCP its state, otherwise whether an answer was seen.</summary>
    public FlowState State;

    /// <summary>See <see cref="FlowFlags"/>.</summary>
    public FlowFlags Flags;

    /// <summary>Worker that made the entry; it alone expires it.</summary>
    public ushort Owner;

    /// <summary>Identity of who opened the flow.</summary>
    public uint SourceIdentity;

    /// <summary>Identity of the destination after translation.</summary>
    public uint DestinationIdentity;

    // Plain counters: the two directions may be counted by two workers, each its own.
    public uint OriginalPackets;
    public uint ReplyPackets;
    public ulong OriginalBytes;
    public ulong ReplyBytes;
}
