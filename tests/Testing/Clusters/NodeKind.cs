namespace Dataplane.Testing.Clusters;

/// <summary>What carries the traffic of a node in a <see cref="Cluster"/>.</summary>
public enum NodeKind
{
    /// <summary>Our dataplane and agent.</summary>
    Dataplane,

    /// <summary>Plain Linux: routed veths, a vxlan device with static entries, nftables DNAT for services.</summary>
    Kernel,
}
