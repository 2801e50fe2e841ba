using Dataplane.Testing;
using Dataplane.Testing.Clusters;

namespace Dataplane.Netns.Tests.Traffic;

/// <summary>One way for traffic to take: who connects, to which address, and where it must arrive.</summary>
/// <param name="Client">Namespace of the client.</param>
/// <param name="ClientAddress">What the server must see as the client's address.</param>
/// <param name="ClientNode">Node of the client, for captures.</param>
/// <param name="Server">Namespace of the server.</param>
/// <param name="ServerAddress">The server's own address.</param>
/// <param name="ServerName">What the server calls itself.</param>
/// <param name="ServerNode">Node of the server.</param>
/// <param name="Address">What the client connects to.</param>
/// <param name="IsService">The address is a ClusterIP: it answers on its ports, not to ping.</param>
public sealed record TrafficRoute(
    NetworkNamespace Client, string ClientAddress, ClusterNode ClientNode,
    NetworkNamespace Server, string ServerAddress, string ServerName, ClusterNode ServerNode,
    string Address, bool IsService)
{
    /// <summary>Whether it crosses the underlay.</summary>
    public bool CrossesNodes => ClientNode != ServerNode;
}
