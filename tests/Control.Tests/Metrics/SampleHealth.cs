using Dataplane.Control.Metrics;

namespace Dataplane.Control.Tests.Metrics;

/// <summary>Health that a test sets.</summary>
internal sealed class SampleHealth : IHealthSource
{
    public List<HealthFault> Unhealthy { get; } = [];

    public List<HealthFault> Unready { get; } = [];

    public IReadOnlyList<HealthFault> FindUnhealthy() => Unhealthy;

    public IReadOnlyList<HealthFault> FindUnready() => Unready;
}
