namespace Dataplane.Bench.EndToEnd.Workloads;

/// <summary>One figure a workload yields.</summary>
public sealed record Metric(string Id, string Title, string Unit, bool HigherIsBetter);
