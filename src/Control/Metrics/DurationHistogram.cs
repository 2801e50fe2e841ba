namespace Dataplane.Control.Metrics;

/// <summary>Counts durations by upper bound. Safe for concurrent use; meant for control work, not for packets.</summary>
public sealed class DurationHistogram
{
    private readonly Lock _lock = new();
    private readonly double[] _bounds;
    private readonly ulong[] _counts;
    private double _sum;

    /// <summary>Makes one with <paramref name="count"/> bounds, each twice the one before.</summary>
    /// <param name="first">The least bound, seconds.</param>
    /// <param name="count">How many bounds, without +Inf.</param>
    public DurationHistogram(double first, int count)
    {
        _bounds = new double[count];
        for (int i = 0; i < count; i++)
            _bounds[i] = first * (1L << i);
        _counts = new ulong[count + 1];
    }

    /// <summary>Counts one duration.</summary>
    public void Record(TimeSpan duration)
    {
        double seconds = duration.TotalSeconds;
        int bucket = 0;
        while (bucket < _bounds.Length && seconds > _bounds[bucket])
            bucket++;
        lock (_lock)
        {
            _counts[bucket]++;
            _sum += seconds;
        }
    }

    /// <summary>Writes the samples of the writer's current family.</summary>
    public void Write(ref MetricsWriter writer, scoped ReadOnlySpan<MetricLabel> labels)
    {
        lock (_lock)
            writer.Histogram(labels, _bounds, _counts, _sum);
    }
}
