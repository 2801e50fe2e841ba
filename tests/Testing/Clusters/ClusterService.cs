namespace Dataplane.Testing.Clusters;

/// <summary>A ClusterIP service of a <see cref="Cluster"/> in front of some of its pods.</summary>
/// <param name="Name">Name in the namespace "default".</param>
/// <param name="ClusterIp">IPv4 address.</param>
/// <param name="Ports">Its ports.</param>
/// <param name="Backends">The pods behind it.</param>
public sealed record ClusterService(
    string Name, string ClusterIp, IReadOnlyList<ClusterServicePort> Ports, IReadOnlyList<ClusterPod> Backends);
