namespace Dataplane.Testing.Clusters;

/// <summary>A pod of a <see cref="Cluster"/>: a network namespace with one address of each family.</summary>
/// <param name="Namespace">Kubernetes namespace.</param>
/// <param name="Name">Name of the Pod object.</param>
/// <param name="Address">IPv4 address.</param>
/// <param name="Labels">Labels of the Pod object.</param>
/// <param name="Ports">Named ports of its container.</param>
/// <param name="Node">Node that runs it.</param>
/// <param name="Net">Its network namespace; the interface inside is eth0.</param>
public sealed record ClusterPod(
    string Namespace, string Name, string Address, IReadOnlyDictionary<string, string> Labels,
    IReadOnlyList<ContainerPort> Ports, ClusterNode Node, NetworkNamespace Net)
{
    /// <summary>IPv6 address; null unless the cluster is dual-stack.</summary>
    public string? AddressV6 { get; init; }

    /// <summary>"namespace/name", as dpctl takes it.</summary>
    public string FullName => $"{Namespace}/{Name}";

    /// <inheritdoc />
    public override string ToString() => FullName;
}
