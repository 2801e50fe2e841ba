namespace Dataplane.Agent.Telemetry;

/// <summary>The metrics of following an API server (docs/agent.md lists them).</summary>
internal static class ApiMetrics
{
    public static void Render(MetricsText text, ApiTelemetry api)
    {
        Family(text, api, "dataplane_agent_api_lists_total", "counter", "Complete lists read from the API server.", k => k.Lists);
        Family(text, api, "dataplane_agent_api_relists_total", "counter", "Lists begun because the server had forgotten the place a watch was at, or watches kept failing.", k => k.Relists);
        Family(text, api, "dataplane_agent_api_expired_lists_total", "counter", "Lists begun anew because the server had forgotten the next chunk.", k => k.ExpiredLists);
        Family(text, api, "dataplane_agent_api_watches_total", "counter", "Watches begun.", k => k.Watches);
        Family(text, api, "dataplane_agent_api_events_total", "counter", "Changes that watches brought.", k => k.Changes);
        Family(text, api, "dataplane_agent_api_failures_total", "counter", "Lists and watches that failed.", k => k.Failures);
        Family(text, api, "dataplane_agent_api_watching", "gauge", "1 while a watch is open.", k => k.IsWatching ? 1 : 0);
        Family(text, api, "dataplane_agent_api_last_event_age_seconds", "gauge", "Time since the server was last heard of; bookmarks count.", k => k.Age);
        text.Family("dataplane_agent_api_unreadable_objects", "gauge", "Objects that cannot be read right now; the log names them.");
        foreach (var (kind, _) in api.Kinds)
            text.Sample(api.FaultsOf(kind), MetricsText.Label("kind", kind));
        text.Family("dataplane_agent_api_stale", "gauge", "1 while what is in force may be older than what the API server has.")
            .Sample(api.Stale.Count > 0 ? 1 : 0);
    }

    private static void Family(MetricsText text, ApiTelemetry api, string name, string type, string help, Func<KindTelemetry, double?> value)
    {
        text.Family(name, type, help);
        foreach (var (kind, telemetry) in api.Kinds)
        {
            if (value(telemetry) is { } sample)
                text.Sample(sample, MetricsText.Label("kind", kind));
        }
    }
}
