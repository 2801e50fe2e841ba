namespace Dataplane.Agent.Model;

/// <summary>v1 Service.</summary>
public sealed class Service(ObjectMeta meta) : KubeObject(meta)
{
    /// <summary>Objects with this label belong to another service proxy (K1).</summary>
    public const string ProxyNameLabel = "service.kubernetes.io/service-proxy-name";

    /// <summary>Objects with this label are not to be proxied (K1).</summary>
    public const string HeadlessLabel = "service.kubernetes.io/headless";

    /// <summary>Session affinity lasts this long where the Service does not say (K19): three hours, seconds.</summary>
    public const int DefaultAffinitySeconds = 10800;

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

    /// <summary>spec.externalIPs (K10).</summary>
    public IReadOnlyList<IpAddress> ExternalIPs { get; init; } = [];

    /// <summary>
    /// The addresses of status.loadBalancer.ingress, of type LoadBalancer only. Host names and addresses of ipMode Proxy are
    /// left out: what is sent there comes by way of the balancer (K11).
    /// </summary>
    public IReadOnlyList<IpAddress> LoadBalancerIPs { get; init; } = [];

    /// <summary>spec.loadBalancerSourceRanges, of type LoadBalancer only (K12); empty: everyone.</summary>
    public IReadOnlyList<IpPrefix> SourceRanges { get; init; } = [];

    /// <summary>spec.healthCheckNodePort (K13); 0: none.</summary>
    public ushort HealthCheckNodePort { get; init; }

    /// <summary>spec.internalTrafficPolicy is Local (K17).</summary>
    public bool InternalLocal { get; init; }

    /// <summary>spec.externalTrafficPolicy is Local (K14).</summary>
    public bool ExternalLocal { get; init; }

    /// <summary>How long a client keeps its endpoint, seconds (K19); 0: no affinity.</summary>
    public int AffinitySeconds { get; init; }

    /// <summary>spec.trafficDistribution.</summary>
    public TrafficDistribution TrafficDistribution { get; init; }

    /// <summary>spec.selector; null when there is none, and then nothing is derived from pods.</summary>
    public LabelSelector? Selector { get; init; }

    /// <summary>spec.publishNotReadyAddresses.</summary>
    public bool PublishNotReadyAddresses { get; init; }
}
