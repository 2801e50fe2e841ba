using System.Diagnostics;
using Dataplane.Bench.EndToEnd.Measure;
using Dataplane.Bench.EndToEnd.Paths;
using Dataplane.Bench.EndToEnd.Report;

namespace Dataplane.Bench.EndToEnd.Scale;

/// <summary>How long a change takes to reach packets among many services, and how long a whole state.</summary>
public sealed class ScaleRun(NumberOptions options, TextWriter output)
{
    private const double ChangeTarget = 100, SyncTarget = 2000; // ms
    private const string CompileSum = "dataplane_agent_compile_seconds_sum", DataplaneSum = "dataplane_sync_duration_seconds_sum";
    private const string CallSum = "kubeproxy_sync_partial_proxy_rules_duration_seconds_sum{ip_family=\"IPv4\"}";
    private const string Queued = "kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds{ip_family=\"IPv4\"}";

    /// <summary>Options of `scale`.</summary>
    public static NumberOption[] Options { get; } =
    [
        new("--services", 10_000, 2, BenchPlan.MostServices), new("--endpoints", 10, 1, BenchPlan.MostEndpoints), new("--changes", 50, 2, 10_000), new("--restarts", 3, 1, 100),
    ];

    /// <summary>The exit code: 0 when everything was measured, whatever the figures are.</summary>
    public int Run(CancellationToken cancel)
    {
        OurPath.RequirePrograms();
        using var scope = new BenchScope(cancel);
        var cluster = new ScaleCluster(scope, options["--services"], options["--endpoints"]);
        Say($"one node, {options["--services"]} services, {cluster.Endpoints} endpoints, in files of 100 services; programmed in {cluster.FirstSeconds:F2} s while they were written");
        Say($"resident: {cluster.Resident()}");
        cluster.Watch();
        cluster.WaitForAnswer(0, 0);
        Changes(scope, cluster);
        Say($"resident after the changes: {cluster.Resident()}");
        AgentRestarts(scope, cluster);
        DataplaneRestarts(scope, cluster);
        return 0;
    }

