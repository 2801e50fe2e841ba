namespace Dataplane.Control.Metrics;

/// <summary>Why the process is not healthy, or not ready.</summary>
/// <param name="Component">What fails, for example "worker-0" or "agent".</param>
/// <param name="Reason">How, for people.</param>
public readonly record struct HealthFault(string Component, string Reason);
