namespace Dataplane.Bench.EndToEnd.Report;

/// <summary>One metric of one contender over all rounds, among a number of services.</summary>
/// <param name="Value">In <paramref name="Unit"/>; null when every round failed.</param>
/// <param name="CpuPerWork">Busy seconds of the whole machine, less foreign processes, per unit of work; on the first metric of a workload only.</param>
/// <param name="DataplaneCpuPerWork">Of that, our processes' own.</param>
/// <param name="OursToThis">Ours divided by this contender, round by round.</param>
/// <param name="OursToThisCpu">The same of <paramref name="CpuPerWork"/>.</param>
/// <param name="Noise">Largest share of the machine that others took, 0 to 1.</param>
public sealed record SummaryRow(
    int Services, string Journey, string Workload, string Metric, string Title, string Unit, bool HigherIsBetter, string Contender, string WorkUnit,
    Series? Value, Series? CpuPerWork, Series? DataplaneCpuPerWork, Series? OursToThis, Series? OursToThisCpu, double Noise, string? Error);
