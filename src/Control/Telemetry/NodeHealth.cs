using Dataplane.Control.Apply;
using Dataplane.Control.Metrics;

namespace Dataplane.Control.Telemetry;

/// <summary>
/// Liveness: do the workers turn? Readiness: was a state ever received? Later losses of the agent change neither: packets keep
/// flowing by the last state (F1, F6, F19).
/// </summary>
public sealed class NodeHealth(NodeRuntime node) : IHealthSource
{
    /// <inheritdoc/>
    public IReadOnlyList<HealthFault> FindUnhealthy()
    {
        var faults = new List<HealthFault>();
        foreach (var worker in node.Engine.Workers)
        {
            if (!worker.IsAlive) faults.Add(new HealthFault($"worker-{worker.Id}", worker.Failure?.Message ?? "its thread has ended"));
        }
        return faults;
    }

    /// <inheritdoc/>
    public IReadOnlyList<HealthFault> FindUnready() => Unready(node);

    /// <summary>What is missing before pods have connectivity.</summary>
    public static IReadOnlyList<HealthFault> Unready(NodeRuntime node) =>
        node.State.Generation == 0 ? [new HealthFault("agent", "no state was received yet; is dataplane-agent running?")] : [];
}
