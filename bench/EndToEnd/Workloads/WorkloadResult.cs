namespace Dataplane.Bench.EndToEnd.Workloads;

/// <summary>The values by metric id, the work done in the workload's unit of work, and figures that are only kept in the JSON.</summary>
public sealed record WorkloadResult(
    IReadOnlyDictionary<string, double> Values, double Work, IReadOnlyDictionary<string, double>? Notes = null);
