using System.Globalization;
using System.Text.RegularExpressions;

namespace Dataplane.Cli.Connectivity;

/// <summary>Scenarios about the dataplane itself: health before the traffic; connections, drops and logs after it.</summary>
internal static partial class OwnStateScenarios
{
    /// <summary>Lines of a log that a report shows.</summary>
    private const int ShownLines = 5;

    private static readonly TimeSpan s_held = TimeSpan.FromSeconds(2);

    /// <summary>Whether each node's dataplane calls itself healthy.</summary>
    public static Scenario Health { get; } = new("health", async (bed, cancel) =>
    {
        var pods = await DataplanePods.ListAsync(bed, cancel).ConfigureAwait(false);
        if (DataplanePods.WhyNone(bed, pods) is { } reason)
            return ScenarioOutcome.Skipped(reason);
        var failures = new List<string>();
        foreach (var pod in pods)
        {
            var check = await bed.Api.ExecAsync(pod.Name, DataplanePods.Container, ["dpctl", "check"], cancel).ConfigureAwait(false);
            if (check.ExitCode != 0)
                failures.Add($"{pod.Node}: {(check.Output.Split('\n').Where(line => line.StartsWith("FAIL", StringComparison.Ordinal)) is var lines && lines.Any() ? string.Join("; ", lines) : check.Errors.Trim())}");
        }
        return Judge(failures);
    });

    /// <summary>What comes after the traffic.</summary>
    /// <param name="before">Drops as they were before it; null: there was nobody to ask.</param>
    /// <param name="since">When the test began.</param>
    public static IReadOnlyList<Scenario> After(DropCounts? before, DateTimeOffset since) =>
    [
        new Scenario("no-interrupted-connections", HeldAsync),
        new Scenario("no-unexpected-packet-drops", (bed, cancel) => DropsAsync(bed, before, cancel)),
        new Scenario("check-log-errors", (bed, cancel) => LogsAsync(bed, since, cancel)),
    ];

    // The pod lives as long as its connection; that it also gets answers shows in its log.
    private static async Task<ScenarioOutcome> HeldAsync(TestBed bed, CancellationToken cancel)
    {
        var (first, phase) = await HeldCountAsync(bed, cancel).ConfigureAwait(false);
        await Task.Delay(s_held, cancel).ConfigureAwait(false);
        (var last, phase) = await HeldCountAsync(bed, cancel).ConfigureAwait(false);
        return phase != "Running" ? ScenarioOutcome.Failed($"the connection from {bed.Held} to its service ended after {last} answers")
            : last <= first ? ScenarioOutcome.Failed($"the connection from {bed.Held} to its service got no answer for {s_held.TotalSeconds:0} s, after {last} answers")
            : ScenarioOutcome.Passed;
    }

    private static async Task<(long Answers, string Phase)> HeldCountAsync(TestBed bed, CancellationToken cancel)
    {
        var pod = await bed.Api.GetAsync(bed.Held.Path, cancel).ConfigureAwait(false);
        var log = await bed.Api.GetTextAsync($"{bed.Held.Path}/log?tailLines=1", cancel).ConfigureAwait(false);
        return (long.TryParse(log.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : 0, (string?)pod["status"]?["phase"] ?? "");
    }

    private static async Task<ScenarioOutcome> DropsAsync(TestBed bed, DropCounts? before, CancellationToken cancel)
    {
        if (before is null)
            return ScenarioOutcome.Skipped(DataplanePods.WhyNone(bed, []) ?? "");
        var after = await DropCounts.ReadAsync(bed, cancel).ConfigureAwait(false);
        return after is null ? ScenarioOutcome.Failed("the dataplane's pods are gone") : Judge(after.UnexpectedSince(before, bed.Options.AllowedDrops));
    }

    private static async Task<ScenarioOutcome> LogsAsync(TestBed bed, DateTimeOffset since, CancellationToken cancel)
    {
        var pods = await DataplanePods.ListAsync(bed, cancel).ConfigureAwait(false);
        if (DataplanePods.WhyNone(bed, pods) is { } reason)
            return ScenarioOutcome.Skipped(reason);
        var failures = new List<string>();
        var from = since.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        foreach (var pod in pods)
        {
            foreach (var container in pod.Containers)
            {
                var log = await bed.Api.GetTextAsync($"{pod.Name.Path}/log?container={container}&sinceTime={from}", cancel).ConfigureAwait(false);
                var bad = log.Split('\n').Where(line => ErrorLine().IsMatch(line)).ToList();
                failures.AddRange(bad.Take(ShownLines).Select(line => $"{pod.Node}, {container}: {line.Trim()}"));
                if (bad.Count > ShownLines)
                    failures.Add($"{pod.Node}, {container}: and {bad.Count - ShownLines} more");
            }
        }
        return Judge(failures);
    }

    private static ScenarioOutcome Judge(IReadOnlyCollection<string> failures) =>
        failures.Count == 0 ? ScenarioOutcome.Passed : ScenarioOutcome.Failed(string.Join('\n', failures));

    // The agent's form and the dataplane's: a time, then the level; and what the runtime writes at its end.
    [GeneratedRegex(@"^\S+ (error|fail:|crit:)|^Unhandled exception")]
    private static partial Regex ErrorLine();
}
