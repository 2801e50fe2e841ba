using System.Diagnostics;
using System.Globalization;
using Dataplane.Bench.EndToEnd.Measure;
using Dataplane.Bench.EndToEnd.Paths;
using Dataplane.Bench.EndToEnd.Report;

namespace Dataplane.Bench.EndToEnd.Hold;

/// <summary>
/// Many connections through one service, held while its endpoints change and some of them end. None may be lost whose backend lives, and
/// all of those that are with an ended pod must be told soon.
/// </summary>
public sealed class HoldRun(NumberOptions options, TextWriter output)
{
    private const int DefaultEntriesPerCpu = 32_768, LeastDefaultEntries = 262_144; // docs/configuration.md
    private const int SlowRound = 5;     // a round may take so many times its length before it counts as not answered
    private const double PromptSeconds = 5;
    private static readonly TimeSpan s_between = TimeSpan.FromSeconds(5);
    private readonly List<string> _failures = [];

    /// <summary>Options of `hold`.</summary>
    public static NumberOption[] Options { get; } =
    [
        new("--connections", 100_000, 10, 1_000_000), new("--seconds", 60, 1, 86_400), new("--rate", 4000, 1, 1_000_000),
        new("--round", 20, 1, 3600), new("--changes", 10, 1, 100),
    ];

    /// <summary>The exit code: 0, or 1 when a connection was lost that should not have been, or stayed that should not have.</summary>
    public int Run(CancellationToken cancel)
    {
        OurPath.RequirePrograms();
        var plan = HoldPlan.Of(options["--connections"], Descriptors(), Math.Max(LeastDefaultEntries, DefaultEntriesPerCpu * Environment.ProcessorCount));
        using var scope = new BenchScope(cancel);
        var cluster = new HoldCluster(scope, plan);
        Say($"two nodes, each with {plan.ClientsPerNode} client pods and {plan.BackendsPerNode} server pods; {plan.Connections} connections through {cluster.Service.ClusterIp}");
        Say($"conntrack: some {plan.EntriesPerNode} entries expected on each node; {(plan.ConntrackEntries == 0 ? "the default size holds them" : $"above the default: --conntrack-entries {plan.ConntrackEntries}")}");
        var watch = new NodeWatch(cluster.Nodes);
        using var churn = cluster.Churn(options["--changes"]);
        var clock = Stopwatch.StartNew();
        var clients = cluster.StartClients(plan.Shares(), options["--rate"], options["--round"]);
        Opened(scope, clients, plan.Connections, watch, churn);
        output.WriteLine(cluster.KernelCounts());
        Say($"opened in {clock.Elapsed.TotalSeconds:F1} s, at {options["--rate"]} per second at most");
        Held(scope, clients, watch, churn);
        Report(clients, plan.Connections);
        var ended = PodsEnd(scope, cluster, clients, churn);
        Alive(scope, clients, plan.Connections - ended);
        Closing(watch, cluster, churn);

        foreach (var failure in _failures)
            output.WriteLine("FAILED: " + failure);
        output.WriteLine(_failures.Count == 0 ? "none lost" : $"{_failures.Count} failures");
        return _failures.Count == 0 ? 0 : 1;
    }

    private void Opened(BenchScope scope, HoldClients clients, int count, NodeWatch watch, SliceChurn churn)
    {
        var limit = TimeSpan.FromSeconds(60 + 3.0 * count / options["--rate"]);
        Until(scope, limit, () => Line(clients, watch, churn), () => clients.Sum("opened") + clients.Sum("failed") == count);
        var opened = clients.Sum("opened");
        if (opened < count)
            _failures.Add($"{count - opened} of {count} connections were not opened within {limit.TotalSeconds:F0} s ({clients.Failures()})");
    }

    private void Held(BenchScope scope, HoldClients clients, NodeWatch watch, SliceChurn churn)
    {
        Until(scope, TimeSpan.FromSeconds(options["--seconds"]), () => Line(clients, watch, churn), () => false);
        RoundOfAll(scope, clients);
    }

    // Every connection that is open has been asked after this call, and has answered.
    private void RoundOfAll(BenchScope scope, HoldClients clients)
    {
        var now = Stopwatch.GetTimestamp() * 1e3 / Stopwatch.Frequency;
        if (!Until(scope, TimeSpan.FromSeconds(options["--round"] * SlowRound + 30), () => { }, () => clients.HaveCompletedRoundSince(now)))
            _failures.Add($"{clients.Sum("asked")} connections do not answer");
    }

