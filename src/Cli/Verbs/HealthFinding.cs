namespace Dataplane.Cli.Verbs;

/// <summary>The outcome of one health check.</summary>
/// <param name="Subject">What was looked at.</param>
/// <param name="Healthy">Whether it is as it should be.</param>
/// <param name="Detail">What was found and, when it is wrong, what to do.</param>
internal sealed record HealthFinding(string Subject, bool Healthy, string Detail);
