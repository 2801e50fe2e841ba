using Dataplane.Control.Apply;
using Dataplane.Control.Metrics;

namespace Dataplane.Control.Telemetry;

/// <summary>
/// Liveness: do the workers turn, and is the host port there? Readiness: was a state ever received? Later losses of the agent change neither: packets keep
/// flowing by the last state (F1, F6, F19).
/// </summary>
public sealed class NodeHealth(NodeRuntime node) : IHealthSource
{
    /// <inheritdoc/>
    public IReadOnlyList<HealthFault> FindUnhealthy() => Unhealthy(node);

    /// <inheritdoc/>
    public IReadOnlyList<HealthFault> FindUnready() => Unready(node);

    /// <summary>Everything that keeps pods from having connectivity.</summary>
    public static IReadOnlyList<HealthFault> Faults(NodeRuntime node) => [.. Unhealthy(node), .. Unready(node)];

    private static List<HealthFault> Unhealthy(NodeRuntime node)
    {
        var faults = new List<HealthFault>();
        foreach (var worker in node.Engine.Workers)
        {
            if (!worker.IsAlive) faults.Add(new HealthFault($"worker-{worker.Id}", worker.Failure?.Message ?? "its thread has ended"));
        }
        if (node.HostPort?.FindLoss() is { } loss) faults.Add(new HealthFault("host-port", loss));
        return faults;
    }

    private static List<HealthFault> Unready(NodeRuntime node) =>
        node.State.Generation == 0 ? [new HealthFault("agent", "no state was received yet; is dataplane-agent running?")] : [];
}
