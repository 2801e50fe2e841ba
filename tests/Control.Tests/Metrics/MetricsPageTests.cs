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
    public void SyncsAreTimedUnderBothNames()
    {
        var sync = new SyncMetrics();
        sync.RecordApplied(TimeSpan.FromMilliseconds(3));
        string page = Render(sync);
        Assert.Contains("dataplane_sync_duration_seconds_bucket{le=\"0.002\"} 0\ndataplane_sync_duration_seconds_bucket{le=\"0.004\"} 1\n", page, StringComparison.Ordinal);
        Assert.Contains("kubeproxy_sync_proxy_rules_duration_seconds_bucket{ip_family=\"IPv4\",le=\"16.384\"} 1\n", page, StringComparison.Ordinal);
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
        return [new DataplaneMetrics(new SampleTelemetry()), sync, rpcs, new ProcessMetrics("1.2.3")];
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
