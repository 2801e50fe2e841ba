namespace Dataplane.Control.Metrics;

/// <summary>
/// What became of flows whose endpoints went. The sweeper records. Where kube-proxy has the like the names are its, so that what was made
/// for it goes on working; all others of its names are the agent's.
/// </summary>
public sealed class SweepMetrics : IMetricsSource
{
    // kube-proxy's buckets: 1 ms, doubled 14 times.
    private readonly DurationHistogram _durations = new(0.001, 15);
    private long _forgotten;
    private long _orphaned;

    /// <summary>The connection table was looked through once.</summary>
    /// <param name="duration">How long it took.</param>
    /// <param name="forgotten">Datagram flows that were removed because their service has lost their endpoint (K24).</param>
    /// <param name="orphaned">TCP connections that were ended because an end is gone (K25).</param>
    public void Record(TimeSpan duration, int forgotten, int orphaned)
    {
        _durations.Record(duration);
        Interlocked.Add(ref _forgotten, forgotten);
        Interlocked.Add(ref _orphaned, orphaned);
    }

    /// <inheritdoc/>
    public void Write(ref MetricsWriter writer)
    {
        writer.Family("kubeproxy_conntrack_reconciler_sync_duration_seconds", "How long it took to look through the connection table after endpoints or pods have gone.", MetricType.Histogram);
        _durations.Write(ref writer, [new("ip_family", "IPv4")]);
        writer.Family("kubeproxy_conntrack_reconciler_deleted_entries_total", "UDP flows forgotten because their service has lost their endpoint.", MetricType.Counter);
        writer.Sample("ip_family", "IPv4", Interlocked.Read(ref _forgotten));
        writer.Single("dataplane_conntrack_orphaned_total", "TCP connections that were ended because a pod at one end is gone.", MetricType.Counter, Interlocked.Read(ref _orphaned));
    }
}
