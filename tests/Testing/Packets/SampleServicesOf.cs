using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Tables;

namespace Dataplane.Testing.Packets;

/// <summary>Services that are reached from outside, on a <see cref="SampleNode"/> whose uplink leads to a router and a masqueraded world.</summary>
public sealed class SampleServices
{
    public const ushort NodePort = 30080, Port = 443, BackendPort = 8080;

    /// <summary>Addresses of no node that lead to the service, by spec.externalIPs and by a load balancer.</summary>
    public static readonly IPv4Address ExternalIp = new(198, 51, 100, 1), BalancerIp = new(198, 51, 100, 2), ClusterIp = new(10, 96, 7, 7);

    /// <summary>A client of the world.</summary>
    public static readonly IPv4Address Client = SampleNode.World;

    private uint _id = 1000;

    /// <summary>The node.</summary>
    public SampleNode Node { get; } = new() { Underlay = SampleNode.ByRouter, Masquerade = true };

    /// <summary>Adds a service with all kinds of frontends.</summary>
    /// <param name="cluster">Endpoints of the cluster policy.</param>
    /// <param name="local">Endpoints of the local policies.</param>
    /// <param name="internalLocal">See <see cref="Service{TAddress}"/>.</param>
    /// <param name="externalLocal">See <see cref="Service{TAddress}"/>.</param>
    /// <param name="protocol">IP protocol number.</param>
    /// <param name="affinity">Seconds.</param>
    /// <param name="ranges">Prefixes that may use the load balancer's address; null: all.</param>
    public SampleServices Add(
        IPv4Address[] cluster, IPv4Address[] local, bool internalLocal = false, bool externalLocal = false, byte protocol = IpProtocol.Tcp, uint affinity = 0,
        PrefixTable<IPv4Address>? ranges = null)
    {
        var service = new Service<IPv4Address>
        {
            Id = ++_id, Cluster = Set(cluster), Local = Set(local), InternalLocal = internalLocal, ExternalLocal = externalLocal, AffinitySeconds = affinity, SourceRanges = ranges,
        };
        Node.Frontends.Add(new(ClusterIp, protocol, Port, FrontendKind.ClusterIp, service));
        Node.Frontends.Add(new(default, protocol, NodePort, FrontendKind.NodePort, service));
        Node.Frontends.Add(new(ExternalIp, protocol, Port, FrontendKind.ExternalIp, service));
        Node.Frontends.Add(new(BalancerIp, protocol, Port, FrontendKind.LoadBalancer, service));
        return this;
    }

    /// <summary>A path over the node as it is now.</summary>
    public PathHarness Path() => new(Node.Build());

    /// <summary>Where each kind of frontend is.</summary>
    public static (IPv4Address Address, ushort Port) At(FrontendKind kind) => kind switch
    {
        FrontendKind.ClusterIp => (ClusterIp, Port),
        FrontendKind.NodePort => (SampleNode.NodeAddress, NodePort),
        FrontendKind.ExternalIp => (ExternalIp, Port),
        FrontendKind.LoadBalancer => (BalancerIp, Port),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    private static BackendSet<IPv4Address> Set(IPv4Address[] addresses) => SampleNode.Set([.. addresses.Select(a => SampleNode.At(a, BackendPort))]);
}
