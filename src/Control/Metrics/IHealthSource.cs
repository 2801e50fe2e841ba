namespace Dataplane.Control.Metrics;

/// <summary>Answers /healthz and /readyz. Called at each request, possibly by two at once.</summary>
public interface IHealthSource
{
    /// <summary>Faults that only a restart mends; none: /healthz is 200.</summary>
    IReadOnlyList<HealthFault> FindUnhealthy();

    /// <summary>What is still missing before pods have connectivity; none, and healthy: /readyz is 200.</summary>
    IReadOnlyList<HealthFault> FindUnready();
}
