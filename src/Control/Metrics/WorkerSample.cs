namespace Dataplane.Control.Metrics;

/// <summary>Counters of one worker thread since the start of the process.</summary>
public readonly record struct WorkerSample
{
    /// <summary>Its number, as text: it becomes a label.</summary>
    public required string Worker { get; init; }

    /// <summary>Packets that it took from its ports.</summary>
    public ulong RxPackets { get; init; }

    /// <summary>Batches that were not empty.</summary>
    public ulong Batches { get; init; }

    /// <summary>Times that it waited in the kernel.</summary>
    public ulong Sleeps { get; init; }

    /// <summary>Time spent on batches that were not empty.</summary>
    public ulong BusyNanoseconds { get; init; }

    /// <summary>Calls into the kernel to send.</summary>
    public ulong Kicks { get; init; }

    /// <summary>TCP super-packets that were cut.</summary>
    public ulong SegmentedPackets { get; init; }

    /// <summary>Packets that were made of them.</summary>
    public ulong Segments { get; init; }

    /// <summary>Packets that were made of several received ones.</summary>
    public ulong CoalescedPackets { get; init; }

    /// <summary>Received packets that went into them.</summary>
    public ulong CoalescedSegments { get; init; }
}
