using Dataplane.Agent.Desired;

namespace Dataplane.Agent.Telemetry;

/// <summary>
/// The metrics that kube-proxy has, under its names, so that boards and alerts made for it go on working (docs/agent.md
/// lists them).
/// </summary>
internal static class ProxyMetrics
{
    // The dataplane carries one family yet.
    private const string Family = "ip_family=\"IPv4\"";

    public static void Render(MetricsText text, ProxyTelemetry proxy, ProxyHealth health, LocalGaps gaps)
    {
        text.Family("kubeproxy_sync_proxy_rules_duration_seconds", "histogram", "Time to bring the dataplane to a state.")
            .Samples(proxy.Durations, Family);
        text.Family("kubeproxy_sync_full_proxy_rules_duration_seconds", "histogram", "The same, of whole states.")
            .Samples(proxy.WholeDurations, Family);
        text.Family("kubeproxy_sync_partial_proxy_rules_duration_seconds", "histogram", "The same, of changes.")
            .Samples(proxy.ChangeDurations, Family);
        text.Family("kubeproxy_sync_proxy_rules_last_timestamp_seconds", "gauge", "When the dataplane was last brought to the latest state, Unix time.")
            .Sample(Seconds(proxy.LastApplied), Family);
        text.Family("kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds", "gauge", "When a state was last queued, Unix time.")
            .Sample(Seconds(proxy.LastQueued), Family);
        text.Family("kubeproxy_sync_proxy_rules_sync_failures_total", "counter", "Attempts that did not bring the dataplane to the state.")
            .Sample(proxy.Failures, Family);
        text.Family("kubeproxy_sync_proxy_rules_endpoint_changes_pending", "gauge", "EndpointSlice changes that the dataplane does not have yet.")
            .Sample(proxy.EndpointSlices.Pending);
        text.Family("kubeproxy_sync_proxy_rules_endpoint_changes_total", "counter", "EndpointSlice changes seen.")
            .Sample(proxy.EndpointSlices.Total);
        text.Family("kubeproxy_sync_proxy_rules_service_changes_pending", "gauge", "Service changes that the dataplane does not have yet.")
            .Sample(proxy.Services.Pending);
        text.Family("kubeproxy_sync_proxy_rules_service_changes_total", "counter", "Service changes seen.")
            .Sample(proxy.Services.Total);
        text.Family("kubeproxy_sync_proxy_rules_no_local_endpoints_total", "gauge", "Service ports with a Local policy and endpoints, but none on this node.")
            .Sample(gaps.Internal, $"{Family},traffic_policy=\"internal\"")
            .Sample(gaps.External, $"{Family},traffic_policy=\"external\"");
        text.Family("kubeproxy_network_programming_duration_seconds", "histogram", "Time from a change of endpoints to the dataplane having it.")
            .Samples(proxy.ProgrammingLatencies, Family);
        text.Family("kubeproxy_proxy_healthz_total", "counter", "Answers of /healthz on the health port, by status.");
        foreach (var (code, count) in health.HealthzAnswers)
            text.Sample(count, $"code=\"{code}\"");
        text.Family("kubeproxy_proxy_livez_total", "counter", "Answers of /livez on the health port, by status.");
        foreach (var (code, count) in health.LivezAnswers)
            text.Sample(count, $"code=\"{code}\"");
    }

    private static double Seconds(DateTimeOffset? time) => time is { } t ? (t - DateTimeOffset.UnixEpoch).TotalSeconds : 0;
}
