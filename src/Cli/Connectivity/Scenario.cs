using System.Text.Json.Nodes;

namespace Dataplane.Cli.Connectivity;

/// <summary>One thing that must hold on a cluster.</summary>
/// <param name="Name">Its name, that of the scenario of `cilium connectivity test` where there is one.</param>
/// <param name="RunAsync">Finds out.</param>
internal sealed record Scenario(string Name, Func<TestBed, CancellationToken, Task<ScenarioOutcome>> RunAsync)
{
    /// <summary>One that is made of questions only.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="probes">The questions.</param>
    /// <param name="needs">Why it cannot be tried; null: it can.</param>
    public static Scenario OfProbes(string name, Func<TestBed, IEnumerable<Probe>> probes, Func<TestBed, string?>? needs = null) => new(
        name,
        async (bed, cancel) => needs?.Invoke(bed) is { } reason
            ? ScenarioOutcome.Skipped(reason)
            : Judge(await bed.AskAsync([.. probes(bed)], cancel).ConfigureAwait(false)));

    /// <summary>One that applies a policy, asks, and takes it away again.</summary>
    /// <param name="name">Its name, and the policy's.</param>
    /// <param name="spec">The policy's spec.</param>
    /// <param name="probes">The questions while it is in force.</param>
    /// <param name="needs">Why it cannot be tried; null: it can.</param>
    public static Scenario OfPolicy(
        string name, Func<TestBed, JsonObject> spec, Func<TestBed, IEnumerable<Probe>> probes, Func<TestBed, string?>? needs = null) => new(
        name,
        async (bed, cancel) => needs?.Invoke(bed) is { } reason
            ? ScenarioOutcome.Skipped(reason)
            : Judge(await bed.AskUnderPolicyAsync(name, spec(bed), [.. probes(bed)], cancel).ConfigureAwait(false)));

    private static ScenarioOutcome Judge(IReadOnlyList<string> failures) =>
        failures.Count == 0 ? ScenarioOutcome.Passed : ScenarioOutcome.Failed(string.Join('\n', failures));
}
