using Dataplane.Bench.EndToEnd.Measure;
using Dataplane.Bench.EndToEnd.Paths;
using Dataplane.Bench.EndToEnd.Report;

namespace Dataplane.Bench.EndToEnd;

/// <summary>Takes the steps one after the other, each in a scope of its own, and reports.</summary>
public sealed class BenchRun(BenchOptions options, TextWriter output)
{
    /// <summary>The exit code: 0, or 1 when a measurement failed.</summary>
    public int Run(CancellationToken cancel)
    {
        var started = DateTimeOffset.UtcNow;
        var machine = MachineFacts.Read();
        if (options.Side != "kernel")
        {
            OurPath.RequirePrograms();
        }

        var measurements = new List<Measurement>();
        var builds = new List<BuildReport>();
        var idle = new Dictionary<string, double>();
        foreach (var step in BenchStep.Of(options))
        {
            using var scope = new BenchScope(cancel);
            var run = new BenchStepRun(options, step, scope, output);
            builds.AddRange(run.Build());
            idle = run.Idle();
            run.Measure(measurements);
        }

        var rows = Summary.Of(measurements);
        TableReport.Write(output, machine, rows, measurements);
        if (options.Services.Count > 1)
        {
            ServicesTable.Write(output, rows, builds);
        }

        var seconds = (DateTimeOffset.UtcNow - started).TotalSeconds;
        output.WriteLine(FormattableString.Invariant($"\ntook {seconds:F0} s"));
        if (options.JsonFile is not null)
        {
            new JsonReport(2, started, seconds, machine, options, builds, idle, rows, measurements).Write(options.JsonFile);
        }

        return measurements.Any(m => m.Error is not null) ? 1 : 0;
    }
}
