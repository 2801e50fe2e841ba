namespace Dataplane.Control.Metrics;

/// <summary>
/// How long states and changes of state from the agent take here. The control service records. The agent, which sees the whole of it, has
/// the metrics of kube-proxy's names.
/// </summary>
public sealed class SyncMetrics : IMetricsSource
{
    // 1 ms, doubled 14 times, as the agent's.
    private readonly DurationHistogram _durations = new(0.001, 15);

    private ulong _applied, _refused;
    private long _last; // ticks of UTC; 0 before the first

    /// <summary>States and changes of state that were applied.</summary>
    public ulong Applied => Volatile.Read(ref _applied);

    /// <summary>States and changes of state that were refused.</summary>
    public ulong Refused => Volatile.Read(ref _refused);

    /// <summary>When the state in force was applied; null before the first.</summary>
    public DateTimeOffset? Last => Volatile.Read(ref _last) is > 0 and var ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;

    /// <summary>A state is in force.</summary>
    /// <param name="duration">From its receipt to its publication to the workers.</param>
    public void RecordApplied(TimeSpan duration)
    {
        _durations.Record(duration);
        Interlocked.Increment(ref _applied);
        Volatile.Write(ref _last, DateTimeOffset.UtcNow.UtcTicks);
    }

    /// <summary>A state was refused: the one before stays in force.</summary>
    public void RecordRefused() => Interlocked.Increment(ref _refused);

    /// <inheritdoc/>
    public void Write(ref MetricsWriter writer)
    {
        writer.Family("dataplane_sync_duration_seconds", "From the receipt of a state to its publication to the workers.", MetricType.Histogram);
        _durations.Write(ref writer, []);
    }
}
