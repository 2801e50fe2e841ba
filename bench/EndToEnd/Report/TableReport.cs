using System.Globalization;
using Dataplane.Bench.EndToEnd.Measure;

namespace Dataplane.Bench.EndToEnd.Report;

/// <summary>The tables a person reads.</summary>
public static class TableReport
{
    /// <summary>Share of the machine from which a line is marked.</summary>
    internal const double NoisyFrom = 0.10;

    /// <summary>Writes one table per number of services and journey, then who ran on which core.</summary>
    public static void Write(TextWriter output, MachineFacts machine, IReadOnlyList<SummaryRow> rows, IReadOnlyList<Measurement> measurements)
    {
        output.WriteLine(Invariant(
            $"\nmachine: Linux {machine.Kernel}, {machine.Cores} x {machine.Cpu}, {machine.MemoryGb} GB, hypervisor: {machine.Hypervisor}, {machine.Runtime}, load at start {machine.LoadAtStart}"));
        foreach (var journey in rows.GroupBy(r => (r.Services, r.Journey)))
        {
            output.WriteLine($"\npod -> ClusterIP -> pod, {journey.Key.Journey}, {journey.Key.Services} services");
            output.WriteLine($"  {"",-24}{"",-26}{"median",10}  {"min - max",-21}{"unit",-8}{"ours/this",10}  {"min - max",-14}{"CPU s per",-22}{"ours/this",9}  noise");
            var previous = "";
            foreach (var row in journey)
            {
                WriteRow(output, row, row.Title == previous ? "" : row.Title);
                previous = row.Title;
            }
        }

        output.WriteLine("\nwho ran where (last round; share of a core in %, kernel forwarding included in whoever it interrupted)");
        foreach (var last in measurements.GroupBy(m => (m.Services, m.Journey, m.Workload, m.Contender)).Select(g => g.MaxBy(m => m.Round)!).Where(m => m.Cpu is not null))
        {
            var busy = string.Join(' ', last.Cpu!.BusyPerCore.Select((b, i) => Invariant($"cpu{i} {b * 100:F0}%")));
            var who = string.Join(", ", last.Cpu.Cores.GroupBy(c => c.Process).Select(g =>
                g.Key + " " + string.Join('+', g.Select(c => Invariant($"cpu{c.Core}:{c.Share * 100:F0}")))));
            output.WriteLine($"  {last.Services,5} {last.Journey,-16} {last.Workload,-10}{last.Contender,-26}{busy} | {who}");
        }
    }

    private static void WriteRow(TextWriter output, SummaryRow row, string title)
    {
        if (row.Value is null)
        {
            output.WriteLine($"  {title,-24}{row.Contender,-26}FAILED: {row.Error}");
            return;
        }

        var ratio = row.OursToThis is { } r ? Invariant($"{r.Median,10:F2}  {Invariant($"{r.Min:F2} - {r.Max:F2}"),-14}") : new string(' ', 26);
        var cpu = row.CpuPerWork is { } c ? Invariant($"{c.Median:G3} / {row.WorkUnit}") : "";
        var cpuRatio = row.OursToThisCpu is { } o ? Invariant($"{o.Median,9:F2}") : new string(' ', 9);
        var noise = Invariant($"{row.Noise * 100:F0}%{(row.Noise > NoisyFrom ? " NOISY" : "")}");
        var range = $"{Number(row.Value.Min)} - {Number(row.Value.Max)}";
        output.WriteLine(
            $"  {title,-24}{row.Contender,-26}{Number(row.Value.Median),10}  {range,-21}{row.Unit,-8}{ratio}{cpu,-22}{cpuRatio}  {noise}".TrimEnd());
        if (row.DataplaneCpuPerWork is { } own)
        {
            output.WriteLine(Invariant($"  {"",-24}{"",-26}{"",10}  {"",-21}{"",-8}{"",26}{own.Median:G3} of it dataplane"));
        }

        if (row.Error is not null)
        {
            output.WriteLine($"  {"",-24}{"",-26}a round FAILED: {row.Error}");
        }
    }

    private static string Number(double value) => value switch
    {
        >= 1000 => value.ToString("F0", CultureInfo.InvariantCulture),
        >= 100 => value.ToString("F1", CultureInfo.InvariantCulture),
        _ => value.ToString("F2", CultureInfo.InvariantCulture),
    };

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
