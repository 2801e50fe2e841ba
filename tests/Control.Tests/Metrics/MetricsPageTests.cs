using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;
using Dataplane.Contracts.Grpc;
using Dataplane.Control.Metrics;
using Xunit;

namespace Dataplane.Control.Tests.Metrics;

public sealed class MetricsPageTests
{
    [Fact]
    public void EveryMetricIsDocumentedAndEveryDocumentedMetricExists()
    {
        var written = Regex.Matches(Render(AllSources()), @"^# TYPE (\S+) ", RegexOptions.Multiline).Select(match => match.Groups[1].Value).ToList();
        string page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "metrics.md"));
        var documented = Regex.Matches(page, @"`((?:dataplane|kubeproxy|process)_\w+)`").Select(match => match.Groups[1].Value);
        Assert.Equal(written.Order(), documented.Distinct().Order());
        // A family in two pieces is not valid.
        Assert.Equal(written.Count, written.Distinct().Count());
    }

    [Fact]
    public void O1_O3_NoProcessHasAnothersSeriesOfKubeProxy()
    {
        var ours = Regex.Matches(Render(AllSources()), @"^# TYPE (kubeproxy_\S+) ", RegexOptions.Multiline).Select(match => match.Groups[1].Value).ToList();
        string agents = File.ReadAllText(Path.Combine(Repository.Root, "docs", "agent.md"));
        Assert.Equal(["kubeproxy_conntrack_reconciler_deleted_entries_total", "kubeproxy_conntrack_reconciler_sync_duration_seconds"], ours.Order());
        Assert.Contains("kubeproxy_sync_proxy_rules_duration_seconds", agents, StringComparison.Ordinal);
        Assert.DoesNotContain(ours, agents.Contains);
    }

    [Fact]
    public void O3_SweepsOfTheConnectionTableAreTimedAndCounted()
    {
        var sweeps = new SweepMetrics(dualStack: true);
        sweeps.Record(ipv6: false, TimeSpan.FromMilliseconds(3), forgotten: 5, orphaned: 0);
        sweeps.Record(ipv6: false, TimeSpan.FromSeconds(2), forgotten: 1, orphaned: 4);
        sweeps.Record(ipv6: true, TimeSpan.FromSeconds(2), forgotten: 2, orphaned: 3);
        string page = Render(sweeps);
        Assert.Contains("sync_duration_seconds_bucket{ip_family=\"IPv4\",le=\"0.002\"} 0\n", page, StringComparison.Ordinal);
        Assert.Contains("sync_duration_seconds_bucket{ip_family=\"IPv4\",le=\"0.004\"} 1\n", page, StringComparison.Ordinal);
        Assert.Contains("sync_duration_seconds_bucket{ip_family=\"IPv4\",le=\"16.384\"} 2\n", page, StringComparison.Ordinal);
        Assert.Contains("sync_duration_seconds_count{ip_family=\"IPv6\"} 1\n", page, StringComparison.Ordinal);
        Assert.Contains("deleted_entries_total{ip_family=\"IPv4\"} 6\nkubeproxy_conntrack_reconciler_deleted_entries_total{ip_family=\"IPv6\"} 2\n", page, StringComparison.Ordinal);
        Assert.Contains("\ndataplane_conntrack_orphaned_total 7\n", page, StringComparison.Ordinal);
        Assert.DoesNotContain("IPv6", Render(new SweepMetrics(dualStack: false)), StringComparison.Ordinal);
    }

    [Fact]
    public void O5_PressureIsBetween0And1AndNothingWhereThereIsNoTable()
    {
        string page = Render(new DataplaneMetrics(new SampleTelemetry()));
        Assert.Contains(
            "\ndataplane_table_pressure{table=\"conntrack\"} 0.25\ndataplane_table_pressure{table=\"nat-ports\"} 1\ndataplane_table_pressure{table=\"uplink-frontends\"} 0\n",
            page, StringComparison.Ordinal);
        Assert.Contains("\ndataplane_nat_ports{state=\"used\"} 16484\ndataplane_nat_ports{state=\"free\"} 16760732\n", page, StringComparison.Ordinal);
        Assert.Contains("\ndataplane_nat_ports_most_used 16384\n", page, StringComparison.Ordinal);
        Assert.Contains("\ndataplane_nat_ports_capacity 16384\n", page, StringComparison.Ordinal);
    }

    [Fact]
    public void O9_AnswersSegmentsAndKicksAreCounted()
    {
        string page = Render(new DataplaneMetrics(new SampleTelemetry()));
        Assert.Contains(
            "\ndataplane_rejections_total{reason=\"ServiceNoEndpoints\",answer=\"icmp\"} 6\ndataplane_rejections_total{reason=\"ConnectionOrphaned\",answer=\"rst\"} 7\n",
            page, StringComparison.Ordinal);
        foreach (string sample in (string[])["rx_packets_total{worker=\"0\"} 1900", "busy_seconds_total{worker=\"0\"} 1.25", "kicks_total{worker=\"0\"} 70",
            "segmented_packets_total{worker=\"0\"} 21", "segments_total{worker=\"0\"} 900", "coalesced_packets_total{worker=\"0\"} 22", "coalesced_segments_total{worker=\"0\"} 880"])
            Assert.Contains($"\ndataplane_worker_{sample}\n", page, StringComparison.Ordinal);
        Assert.Contains("\ndataplane_nodes_unresolved 1\n", page, StringComparison.Ordinal);
    }

    [Fact]
    public void SyncsAreTimed()
    {
        var sync = new SyncMetrics();
        sync.RecordApplied(TimeSpan.FromMilliseconds(3));
        string page = Render(sync);
        Assert.Contains("dataplane_sync_duration_seconds_bucket{le=\"0.002\"} 0\ndataplane_sync_duration_seconds_bucket{le=\"0.004\"} 1\n", page, StringComparison.Ordinal);
    }

    [Fact]
    public void CallsAreCountedByMethodAndStatus()
    {
        var rpcs = new RpcMetrics(["/s/Sync", "/s/WatchFlows"]);
        rpcs.End("/s/Sync", rpcs.Begin("/s/Sync"), StatusCode.InvalidArgument);
        rpcs.Begin("/s/WatchFlows");
        string page = Render(rpcs);
        Assert.Contains(
            "requests_total{method=\"Sync\",code=\"OK\"} 0\ndataplane_control_requests_total{method=\"Sync\",code=\"InvalidArgument\"} 1\n", page, StringComparison.Ordinal);
        Assert.Contains("in_flight{method=\"Sync\"} 0\ndataplane_control_requests_in_flight{method=\"WatchFlows\"} 1\n", page, StringComparison.Ordinal);
        Assert.Contains("duration_seconds_count{method=\"Sync\"} 1\n", page, StringComparison.Ordinal);
    }

    /// <summary>One of each source, with values.</summary>
    internal static IMetricsSource[] AllSources()
    {
        var sync = new SyncMetrics();
        sync.RecordApplied(TimeSpan.FromSeconds(0.25));
        var rpcs = new RpcMetrics(["/s/Sync"]);
        rpcs.End("/s/Sync", rpcs.Begin("/s/Sync"), StatusCode.OK);
        var sweeps = new SweepMetrics(dualStack: true);
        sweeps.Record(ipv6: false, TimeSpan.FromMilliseconds(3), forgotten: 5, orphaned: 4);
        return [new DataplaneMetrics(new SampleTelemetry()), sync, sweeps, rpcs, new ProcessMetrics("1.2.3")];
    }

    private static string Render(params IMetricsSource[] sources)
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new MetricsWriter(output);
        foreach (var source in sources)
            source.Write(ref writer);
        writer.Flush();
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
