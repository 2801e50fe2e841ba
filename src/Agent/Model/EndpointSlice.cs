namespace Dataplane.Agent.Model;

/// <summary>discovery.k8s.io/v1 EndpointSlice of address type IPv4 or IPv6; of type FQDN it has no endpoints here.</summary>
public sealed class EndpointSlice(ObjectMeta meta) : KubeObject(meta)
{
    /// <summary>Label that names the slice's service.</summary>
    public const string ServiceNameLabel = "kubernetes.io/service-name";

    /// <summary>Annotation: when the change happened that made the controller write this version.</summary>
    public const string TriggerTimeAnnotation = "endpoints.kubernetes.io/last-change-trigger-time";

    /// <inheritdoc/>
    public override string Kind => "EndpointSlice";

    /// <summary>The service it belongs to; empty when the label is missing.</summary>
    public string ServiceName => Meta.Labels.Find(ServiceNameLabel) ?? "";

    /// <summary>addressType FQDN: nothing that a dataplane can send to.</summary>
    public bool HoldsHostnames { get; init; }

    /// <summary>When the change happened that this version brings (K34); null where unknown.</summary>
    public DateTimeOffset? TriggerTime { get; init; }

    /// <summary>Endpoints in the order of the object.</summary>
    public IReadOnlyList<SliceEndpoint> Endpoints { get; init; } = [];

    /// <summary>Ports that every endpoint of the slice offers.</summary>
    public IReadOnlyList<SlicePort> Ports { get; init; } = [];
}
