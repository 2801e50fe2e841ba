using System.Globalization;

namespace Dataplane.Bench.EndToEnd.Report;

/// <summary>The tables that set numbers of services beside each other: what does a service more cost?</summary>
public static class ServicesTable
{
    private const int Label = 12, Column = 14;

    /// <summary>Writes one table per journey and workload, then the programming times.</summary>
    public static void Write(TextWriter output, IReadOnlyList<SummaryRow> rows, IReadOnlyList<BuildReport> builds)
    {
        output.WriteLine("\nby number of services (medians; ours/x: round by round, median and range)");
        foreach (var cell in rows.GroupBy(r => (r.Journey, r.Workload, r.Metric, r.Title, r.Unit)))
        {
            // The first metric of a workload says what it is about; percentiles under load are in the tables above.
            if (cell.Key.Metric != rows.First(r => r.Journey == cell.Key.Journey && r.Workload == cell.Key.Workload).Metric)
                continue;
            string[] contenders = [.. cell.Select(r => r.Contender).Distinct()];
            output.WriteLine($"\n  {cell.Key.Journey}: {cell.Key.Title}, {cell.Key.Unit}");
            output.WriteLine("  " + "services".PadLeft(Label) + string.Concat(contenders.Select(Heading)));
            foreach (var count in cell.GroupBy(r => r.Services).OrderBy(g => g.Key))
            {
                output.WriteLine("  " + count.Key.ToString(CultureInfo.InvariantCulture).PadLeft(Label)
                    + string.Concat(contenders.Select(c => Cell(count.FirstOrDefault(r => r.Contender == c)))));
            }
        }

        string[] paths = [.. builds.Select(b => b.Path).Distinct()];
        output.WriteLine("\n  programming both nodes, s (endpoints in all)");
        output.WriteLine("  " + "services".PadLeft(Label) + string.Concat(paths.Select(p => p.PadLeft(Column) + new string(' ', Column))));
        foreach (var count in builds.GroupBy(b => b.Services).OrderBy(g => g.Key))
        {
            output.WriteLine("  " + count.Key.ToString(CultureInfo.InvariantCulture).PadLeft(Label)
                + string.Concat(paths.Select(p => Programming([.. count.Where(b => b.Path == p)]))));
        }
    }

    private static string Heading(string contender) =>
        contender.PadLeft(Column) + (contender == Contender.Ours ? "" : ("ours/" + contender).PadLeft(2 * Column));

    private static string Cell(SummaryRow? row)
    {
        var ours = row?.Contender == Contender.Ours;
        if (row?.Value is null)
            return "FAILED".PadLeft(Column) + (ours ? "" : new string(' ', 2 * Column));
        var ratio = ours ? "" : row.OursToThis is { } r ? Invariant($"{r.Median:F2} ({r.Min:F2} - {r.Max:F2})").PadLeft(2 * Column) : new string(' ', 2 * Column);
        return Invariant($"{row.Value.Median:G6}{(row.Noise > TableReport.NoisyFrom ? "!" : "")}").PadLeft(Column) + ratio;
    }

    // Where journeys have clusters of their own, there are several builds of a number; the slowest stands.
    private static string Programming(BuildReport[] builds) => builds.Length == 0
        ? new string(' ', 2 * Column)
        : Invariant($"{builds.Max(b => b.ProgrammingSeconds):F2}").PadLeft(Column) + Invariant($" ({builds.Max(b => b.Endpoints)})").PadRight(Column);

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
