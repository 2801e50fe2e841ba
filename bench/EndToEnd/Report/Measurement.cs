using Dataplane.Bench.EndToEnd.Measure;

namespace Dataplane.Bench.EndToEnd.Report;

/// <summary>One run of one workload on one contender, among a number of services; either values or an error.</summary>
public sealed record Measurement(
    int Services, int Round, string Journey, string Workload, string Contender,
    IReadOnlyDictionary<string, double> Values, IReadOnlyDictionary<string, double>? Notes,
    double Work, string WorkUnit, CpuUse? Cpu, int Repeats, string? Error);
