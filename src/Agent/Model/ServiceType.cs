namespace Dataplane.Agent.Model;

/// <summary>v1.ServiceType.</summary>
public enum ServiceType
{
    /// <summary>The default.</summary>
    ClusterIP,

    /// <summary>ClusterIP and a port on the nodes.</summary>
    NodePort,

    /// <summary>NodePort and a balancer's address.</summary>
    LoadBalancer,

    /// <summary>A DNS alias; nothing to forward (K2).</summary>
    ExternalName,
}
