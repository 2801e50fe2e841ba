using System.Diagnostics;
using Dataplane.Bench.EndToEnd.Measure;
using Dataplane.Bench.EndToEnd.Paths;

namespace Dataplane.Bench.EndToEnd.Soak;

/// <summary>Moderate load for minutes, most of them with services that come, change and go; then rest. Ends with a verdict per criterion.</summary>
public sealed class SoakRun(NumberOptions options, TextWriter output)
{
    private const double LoadShare = 0.3;     // of the minutes, without churn
    private const int RestSeconds = 20;       // before the load
    private const int LongestTimeout = 120;   // s: UDP with answers 120; TCP after both FINs 60, and an ended flow may stay for twice its timeout
    private const int Grace = 30;             // s
    private readonly List<SoakSample> _samples = [];
    private readonly Stopwatch _clock = Stopwatch.StartNew();

    /// <summary>Options of `soak`.</summary>
    public static NumberOption[] Options { get; } = [new("--minutes", 10, 1, 10_000), new("--changes", 10, 1, 100), new("--sample", 5, 1, 600)];

    /// <summary>The exit code: 0, or 1 when a criterion does not hold.</summary>
    public int Run(CancellationToken cancel)
    {
        OurPath.RequirePrograms();
        using var scope = new BenchScope(cancel);
        var path = new OurPath("ours", scope);
        path.Build(BenchStep.Of(new BenchOptions()).Single(), endpoints: 1);
        path.ForgetFlows();
        var verdicts = new List<Verdict>(Frames(path, "before the load"));

        Sample(scope, path, SoakPhase.Before, TimeSpan.FromSeconds(RestSeconds));
        var load = TimeSpan.FromMinutes(options["--minutes"] * LoadShare);
        var churn = TimeSpan.FromMinutes(options["--minutes"]) - load;
        var clients = new SoakLoad(scope, path, (int)(load + churn).TotalSeconds);
        using var window = new CpuWindow(scope.Servers, path.DataplaneProcesses);
        Sample(scope, path, SoakPhase.Load, load);
        using (var changes = scope.Own(new SoakChurn(path.Manifests, [.. BenchPlan.Services.Where(s => s.Backends.Count > 1)], options["--changes"])))
        {
            Sample(scope, path, SoakPhase.Churn, churn);
            changes.Dispose();
            output.WriteLine($"churn: {changes.Created} services made, {changes.Deleted} taken away, {changes.Changed} slices changed");
        }

        var use = window.Stop();
        output.WriteLine(Invariant($"machine: {use.Busy / use.WallSeconds:F2} of {use.BusyPerCore.Count} cores busy, our processes {use.Dataplane / use.WallSeconds:F2}, work outside the bench {use.Noise * 100:F0} %"));
        output.WriteLine("load:");
        var faults = clients.Finish(output);
        verdicts.Add(new Verdict("the load has met no error", faults.Count == 0, faults.Count == 0 ? "none" : string.Join("; ", faults)));

        Rest(scope, path);
        verdicts.AddRange(Frames(path, "at the end"));
        foreach (var node in _samples.GroupBy(s => s.Node))
            verdicts.AddRange(SoakCriteria.Of([.. node]));

        output.WriteLine("garbage collection of the dataplanes:");
        foreach (var line in _samples.GroupBy(s => s.Node).SelectMany(node => SoakCriteria.Collections([.. node])))
            output.WriteLine("  " + line);
        output.WriteLine();
        foreach (var verdict in verdicts)
            output.WriteLine(verdict);
        var failed = verdicts.Count(v => !v.Holds);
        output.WriteLine(failed == 0 ? $"all {verdicts.Count} criteria hold" : $"{failed} of {verdicts.Count} criteria do not hold");
        return failed == 0 ? 0 : 1;
    }

    private static IEnumerable<Verdict> Frames(OurPath path, string when) => path.Nodes.Select(node =>
        node.FrameLeak() is { } leak ? new Verdict($"{node.Name}: all frames are accounted for {when}", false, leak) : new Verdict($"{node.Name}: all frames are accounted for {when}", true, "the sum is the total"));

    // Until the tables are as empty as before; at the longest until every timeout is over.
    private void Rest(BenchScope scope, OurPath path)
    {
        var clock = Stopwatch.StartNew();
        do
        {
            scope.Sleep(TimeSpan.FromSeconds(options["--sample"]));
            Sample(scope, path, SoakPhase.After, TimeSpan.Zero);
        }
        while (clock.Elapsed.TotalSeconds < LongestTimeout + Grace
            && _samples.GroupBy(s => s.Node).Any(node => node.Last().Entries > node.Last(s => s.Phase == SoakPhase.Before).Entries));
        output.WriteLine(Invariant($"at rest for {clock.Elapsed.TotalSeconds:F0} s"));
    }

    private void Sample(BenchScope scope, OurPath path, SoakPhase phase, TimeSpan time)
    {
        var end = _clock.Elapsed + time;
        while (true)
        {
            foreach (var node in path.Nodes)
            {
                var sample = SoakSample.Take(node, phase, _clock.Elapsed.TotalSeconds);
                _samples.Add(sample);
                output.WriteLine(Invariant(
                    $"{sample.Seconds,6:F0} s  {phase,-7} {node.Name}  conntrack {sample.Entries,6}  dataplane {sample.DataplaneBytes / (1 << 20):F1} MB, {sample.DataplaneFiles} files, gc {string.Join('/', sample.Collections)}  agent {sample.AgentBytes / (1 << 20):F1} MB, {sample.AgentFiles} files  states {sample.States}"));
            }

            var left = end - _clock.Elapsed;
            if (left <= TimeSpan.Zero)
                return;
            scope.Sleep(TimeSpan.FromSeconds(Math.Min(options["--sample"], left.TotalSeconds)));
        }
    }

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
