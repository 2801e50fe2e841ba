namespace Dataplane.Bench.EndToEnd.Report;

/// <summary>Median, 99th percentile (nearest rank) and largest of some values.</summary>
public sealed record Percentiles(double P50, double P99, double Max, int Count)
{
    /// <summary>Of at least one value.</summary>
    public static Percentiles Of(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        double Rank(double share) => sorted[Math.Max(0, (int)Math.Ceiling(sorted.Length * share) - 1)];
        return new Percentiles(Rank(0.5), Rank(0.99), sorted[^1], sorted.Length);
    }

    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"p50 {P50:F1}, p99 {P99:F1}, max {Max:F1}");
}
