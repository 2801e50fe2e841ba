namespace Dataplane.Bench.EndToEnd.Report;

/// <summary>Median and range of a figure over the rounds.</summary>
public sealed record Series(double Median, double Min, double Max, int Count)
{
    /// <summary>Null when there is no value.</summary>
    public static Series? Of(IEnumerable<double> values)
    {
        var sorted = values.Where(double.IsFinite).Order().ToArray();
        if (sorted.Length == 0)
        {
            return null;
        }

        var middle = sorted.Length / 2;
        var median = sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        return new Series(median, sorted[0], sorted[^1], sorted.Length);
    }
}
