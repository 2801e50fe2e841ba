using System.Diagnostics;
using Dataplane.Kubernetes;

namespace Dataplane.Cli.Connectivity;

/// <summary>A test from its set-up to its summary: a line for each scenario as it ends.</summary>
/// <param name="api">The API server.</param>
/// <param name="server">Its address, for messages.</param>
/// <param name="options">What is asked for.</param>
/// <param name="output">Gets the lines.</param>
/// <param name="errors">Gets what is wrong with the run itself.</param>
internal sealed class ConnectivityRun(ClusterApi api, Uri server, ConnectivityOptions options, TextWriter output, TextWriter errors)
{
    /// <summary>Longest time for taking down what was made.</summary>
    private static readonly TimeSpan s_cleanup = TimeSpan.FromSeconds(90);

    private readonly List<ScenarioResult> _results = [];

    /// <summary>Names of all scenarios, in their order.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. Before().Concat(OwnStateScenarios.After(null, default)).Select(scenario => scenario.Name)];

    /// <summary>Runs it; returns the exit code. Takes down what it made, whatever happens.</summary>
    public async Task<int> RunAsync(CancellationToken cancel)
    {
        if (!Names.Any(IsAsked))
        {
            await errors.WriteLineAsync($"dpctl: --test {options.Filter}: no scenario has such a name; there are {string.Join(", ", Names)}").ConfigureAwait(false);
            return ExitCode.Usage;
        }
        // A place that cannot be written to is told at once, not after minutes.
        if (options.JUnit.Length > 0)
            JUnitReport.Write(options.JUnit, _results);
        using var bed = new TestBed(api, options);
        var made = false;
        try
        {
            await LineAsync($"== pods and services in namespace {options.Namespace}").ConfigureAwait(false);
            made = await MadeAsync(bed, cancel).ConfigureAwait(false);
            if (made)
                await ScenariosAsync(bed, cancel).ConfigureAwait(false);
        }
        finally
        {
            await RemoveAsync(bed).ConfigureAwait(false);
        }
        if (options.JUnit.Length > 0)
            JUnitReport.Write(options.JUnit, _results);
        if (!made)
            return ExitCode.Failure;
        var failed = Count(ScenarioOutcomeKind.Failed);
        await LineAsync($"{Count(ScenarioOutcomeKind.Passed)} passed, {failed} failed, {Count(ScenarioOutcomeKind.Skipped)} skipped").ConfigureAwait(false);
        return failed == 0 && Count(ScenarioOutcomeKind.Passed) > 0 ? ExitCode.Success : ExitCode.Failure;
    }

    private static IEnumerable<Scenario> Before() => [OwnStateScenarios.Health, .. TrafficScenarios.All, .. PolicyScenarios.All];

    private bool IsAsked(string name) => options.Filter?.IsMatch(name) ?? true;

    private int Count(ScenarioOutcomeKind kind) => _results.Count(result => result.Outcome.Kind == kind);

    private async Task<bool> MadeAsync(TestBed bed, CancellationToken cancel)
    {
        var outcome = await LimitedAsync(
            async stop =>
            {
                await bed.MakeAsync(stop).ConfigureAwait(false);
                return ScenarioOutcome.Passed;
            },
            cancel).ConfigureAwait(false);
        if (outcome.Kind == ScenarioOutcomeKind.Passed)
            return true;
        _results.Add(new ScenarioResult("set-up", outcome, TimeSpan.Zero));
        await errors.WriteLineAsync($"dpctl: {outcome.Detail}").ConfigureAwait(false);
        return false;
    }

