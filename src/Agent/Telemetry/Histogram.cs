namespace Dataplane.Agent.Telemetry;

/// <summary>Counts values by upper bound. Safe for use by several threads.</summary>
public sealed class Histogram
{
    private readonly Lock _lock = new();
    private readonly double[] _bounds;
    private readonly long[] _counts;
    private double _sum;

    /// <summary>Makes one.</summary>
    /// <param name="bounds">Upper bounds, ascending, without +Inf; a value equal to a bound counts under it.</param>
    public Histogram(IEnumerable<double> bounds)
    {
        _bounds = [.. bounds];
        _counts = new long[_bounds.Length + 1];
    }

    /// <summary>Counts a value.</summary>
    public void Observe(double value)
    {
        var bucket = 0;
        while (bucket < _bounds.Length && value > _bounds[bucket])
            bucket++;
        lock (_lock)
        {
            _counts[bucket]++;
            _sum += value;
        }
    }

    /// <summary>The bounds with the number of values up to each; the last is +Inf, and so the number of all values.</summary>
    /// <param name="sum">The sum of all values.</param>
    public (double Bound, long Count)[] Read(out double sum)
    {
        var buckets = new (double, long)[_counts.Length];
        long total = 0;
        lock (_lock)
        {
            for (var i = 0; i < _counts.Length; i++)
                buckets[i] = (i < _bounds.Length ? _bounds[i] : double.PositiveInfinity, total += _counts[i]);
            sum = _sum;
        }
        return buckets;
    }
}
