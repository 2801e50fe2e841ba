using Dataplane.Contracts.V1;

namespace Dataplane.Control.Compile;

/// <summary>What makes a service port one (K3).</summary>
public readonly record struct ServiceKey(string Namespace, string Name, string PortName, Protocol Protocol)
{
    /// <summary>The key of a message.</summary>
    public static ServiceKey Of(Service service) => new(service.Namespace, service.Name, service.PortName, service.Protocol);

    /// <inheritdoc/>
    public override string ToString() => $"{Namespace}/{Name}:{PortName}/{Protocol}";
}