    private async Task ScenariosAsync(TestBed bed, CancellationToken cancel)
    {
        var since = DateTimeOffset.UtcNow;
        DropCounts? before = null;
        var drops = await LimitedAsync(
            async stop =>
            {
                before = await DropCounts.ReadAsync(bed, stop).ConfigureAwait(false);
                return ScenarioOutcome.Passed;
            },
            cancel).ConfigureAwait(false);
        if (drops.Kind == ScenarioOutcomeKind.Failed)
            await errors.WriteLineAsync($"dpctl: drops cannot be read: {drops.Detail}").ConfigureAwait(false);
        foreach (var scenario in Before().Concat(OwnStateScenarios.After(before, since)).Where(scenario => IsAsked(scenario.Name)))
        {
            var began = Stopwatch.GetTimestamp();
            // Drops that could not be read before leave nothing to compare with.
            var outcome = drops.Kind == ScenarioOutcomeKind.Failed && scenario.Name == "no-unexpected-packet-drops"
                ? drops
                : await LimitedAsync(stop => scenario.RunAsync(bed, stop), cancel).ConfigureAwait(false);
            var result = new ScenarioResult(scenario.Name, outcome, Stopwatch.GetElapsedTime(began));
            _results.Add(result);
            await LineAsync(Text(result)).ConfigureAwait(false);
        }
    }

    // What fails by itself fails the scenario; what the operator interrupts ends the run.
    private async Task<ScenarioOutcome> LimitedAsync(Func<CancellationToken, Task<ScenarioOutcome>> step, CancellationToken cancel)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limited.CancelAfter(options.Limit);
        try
        {
            return await step(limited.Token).ConfigureAwait(false);
        }
        catch (Exception) when (cancel.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancel);
        }
        catch (OperationCanceledException e)
        {
            return ScenarioOutcome.Failed($"not done within {options.Limit.TotalSeconds:0} s (--timeout){(e.InnerException is null ? "" : $": {e.Message}")}");
        }
        catch (Exception e) when (e is ApiException or AccessException or ConnectivityException or HttpRequestException or IOException
            or TimeoutException or System.Net.WebSockets.WebSocketException or System.Text.Json.JsonException)
        {
            return ScenarioOutcome.Failed(Explain(e));
        }
    }

    // What stays behind fails the test, also when all else has passed.
    private async Task RemoveAsync(TestBed bed)
    {
        using var limited = new CancellationTokenSource(s_cleanup);
        var began = Stopwatch.GetTimestamp();
        try
        {
            await bed.RemoveAsync(limited.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or ApiException or AccessException or HttpRequestException or IOException or TimeoutException)
        {
            _results.Add(new ScenarioResult("take-down", ScenarioOutcome.Failed(Explain(e)), Stopwatch.GetElapsedTime(began)));
            await errors.WriteLineAsync(
                $"dpctl: what the test made could not be taken down: {Explain(e)}\nSee: kubectl delete namespace {options.Namespace} {options.Namespace}-held").ConfigureAwait(false);
        }
    }

    private async Task LineAsync(string text)
    {
        await output.WriteAsync(text + "\n").ConfigureAwait(false);
        await output.FlushAsync().ConfigureAwait(false); // an operator looks on
    }

    private static string Text(ScenarioResult result) => result.Outcome.Kind switch
    {
        ScenarioOutcomeKind.Passed => $"ok    {result.Name} ({result.Duration.TotalMilliseconds:0} ms)",
        ScenarioOutcomeKind.Skipped => $"skip  {result.Name}: {result.Outcome.Detail}",
        _ => $"FAIL  {result.Name} ({result.Duration.TotalMilliseconds:0} ms)\n      {result.Outcome.Detail.Replace("\n", "\n      ", StringComparison.Ordinal)}",
    };

    private string Explain(Exception e)
    {
        if (e is not HttpRequestException)
            return e.Message;
        // The two often say the same.
        var cause = e.InnerException is { } inner && !e.Message.Contains(inner.Message, StringComparison.Ordinal) ? $"{e.Message} ({inner.Message})" : e.Message;
        return $"the API server {server} cannot be reached: {cause}; give another address (--api-server URL) or file (--kubeconfig FILE), or see whether `kubectl get nodes` works here";
    }
}
