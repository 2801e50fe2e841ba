namespace Dataplane.Control.Metrics;

/// <summary>
/// What became of flows whose endpoints went. The sweeper records. Where kube-proxy has the like the names are its, so that what was made
/// for it goes on working; all others of its names are the agent's.
/// </summary>
/// <param name="dualStack">Whether there is a connection table of IPv6 too.</param>
public sealed class SweepMetrics(bool dualStack) : IMetricsSource
{
    private readonly Family[] _families = dualStack ? [new("IPv4"), new("IPv6")] : [new("IPv4")];

    /// <summary>The connection table of a family was looked through once.</summary>
    /// <param name="ipv6">Which table it was.</param>
    /// <param name="duration">How long it took.</param>
    /// <param name="forgotten">Datagram flows that were removed because their service has lost their endpoint (K24).</param>
    /// <param name="orphaned">TCP connections that were ended because an end is gone (K25).</param>
    public void Record(bool ipv6, TimeSpan duration, int forgotten, int orphaned)
    {
        var family = _families[ipv6 ? 1 : 0];
        family.Durations.Record(duration);
        Interlocked.Add(ref family.Forgotten, forgotten);
        Interlocked.Add(ref family.Orphaned, orphaned);
    }

    /// <inheritdoc/>
    public void Write(ref MetricsWriter writer)
    {
        writer.Family("kubeproxy_conntrack_reconciler_sync_duration_seconds", "How long it took to look through the connection table after endpoints or pods have gone.", MetricType.Histogram);
        foreach (var family in _families)
            family.Durations.Write(ref writer, [new("ip_family", family.Name)]);
        writer.Family("kubeproxy_conntrack_reconciler_deleted_entries_total", "UDP flows forgotten because their service has lost their endpoint.", MetricType.Counter);
        foreach (var family in _families)
            writer.Sample("ip_family", family.Name, Interlocked.Read(ref family.Forgotten));
        long orphaned = 0;
        foreach (var family in _families)
            orphaned += Interlocked.Read(ref family.Orphaned);
        writer.Single("dataplane_conntrack_orphaned_total", "TCP connections, closing ones among them, of which one end was a pod that is gone.", MetricType.Counter, orphaned);
    }

    private sealed class Family(string name)
    {
        public long Forgotten;
        public long Orphaned;

        public string Name => name;

        // kube-proxy's buckets: 1 ms, doubled 14 times.
        public DurationHistogram Durations { get; } = new(0.001, 15);
    }
}
