namespace Dataplane.Control.Metrics;

/// <summary>How long states and changes of state from the agent take. The control service records; kube-proxy's name is kept beside ours.</summary>
public sealed class SyncMetrics : IMetricsSource
{
    // kube-proxy's buckets: 1 ms, doubled 14 times.
    private readonly DurationHistogram _durations = new(0.001, 15);

    /// <summary>A state is in force.</summary>
    /// <param name="duration">From its receipt to its publication to the workers.</param>
    public void RecordApplied(TimeSpan duration) => _durations.Record(duration);

    /// <inheritdoc/>
    public void Write(ref MetricsWriter writer)
    {
        writer.Family("dataplane_sync_duration_seconds", "From the receipt of a state to its publication to the workers.", MetricType.Histogram);
        _durations.Write(ref writer, []);
        writer.Family("kubeproxy_sync_proxy_rules_duration_seconds", "The same as dataplane_sync_duration_seconds, under kube-proxy's name.", MetricType.Histogram);
        _durations.Write(ref writer, [new("ip_family", "IPv4")]);
    }
}
