using System.Globalization;
using Dataplane.Bench.EndToEnd.Measure;
using Dataplane.Bench.EndToEnd.Paths;
using Dataplane.Bench.EndToEnd.Report;

namespace Dataplane.Bench.EndToEnd.Policies;

/// <summary>How long a changed NetworkPolicy takes to reach packets among many policies and pods, and what new connections cost there and alone.</summary>
public sealed class PoliciesRun(NumberOptions options, TextWriter output)
{
    private const double Target = 1000; // ms

    /// <summary>Options of `policies`.</summary>
    public static NumberOption[] Options { get; } =
        [new("--policies", 1000, 2, 10_000), new("--pods", 1000, 3, 15_000), new("--changes", 50, 2, 10_000), new("--seconds", 5, 1, 600)];

    /// <summary>The exit code: 0 when everything was measured, whatever the figures are.</summary>
    public int Run(CancellationToken cancel)
    {
        OurPath.RequirePrograms();
        var alone = Measure(2, 3, changes: false, cancel);
        var many = Measure(options["--policies"], options["--pods"], changes: true, cancel);
        output.WriteLine(Text($"\nnew connections per second to a pod under a policy: {alone:F0} with 2 policies and 3 pods, {many:F0} with {options["--policies"]} and {options["--pods"]}: ratio {many / alone:F2}"));
        return 0;
    }

    private double Measure(int policies, int pods, bool changes, CancellationToken cancel)
    {
        using var scope = new BenchScope(cancel);
        var cluster = new PolicyCluster(scope, policies, pods);
        output.WriteLine(Text($"one node, {policies} policies, {pods} pods: {cluster.Tables.Addresses} addresses and prefixes, {cluster.Tables.Identities} identities, {cluster.Tables.Lists} lists of rules"));
        if (changes)
            Changes(scope, cluster);
        var (client, address, port) = cluster.Connection;
        var result = scope.RunTool("connect", client, options["--seconds"], (_, _) => { }, "connect-measure", address, port.ToString(CultureInfo.InvariantCulture), options["--seconds"].ToString(CultureInfo.InvariantCulture));
        var figures = Parsing.ToolResult.Parse(result);
        return figures["errors"] > figures["count"] / 100 ? throw new BenchException(Text($"{figures["errors"]} errors beside {figures["count"]} connections")) : figures["count"] / figures["seconds"];
    }

    private void Changes(BenchScope scope, PolicyCluster cluster)
    {
        using var window = new CpuWindow(scope.Servers, []);
        var random = new Random(1);
        List<double> denied = [], allowed = [];
        for (var i = 0; i < options["--changes"] + 2; i++)
        {
            // Not in step with anything that runs at intervals.
            scope.Sleep(TimeSpan.FromMilliseconds(200 + random.Next(200)));
            var took = cluster.Change(allowed: i % 2 == 1);
            if (i > 1) // the first of each compiles code
                (i % 2 == 1 ? allowed : denied).Add(took);
        }

        var noise = window.Stop().Noise;
        output.WriteLine(Text($"\n{denied.Count + allowed.Count} changes of one NetworkPolicy, ms from its file in place (other work on this machine: {noise * 100:F0} %)"));
        Row("-> a new connection is stopped", denied);
        Row("-> a new connection is let through", allowed);
    }

    private void Row(string what, List<double> values)
    {
        var of = Percentiles.Of(values);
        output.WriteLine(Text($"  {what,-40} p50 {of.P50,8:F1}  p99 {of.P99,8:F1}  max {of.Max,8:F1}   target {Target:F0}: {(of.P99 < Target ? "met" : "MISSED")}"));
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
