using System.Globalization;
using System.Text;

namespace Dataplane.Agent.Telemetry;

/// <summary>The agent's metrics in the Prometheus text format (docs/agent.md lists them).</summary>
public static class AgentMetrics
{
    /// <summary>Renders all of them.</summary>
    public static string Render(AgentStatus status)
    {
        ArgumentNullException.ThrowIfNull(status);
        var text = new StringBuilder();
        var sync = status.Synchronizer;
        Write(text, "dataplane_agent_in_sync", "gauge", "1 while the dataplane has the latest state.", ("", status.IsReady ? 1 : 0));
        Write(text, "dataplane_agent_generation", "gauge", "Generation of the last state applied; 0 before the first.", ("", sync?.AppliedGeneration ?? 0));
        Write(text, "dataplane_agent_applied_total", "counter", "States applied: whole ones and changes.",
            ("{kind=\"sync\"}", sync?.Syncs ?? 0), ("{kind=\"update\"}", sync?.Updates ?? 0));
        Write(text, "dataplane_agent_control_failures_total", "counter", "Calls to the dataplane that failed or were refused.", ("", sync?.Failures ?? 0));
        Write(text, "dataplane_agent_compile_seconds", "summary", "Time to compute the desired state.",
            ("_sum", status.CompileSeconds), ("_count", status.Compilations));
        var objects = status.Scan?.Objects;
        Write(text, "dataplane_agent_objects", "gauge", "Objects in force.",
            ("{kind=\"Namespace\"}", objects?.Namespaces.Count ?? 0), ("{kind=\"Node\"}", objects?.Nodes.Count ?? 0),
            ("{kind=\"Pod\"}", objects?.Pods.Count ?? 0), ("{kind=\"Service\"}", objects?.Services.Count ?? 0),
            ("{kind=\"EndpointSlice\"}", objects?.EndpointSlices.Count ?? 0),
            ("{kind=\"NetworkPolicy\"}", objects?.NetworkPolicies.Count ?? 0));
        Write(text, "dataplane_agent_manifest_errors", "gauge", "Faults in manifest files right now; the log names their places.",
            [.. (status.Scan?.Errors ?? []).GroupBy(e => e.File).Select(g => ($"{{file=\"{Escape(g.Key)}\"}}", (double)g.Count()))]);
        Write(text, "dataplane_agent_warnings", "gauge", "Objects that are odd or have no effect right now; the log names them.",
            ("", status.Desired?.Warnings.Count ?? 0));
        return text.ToString();
    }

    private static void Write(StringBuilder text, string name, string type, string help, params (string Suffix, double Value)[] samples)
    {
        text.Append($"# HELP {name} {help}\n# TYPE {name} {type}\n");
        foreach (var (suffix, value) in samples)
            text.Append(name).Append(suffix).Append(' ').Append(value.ToString("R", CultureInfo.InvariantCulture)).Append('\n');
    }

    private static string Escape(string value) =>
        value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}
