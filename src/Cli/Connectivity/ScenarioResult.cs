namespace Dataplane.Cli.Connectivity;

/// <summary>A scenario that is done.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Outcome">What it came to.</param>
/// <param name="Duration">How long it took.</param>
internal sealed record ScenarioResult(string Name, ScenarioOutcome Outcome, TimeSpan Duration);
