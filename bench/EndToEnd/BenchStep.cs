using Dataplane.Bench.EndToEnd.Paths;
using Dataplane.Bench.EndToEnd.Workloads;

namespace Dataplane.Bench.EndToEnd;

/// <summary>What the contenders are built for at once: how many services there are, and which journeys are measured on them.</summary>
/// <param name="Asked">Services in all, as asked for.</param>
/// <param name="Journeys">One node (false), two nodes (true), or both.</param>
/// <param name="Called">Services that the workloads call on these journeys.</param>
public sealed record BenchStep(int Asked, IReadOnlyList<bool> Journeys, IReadOnlyList<BenchService> Called)
{
    /// <summary>Services in all: those that are called are there in any case.</summary>
    public int Services => Math.Max(Asked, Called.Count);

    /// <summary>
    /// The steps of a run, in its order. Where a number is less than what all journeys call, each journey gets a cluster of its own:
    /// "1 service" is to mean one.
    /// </summary>
    public static IEnumerable<BenchStep> Of(BenchOptions options)
    {
        bool[] journeys = [.. ((bool[])[false, true]).Where(remote => options.Topology != (remote ? "one" : "two"))];
        foreach (var asked in options.Services)
        {
            var together = Step(asked, journeys, options);
            if (asked == 0 || asked >= together.Called.Count)
            {
                yield return together;
                continue;
            }

            foreach (var journey in journeys)
                yield return Step(asked, [journey], options);
        }
    }

    /// <summary>The services, the called ones in the middle; see <see cref="BenchPlan.WithDummies"/>.</summary>
    public IReadOnlyList<BenchService> AllServices(int endpoints) => BenchPlan.WithDummies(Called, Services, endpoints);

    /// <summary>True when the service of a workload is there.</summary>
    public bool Holds(Workload workload, bool remote) => Called.Contains(BenchPlan.ServiceOf(workload.Service, remote));

    private static BenchStep Step(int asked, bool[] journeys, BenchOptions options)
    {
        var kinds = Workload.All.Where(w => options.Only.Contains(w.Id)).Select(w => w.Service).ToHashSet();
        return new BenchStep(asked, journeys, [.. BenchPlan.Services.Where(s => journeys.Any(remote => kinds.Any(kind => s == BenchPlan.ServiceOf(kind, remote))))]);
    }
}
