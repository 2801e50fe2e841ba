using Dataplane.Bench.EndToEnd.Workloads;

namespace Dataplane.Bench.EndToEnd.Report;

/// <summary>Medians, spread and ratios out of the single measurements.</summary>
public static class Summary
{
    /// <summary>One row per number of services, journey, workload, metric and contender, in the order they were first measured.</summary>
    public static IReadOnlyList<SummaryRow> Of(IReadOnlyList<Measurement> measurements)
    {
        var rows = new List<SummaryRow>();
        foreach (var cell in measurements.GroupBy(m => (m.Services, m.Journey, m.Workload)).OrderBy(g => g.Key.Services).ThenBy(g => JourneyOrder(measurements, g.Key.Journey)))
        {
            var workload = Workload.All.Single(w => w.Id == cell.Key.Workload);
            // Ours first, then by name: alternation changes the order in which contenders were measured.
            var contenders = cell.GroupBy(m => m.Contender).OrderBy(g => g.Key == Contender.Ours ? "" : g.Key, StringComparer.Ordinal).ToList();
            var ours = contenders.FirstOrDefault(g => g.Key == Contender.Ours)?.ToList() ?? [];
            foreach (var metric in workload.Metrics)
            {
                rows.AddRange(contenders.Select(c => Row(cell.Key.Services, cell.Key.Journey, workload, metric, [.. c], ours)));
            }
        }

        return rows;
    }

    private static SummaryRow Row(int services, string journey, Workload workload, Metric metric, List<Measurement> rounds, List<Measurement> ours)
    {
        var first = metric == workload.Metrics[0];
        double Value(Measurement m) => m.Values.GetValueOrDefault(metric.Id, double.NaN);
        var contender = rounds[0].Contender;
        return new SummaryRow(
            services, journey, workload.Id, metric.Id, metric.Title, metric.Unit, metric.HigherIsBetter, contender, workload.WorkUnit,
            Series.Of(rounds.Select(Value)),
            first ? Series.Of(rounds.Select(Cpu)) : null,
            first && contender == Contender.Ours ? Series.Of(rounds.Select(m => m.Cpu is null || m.Work == 0 ? double.NaN : m.Cpu.Dataplane / m.Work)) : null,
            contender == Contender.Ours ? null : Series.Of(Paired(ours, rounds, Value)),
            contender == Contender.Ours || !first ? null : Series.Of(Paired(ours, rounds, Cpu)),
            rounds.Max(m => m.Cpu?.Noise ?? 0),
            rounds.FirstOrDefault(m => m.Error is not null)?.Error);
    }

    // Neighbours in time are compared, so that a slow minute of the machine hits both sides of a ratio.
    private static IEnumerable<double> Paired(List<Measurement> ours, List<Measurement> theirs, Func<Measurement, double> value) =>
        from mine in ours join other in theirs on mine.Round equals other.Round select value(mine) / value(other);

    private static double Cpu(Measurement m) => m.Cpu is null || m.Work == 0 ? double.NaN : m.Cpu.Work / m.Work;

    private static int JourneyOrder(IReadOnlyList<Measurement> measurements, string journey) =>
        measurements.Select((m, i) => (m.Journey, i)).First(x => x.Journey == journey).i;
}
