namespace Dataplane.Control.Metrics;

/// <summary>How states and changes of state from the agent went. The control service records; kube-proxy's names are kept beside ours.</summary>
public sealed class SyncMetrics : IMetricsSource
{
    private static readonly MetricLabel[] Ipv4 = [new("ip_family", "IPv4")];

    // kube-proxy's buckets: 1 ms, doubled 14 times.
    private readonly DurationHistogram _durations = new(0.001, 15);
    private long _applied;
    private long _refused;
    private long _lastMilliseconds;

    /// <summary>When the last one was applied; null: none was.</summary>
    public DateTimeOffset? LastApplied =>
        Volatile.Read(ref _lastMilliseconds) is var last and not 0 ? DateTimeOffset.FromUnixTimeMilliseconds(last) : null;

    /// <summary>A state is in force.</summary>
    /// <param name="duration">From its receipt to its publication to the workers.</param>
    public void RecordApplied(TimeSpan duration)
    {
        _durations.Record(duration);
        Interlocked.Increment(ref _applied);
        Volatile.Write(ref _lastMilliseconds, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
    }

    /// <summary>A state was refused, and the one before stays in force.</summary>
    public void RecordRefused() => Interlocked.Increment(ref _refused);

    /// <inheritdoc/>
    public void Write(ref MetricsWriter writer)
    {
        double last = Volatile.Read(ref _lastMilliseconds) / 1000.0;
        writer.Family("dataplane_syncs_total", "States and changes of state received, by outcome.", MetricType.Counter);
        writer.Sample("outcome", "applied", Volatile.Read(ref _applied));
        writer.Sample("outcome", "refused", Volatile.Read(ref _refused));
        writer.Single("dataplane_last_sync_timestamp_seconds", "When the state in force was applied, Unix time; 0: never.", MetricType.Gauge, last);
        writer.Family("dataplane_sync_duration_seconds", "From the receipt of a state to its publication to the workers.", MetricType.Histogram);
        _durations.Write(ref writer, []);
        writer.Family("kubeproxy_sync_proxy_rules_duration_seconds", "The same as dataplane_sync_duration_seconds, under kube-proxy's name.", MetricType.Histogram);
        _durations.Write(ref writer, Ipv4);
        writer.Family("kubeproxy_sync_proxy_rules_last_timestamp_seconds", "The same as dataplane_last_sync_timestamp_seconds, under kube-proxy's name.", MetricType.Gauge);
        writer.Sample(Ipv4, last);
    }
}
