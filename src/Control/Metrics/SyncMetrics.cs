namespace Dataplane.Control.Metrics;

/// <summary>
/// How long states and changes of state from the agent take here. The control service records. The agent, which sees the whole of it, has
/// the metrics of kube-proxy's names.
/// </summary>
public sealed class SyncMetrics : IMetricsSource
{
    // 1 ms, doubled 14 times, as the agent's.
    private readonly DurationHistogram _durations = new(0.001, 15);

    /// <summary>A state is in force.</summary>
    /// <param name="duration">From its receipt to its publication to the workers.</param>
    public void RecordApplied(TimeSpan duration) => _durations.Record(duration);

    /// <inheritdoc/>
    public void Write(ref MetricsWriter writer)
    {
        writer.Family("dataplane_sync_duration_seconds", "From the receipt of a state to its publication to the workers.", MetricType.Histogram);
        _durations.Write(ref writer, []);
    }
}
