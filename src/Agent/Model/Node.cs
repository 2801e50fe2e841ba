namespace Dataplane.Agent.Model;

/// <summary>v1 Node.</summary>
public sealed class Node(ObjectMeta meta) : KubeObject(meta)
{
    /// <summary>Annotation that names the node's VTEP MAC, where it is not derived from its address.</summary>
    public const string VtepMacAnnotation = "dataplane.dev/vtep-mac";

    /// <inheritdoc/>
    public override string Kind => "Node";

    /// <summary>status.addresses of type InternalIP.</summary>
    public IReadOnlyList<IpAddress> Addresses { get; init; } = [];

    /// <summary>spec.podCIDRs, else spec.podCIDR.</summary>
    public IReadOnlyList<IpPrefix> PodCidrs { get; init; } = [];

    /// <summary>Lower-case "0e:11:22:33:44:55", or empty.</summary>
    public string VtepMac { get; init; } = "";
}
