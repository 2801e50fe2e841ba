namespace Dataplane.Cli.Connectivity;

/// <summary>What a scenario came to.</summary>
/// <param name="Kind">The sort.</param>
/// <param name="Detail">What was wrong, or why it was not tried; empty for what passed.</param>
internal sealed record ScenarioOutcome(ScenarioOutcomeKind Kind, string Detail)
{
    /// <summary>All as it must be.</summary>
    public static ScenarioOutcome Passed { get; } = new(ScenarioOutcomeKind.Passed, "");

    /// <summary>Something was not.</summary>
    public static ScenarioOutcome Failed(string detail) => new(ScenarioOutcomeKind.Failed, detail);

    /// <summary>This cluster, or what was given, does not have what it needs.</summary>
    public static ScenarioOutcome Skipped(string reason) => new(ScenarioOutcomeKind.Skipped, reason);
}
