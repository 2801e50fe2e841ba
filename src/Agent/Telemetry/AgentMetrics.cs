namespace Dataplane.Agent.Telemetry;

/// <summary>The agent's metrics in the Prometheus text format (docs/agent.md lists them).</summary>
public static class AgentMetrics
{
    /// <summary>Renders all of them.</summary>
    public static string Render(AgentStatus status)
    {
        ArgumentNullException.ThrowIfNull(status);
        var text = new MetricsText();
        var sync = status.Synchronizer;
        text.Family("dataplane_agent_in_sync", "gauge", "1 while the dataplane has the latest state.").Sample(status.IsReady ? 1 : 0);
        text.Family("dataplane_agent_generation", "gauge", "Generation of the last state applied; 0 before the first.").Sample(sync?.AppliedGeneration ?? 0);
        text.Family("dataplane_agent_applied_total", "counter", "States applied: whole ones and changes.")
            .Sample(sync?.Syncs ?? 0, "kind=\"sync\"").Sample(sync?.Updates ?? 0, "kind=\"update\"");
        text.Family("dataplane_agent_control_failures_total", "counter", "Calls to the dataplane that failed or were refused.").Sample(sync?.Failures ?? 0);
        text.Family("dataplane_agent_compile_seconds", "summary", "Time to compute the desired state.")
            .Sample(status.CompileSeconds, suffix: "_sum").Sample(status.Compilations, suffix: "_count");
        var objects = status.Objects;
        text.Family("dataplane_agent_objects", "gauge", "Objects in force.")
            .Sample(objects?.Namespaces.Count ?? 0, "kind=\"Namespace\"").Sample(objects?.Nodes.Count ?? 0, "kind=\"Node\"")
            .Sample(objects?.Pods.Count ?? 0, "kind=\"Pod\"").Sample(objects?.Services.Count ?? 0, "kind=\"Service\"")
            .Sample(objects?.EndpointSlices.Count ?? 0, "kind=\"EndpointSlice\"")
            .Sample(objects?.NetworkPolicies.Count ?? 0, "kind=\"NetworkPolicy\"");
        text.Family("dataplane_agent_manifest_errors", "gauge", "Faults in manifest files right now; the log names their places.");
        foreach (var file in (status.Scan?.Errors ?? []).GroupBy(e => e.File))
            text.Sample(file.Count(), MetricsText.Label("file", file.Key));
        text.Family("dataplane_agent_warnings", "gauge", "Objects that are odd or have no effect right now; the log names them.")
            .Sample(status.Desired?.Warnings.Count ?? 0);
        ApiMetrics.Render(text, status.Api);
        ProxyMetrics.Render(text, status.Proxy, status.Health, status.Desired?.Gaps ?? default);
        ProcessMetrics.Render(text);
        return text.ToString();
    }
}