    private void Changes(BenchScope scope, ScaleCluster cluster)
    {
        using var window = new CpuWindow(scope.Servers, []);
        var before = NodePages.Dataplane(cluster.Node);
        var random = new Random(1);
        var times = new List<ChangeTimes>();
        for (var i = 0; i < options["--changes"] + 1; i++)
        {
            // Not in step with anything that runs at intervals.
            scope.Sleep(TimeSpan.FromMilliseconds(200 + random.Next(200)));
            var made = Change(scope, cluster, (i + 1) % 2);
            if (i > 0) // the first one compiles code
                times.Add(made);
        }

        var noise = window.Stop().Noise;
        output.WriteLine($"\n{times.Count} changes of one EndpointSlice, ms (other work on this machine: {noise * 100:F0} %)");
        Row("file in place -> a new connection uses it", times.Select(t => t.Used), ChangeTarget);
        Row("  agent: notice, wait for quiet, read", times.Select(t => t.Read));
        Row("  agent: compile", times.Select(t => t.Compiled));
        Row("  agent: difference and call", times.Select(t => t.Sent));
        Row("  dataplane: receipt -> published", times.Select(t => t.Published), ChangeTarget);
        var after = NodePages.Dataplane(cluster.Node);
        double Grown(string sample) => after[sample] - before[sample];
        var collections = string.Join('/', Enumerable.Range(0, 3).Select(g => Invariant($"{Grown($"dataplane_gc_collections_total{{generation=\"{g}\"}}")}")));
        Say($"  dataplane: {collections} garbage collections (gen 0/1/2), threads stopped for {Grown("dataplane_gc_pause_seconds_total") * 1e3:F1} ms in all, {Grown("dataplane_gc_allocated_bytes_total") / 1024 / times.Count:F0} kB allocated per change (looking at it included)");
    }

    private static ChangeTimes Change(BenchScope scope, ScaleCluster cluster, int endpoint)
    {
        var (dataplane, agent) = (NodePages.Dataplane(cluster.Node), NodePages.Agent(cluster.Node));
        var (began, wall) = (ScaleCluster.Now, DateTime.UtcNow);
        cluster.Flip(endpoint);
        var used = cluster.WaitForAnswer(endpoint, began) - began;
        scope.Sleep(TimeSpan.FromMilliseconds(50)); // the agent has its answer by then
        var (dataplaneAfter, agentAfter) = (NodePages.Dataplane(cluster.Node), NodePages.Agent(cluster.Node));
        var compiled = (agentAfter[CompileSum] - agent[CompileSum]) * 1e3;
        var published = (dataplaneAfter[DataplaneSum] - dataplane[DataplaneSum]) * 1e3;
        return new ChangeTimes(
            used, (agentAfter[Queued] - (wall - DateTime.UnixEpoch).TotalSeconds) * 1e3 - compiled, compiled, (agentAfter[CallSum] - agent[CallSum]) * 1e3 - published, published);
    }

    private void AgentRestarts(BenchScope scope, ScaleCluster cluster)
    {
        List<double> whole = [], compile = [], call = [], published = [];
        for (var i = 0; i < options["--restarts"]; i++)
        {
            var before = NodePages.Dataplane(cluster.Node)[DataplaneSum];
            cluster.Node.Agent!.Stop(TimeSpan.FromSeconds(10));
            var began = DateTime.UtcNow;
            cluster.Node.StartAgent();
            var agent = new NamedProcess("agent", cluster.Node.Agent!);
            scope.WaitUntil("whole state sent by the agent", TimeSpan.FromMinutes(2), agent, () => SyncLine.Last(agent.Process.Output) is not null);
            var line = SyncLine.Last(agent.Process.Output)!;
            whole.Add((line.Time - began).TotalMilliseconds);
            call.Add(line.Milliseconds);
            compile.Add(NodePages.Agent(cluster.Node)[CompileSum] * 1e3);
            published.Add((NodePages.Dataplane(cluster.Node)[DataplaneSum] - before) * 1e3);
            scope.Sleep(TimeSpan.FromSeconds(2));
        }

        output.WriteLine($"\n{whole.Count} restarts of the agent, ms");
        Row("process start -> whole state in force", whole, SyncTarget);
        Row("  of it compile", compile);
        Row("  of it the call with the whole state", call, SyncTarget);
        Row("    dataplane: receipt -> published", published, SyncTarget);
        Say($"resident: {cluster.Resident()}");
    }

    private void DataplaneRestarts(BenchScope scope, ScaleCluster cluster)
    {
        List<double> stopped = [], whole = [], call = [], published = [], answered = [];
        for (var i = 0; i < options["--restarts"]; i++)
        {
            var node = cluster.Node;
            var lines = SyncLine.Count(node.Agent!.Output);
            var clock = Stopwatch.StartNew();
            node.Dataplane!.Stop(TimeSpan.FromSeconds(10));
            stopped.Add(clock.Elapsed.TotalMilliseconds);
            var began = DateTime.UtcNow;
            node.StartDataplane();
            var agent = new NamedProcess("agent", node.Agent!);
            scope.WaitUntil("whole state sent to the new dataplane", TimeSpan.FromMinutes(2), agent, () => SyncLine.Count(agent.Process.Output) > lines);
            cluster.WaitUntilProgrammed();
            var line = SyncLine.Last(agent.Process.Output)!;
            whole.Add((line.Time - began).TotalMilliseconds);
            call.Add(line.Milliseconds);
            published.Add(NodePages.Dataplane(node)[DataplaneSum] * 1e3);
            var (from, now) = (Stopwatch.StartNew(), ScaleCluster.Now);
            cluster.WaitForAnyAnswer(now);
            answered.Add(from.Elapsed.TotalMilliseconds);
            scope.Sleep(TimeSpan.FromSeconds(2));
        }

        output.WriteLine($"\n{whole.Count} restarts of the dataplane, ms");
        Row("process start -> whole state in force", whole, SyncTarget);
        Row("  of it the call with the whole state", call, SyncTarget);
        Row("    dataplane: receipt -> published", published, SyncTarget);
        Row("before it: the old process ends", stopped);
        Row("after it: a connection is answered", answered);
        Say($"resident: {cluster.Resident()}");
    }

    private void Row(string what, IEnumerable<double> values, double? target = null)
    {
        var of = Percentiles.Of(values);
        var verdict = target is { } limit ? Invariant($"   target {limit:F0}: {(of.P99 < limit ? "met" : of.P50 < limit ? "met by the median, MISSED at p99" : "MISSED")}") : "";
        output.WriteLine(Invariant($"  {what,-54} p50 {of.P50,8:F1}  p99 {of.P99,8:F1}  max {of.Max,8:F1}{verdict}"));
    }

    private void Say(FormattableString text) => output.WriteLine(Invariant(text));

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
