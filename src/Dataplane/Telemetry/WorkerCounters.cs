namespace Dataplane.Telemetry;

/// <summary>
/// What one worker counts: plain numbers that it alone writes. Control reads them as they are; 64-bit loads and stores do not tear.
/// </summary>
public sealed class WorkerCounters
{
    private const int Directions = 3;

    /// <summary>Number of <see cref="DropReason"/> members, the highest plus one.</summary>
    public static int ReasonCount { get; } = (int)Enum.GetValues<DropReason>().Max() + 1;

    private readonly ulong[] _dropPackets = new ulong[ReasonCount * Directions];
    private readonly ulong[] _dropBytes = new ulong[ReasonCount * Directions];
    private readonly ulong[] _rejectPackets = new ulong[ReasonCount];

    /// <summary>Packets taken from ports.</summary>
    public ulong Packets;

    /// <summary>Batches that had at least one packet.</summary>
    public ulong Batches;

    /// <summary>Times the worker went to sleep for want of work.</summary>
    public ulong Sleeps;

    /// <summary>Stopwatch ticks spent outside sleep and idle spinning.</summary>
    public ulong BusyTicks;

    /// <summary>Packets that were cut: TCP into segments, others into fragments.</summary>
    public ulong SegmentedPackets;

    /// <summary>Segments and fragments made of them.</summary>
    public ulong Segments;

    /// <summary>Packets that were made of several received segments, and those segments.</summary>
    public ulong CoalescedPackets, CoalescedSegments;

    /// <summary>Calls into the kernel to send.</summary>
    public ulong Kicks;

    /// <summary>Flow events lost because nobody read them in time.</summary>
    public ulong LostEvents;

    /// <summary>Counts one dropped packet.</summary>
    public void Drop(DropReason reason, TrafficDirection direction, int bytes)
    {
        int i = (int)reason * Directions + (int)direction;
        _dropPackets[i]++;
        _dropBytes[i] += (uint)bytes;
    }

    /// <summary>Counts that the sender of a dropped packet was told, by an ICMP error or a TCP reset.</summary>
    public void Reject(DropReason reason) => _rejectPackets[(int)reason]++;

    /// <summary>Packets dropped for a reason whose senders were told; <see cref="Dropped"/> has them too.</summary>
    public ulong Rejected(DropReason reason) => _rejectPackets[(int)reason];

    /// <summary>Packets dropped for a reason in a direction.</summary>
    public ulong Dropped(DropReason reason, TrafficDirection direction) => _dropPackets[(int)reason * Directions + (int)direction];

    /// <summary>Bytes of them.</summary>
    public ulong DroppedBytes(DropReason reason, TrafficDirection direction) => _dropBytes[(int)reason * Directions + (int)direction];
}
