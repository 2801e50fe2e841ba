using Dataplane.Control.Compile;

namespace Dataplane.Control.Server.HealthChecks;

/// <summary>A port on which load balancers ask whether this node has endpoints of a service (spec.healthCheckNodePort).</summary>
/// <param name="Port">TCP, host order.</param>
/// <param name="Namespace">The service's.</param>
/// <param name="Service">The service's name.</param>
/// <param name="LocalEndpoints">Ready endpoints on this node, by address.</param>
public sealed record HealthCheckPort(ushort Port, string Namespace, string Service, int LocalEndpoints)
{
    /// <summary>Those of a state. All ports of a service say the same; the first counts.</summary>
    public static IEnumerable<HealthCheckPort> Of(DesiredState state) => state.Services.Values
        .Where(service => service.HealthCheckPort != 0)
        .DistinctBy(service => (service.Namespace, service.Name))
        .Select(service => new HealthCheckPort((ushort)service.HealthCheckPort, service.Namespace, service.Name, (int)service.LocalEndpoints));
}