    private void Report(HoldClients clients, int count)
    {
        var reports = clients.Reports();
        var lost = clients.Lost();
        Say($"held for {options["--seconds"]} s: {clients.Sum("alive")} of {count} connections alive, each has answered in the last round; {reports.Sum(r => r["rounds"])} rounds of all clients");
        if (reports.TrueForAll(r => r.ContainsKey("open_p50")))
            Say($"opening took, ms: p50 {reports.Max(r => r["open_p50"]):F1}, p99 {reports.Max(r => r["open_p99"]):F1}, max {reports.Max(r => r["open_max"]):F1} (of the slowest client)");
        if (lost.Count > 0)
            _failures.Add("connections lost though their backend lives: " + Describe(lost));
        if (clients.Sum("misled") is var misled and not 0)
            _failures.Add($"{misled} answers came from another backend than the connection's, or to no question");
    }

    // How many connections were with the pods that ended.
    private int PodsEnd(BenchScope scope, HoldCluster cluster, HoldClients clients, SliceChurn churn)
    {
        var before = clients.Lost().Sum(l => l.Count);
        var alive = clients.Sum("alive");
        var began = Stopwatch.GetTimestamp() * 1e3 / Stopwatch.Frequency;
        var ended = cluster.EndPods(churn);
        // Rounds go on: whoever was not told finds out by asking in vain, and holds its client's round up.
        scope.Sleep(TimeSpan.FromSeconds(PromptSeconds));
        RoundOfAll(scope, clients);
        var lost = clients.Lost();
        var theirs = lost.Where(l => ended.Contains(l.Backend) && l.Time >= began - 10).ToList();
        var number = theirs.Sum(l => l.Count);
        Say($"\n{ended.Count} of {cluster.Service.Backends.Count} server pods ended ({string.Join(", ", ended.Select(e => cluster.Service.Backends[e].Pod))}), {number} connections with them:");
        if (number == 0)
        {
            _failures.Add("no connection was with the pods that ended, or none was told");
            return 0;
        }

        var times = Percentiles.Of(theirs.SelectMany(l => Enumerable.Repeat(Math.Max(0, l.Time - began), l.Count)));
        Say($"  told after, ms: {times}; by {string.Join(", ", theirs.GroupBy(l => l.Errno).Select(g => $"{Name(g.Key)} {g.Sum(l => l.Count)}"))}");
        var late = theirs.Where(l => l.Time - began > PromptSeconds * 1e3).Sum(l => l.Count);
        if (late > 0)
            _failures.Add($"{late} connections with an ended pod were told later than {PromptSeconds} s");
        var others = lost.Sum(l => l.Count) - before - number;
        if (others > 0)
            _failures.Add($"{others} connections were lost by the end of pods they had nothing to do with: " + Describe([.. lost.Where(l => !ended.Contains(l.Backend))]));
        if (alive - number - Math.Max(0, others) != clients.Sum("alive"))
            _failures.Add($"{alive} connections were alive, {number} ended with their pods, {clients.Sum("alive")} are left");
        return number;
    }

    private void Alive(BenchScope scope, HoldClients clients, int expected)
    {
        RoundOfAll(scope, clients);
        var alive = clients.Sum("alive");
        Say($"  {alive} of {expected} others are alive, each has answered since");
        if (alive != expected)
            _failures.Add($"{expected - alive} connections are missing at the end");
    }

    private void Closing(NodeWatch watch, HoldCluster cluster, SliceChurn churn)
    {
        Say($"\n{churn.Changes} changes of endpoints written");
        watch.WriteTotals(output);
        foreach (var node in cluster.Nodes)
        {
            if (node.FrameLeak() is { } leak)
                _failures.Add("frames: " + leak);
        }
    }

    // False when the time was over first.
    private static bool Until(BenchScope scope, TimeSpan limit, Action every, Func<bool> isDone)
    {
        var clock = Stopwatch.StartNew();
        for (var next = s_between; clock.Elapsed < limit; scope.Sleep(TimeSpan.FromMilliseconds(250)))
        {
            if (isDone())
                return true;
            if (clock.Elapsed < next)
                continue;
            next += s_between;
            every();
        }

        return isDone();
    }

    private void Line(HoldClients clients, NodeWatch watch, SliceChurn churn) => Say(
        $"  {clients.Sum("alive"),7} alive, {clients.Sum("failed")} failed, {clients.Lost().Sum(l => l.Count)} lost; {churn.Changes} changes; {watch.Line()}");

    private static string Describe(List<LostConnections> lost) => string.Join(", ", lost
        .GroupBy(l => (l.Backend, l.Errno)).Select(g => $"{g.Sum(l => l.Count)} with backend {g.Key.Backend} by {Name(g.Key.Errno)}"));

    private static string Name(int errno) => errno switch { 0 => "FIN", 104 => "RST", 110 => "timeout", _ => $"errno {errno}" };

    private static int Descriptors()
    {
        var line = File.ReadLines("/proc/self/limits").First(l => l.StartsWith("Max open files", StringComparison.Ordinal));
        var soft = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3];
        return int.TryParse(soft, CultureInfo.InvariantCulture, out var limit) ? limit : int.MaxValue;
    }

    private void Say(FormattableString text) => output.WriteLine(FormattableString.Invariant(text));
}
