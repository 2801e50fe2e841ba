using Dataplane.Conntrack;
using Dataplane.Packets;

namespace Dataplane.Workers;

/// <summary>Sizes of a <see cref="DataplaneEngine"/>.</summary>
public sealed record EngineOptions
{
    /// <summary>Worker threads.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>CPUs to pin workers to, in order; fewer than workers leaves the rest unpinned.</summary>
    public int[] Cpus { get; init; } = [];

    /// <summary>Frames of 4 kB in the UMEM.</summary>
    public int Frames { get; init; } = 32768;

    /// <summary>
    /// Frames kept with the kernel per pod or host port to receive into, at first; a super-packet takes up to 18, and a busy port is
    /// given more.
    /// </summary>
    public int Fill { get; init; } = 256;

    /// <summary>The same for the uplink.</summary>
    public int UplinkFill { get; init; } = 1024;

    /// <summary>Clients of services with session affinity that are remembered.</summary>
    public int AffinityEntries { get; init; } = AffinityTable<IPv4Address>.DefaultCapacity;

    /// <summary>Frames that one worker may have handed to another, power of two.</summary>
    public int HandoffRing { get; init; } = 4096;

    /// <summary>How each worker runs.</summary>
    public WorkerOptions Worker { get; init; } = new();
}
