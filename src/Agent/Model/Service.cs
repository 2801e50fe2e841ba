namespace Dataplane.Agent.Model;

/// <summary>v1 Service.</summary>
public sealed class Service(ObjectMeta meta) : KubeObject(meta)
{
    /// <summary>Objects with this label belong to another service proxy (K1).</summary>
    public const string ProxyNameLabel = "service.kubernetes.io/service-proxy-name";

    /// <summary>Objects with this label are not to be proxied (K1).</summary>
    public const string HeadlessLabel = "service.kubernetes.io/headless";

    /// <inheritdoc/>
    public override string Kind => "Service";

    /// <summary>spec.type.</summary>
    public ServiceType Type { get; init; }

    /// <summary>spec.clusterIPs, else spec.clusterIP; empty for "None" and for a service without address (K2).</summary>
    public IReadOnlyList<IpAddress> ClusterIPs { get; init; } = [];

    /// <summary>spec.clusterIP is "None".</summary>
    public bool IsHeadless { get; init; }

    /// <summary>spec.ports.</summary>
    public IReadOnlyList<ServicePort> Ports { get; init; } = [];

    /// <summary>spec.selector; null when there is none, and then nothing is derived from pods.</summary>
    public LabelSelector? Selector { get; init; }

    /// <summary>spec.publishNotReadyAddresses.</summary>
    public bool PublishNotReadyAddresses { get; init; }
}
