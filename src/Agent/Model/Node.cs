namespace Dataplane.Agent.Model;

/// <summary>v1 Node.</summary>
public sealed class Node(ObjectMeta meta) : KubeObject(meta)
{
    /// <summary>Annotation that names the node's VTEP MAC, where it is not derived from its address.</summary>
    public const string VtepMacAnnotation = "dataplane.dev/vtep-mac";

    /// <summary>Label that names the node's zone (K21).</summary>
    public const string ZoneLabel = "topology.kubernetes.io/zone";

    /// <summary>Taint that the cluster autoscaler sets on a node before it takes it away (K33).</summary>
    public const string ToBeDeletedTaint = "ToBeDeletedByClusterAutoscaler";

    /// <inheritdoc/>
    public override string Kind => "Node";

    /// <summary>The zone; empty where unknown.</summary>
    public string Zone => Meta.Labels.Find(ZoneLabel) ?? "";

    /// <summary>True when the node is on its way out: balancers should send it nothing new (K33).</summary>
    public bool IsLeaving => Meta.Terminating || TaintKeys.Contains(ToBeDeletedTaint);

    /// <summary>spec.taints[].key.</summary>
    public IReadOnlyList<string> TaintKeys { get; init; } = [];

    /// <summary>status.addresses of type InternalIP.</summary>
    public IReadOnlyList<IpAddress> Addresses { get; init; } = [];

    /// <summary>spec.podCIDRs, else spec.podCIDR.</summary>
    public IReadOnlyList<IpPrefix> PodCidrs { get; init; } = [];

    /// <summary>Lower-case "0e:11:22:33:44:55", or empty.</summary>
    public string VtepMac { get; init; } = "";
}
