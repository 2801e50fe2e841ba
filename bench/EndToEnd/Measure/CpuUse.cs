namespace Dataplane.Bench.EndToEnd.Measure;

/// <summary>A process's share of a core's time, 1 = the whole core for the whole measurement.</summary>
public sealed record CoreShare(string Process, int Core, double Share);

/// <summary>CPU time of one measurement, all in seconds of one core.</summary>
/// <param name="WallSeconds">Length of the measurement.</param>
/// <param name="Busy">All cores, everything: programs, kernel, interrupts.</param>
/// <param name="SoftIrq">Of that, in soft interrupts (where the kernel forwards packets).</param>
/// <param name="Steal">Time the hypervisor gave to others.</param>
/// <param name="Dataplane">Our dataplane processes (their own user and system time).</param>
/// <param name="Foreign">Processes that are not of this bench: noise.</param>
/// <param name="BusyPerCore">Busy share of each core, 0 to 1.</param>
/// <param name="Cores">Which process used which core, shares of 2 % and more.</param>
public sealed record CpuUse(
    double WallSeconds, double Busy, double SoftIrq, double Steal, double Dataplane, double Foreign,
    IReadOnlyList<double> BusyPerCore, IReadOnlyList<CoreShare> Cores)
{
    /// <summary>What the workload cost: all that was busy but the processes outside the bench.</summary>
    public double Work => Math.Max(0, Busy - Foreign);

    /// <summary>Foreign work and stolen time as a share of the machine.</summary>
    public double Noise => (Foreign + Steal) / (WallSeconds * BusyPerCore.Count);
}
