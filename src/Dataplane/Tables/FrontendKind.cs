namespace Dataplane.Tables;

/// <summary>What kind of address a service is reached at; the numbers are those of the control contract.</summary>
public enum FrontendKind : byte
{
    /// <summary>The service's own address, for clients inside the cluster.</summary>
    ClusterIp = 1,

    /// <summary>A port of every node (K8).</summary>
    NodePort = 2,

    /// <summary>spec.externalIPs (K10).</summary>
    ExternalIp = 3,

    /// <summary>status.loadBalancer.ingress (K11).</summary>
    LoadBalancer = 4,

    /// <summary>A port of this node that leads to one of its pods (K38).</summary>
    HostPort = 5,
}
