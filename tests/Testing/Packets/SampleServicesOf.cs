using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Tables;

namespace Dataplane.Testing.Packets;

/// <summary>Services that are reached from outside, on a <see cref="SampleNodeOf{TAddress}"/> whose uplink leads to a router and a masqueraded world.</summary>
public class SampleServicesOf<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    public const ushort NodePort = 30080, Port = 443, BackendPort = 8080;

    /// <summary>Addresses of no node that lead to the service, by spec.externalIPs and by a load balancer.</summary>
    public static readonly TAddress ExternalIp = Family<TAddress>.Address("198.51.100.1", "2001:db8:c633:64::1"),
        BalancerIp = Family<TAddress>.Address("198.51.100.2", "2001:db8:c633:64::2"), ClusterIp = Family<TAddress>.Address("10.96.7.7", "fd00:10:96::707");

    /// <summary>A client of the world.</summary>
    public static readonly TAddress Client = SampleNodeOf<TAddress>.World;

    private uint _id = 1000;

    /// <summary>The node.</summary>
    public SampleNodeOf<TAddress> Node { get; } = new() { Underlay = SampleNodeOf<TAddress>.ByRouter, Masquerade = true };

    /// <summary>Adds a service with all kinds of frontends.</summary>
    /// <param name="cluster">Endpoints of the cluster policy.</param>
    /// <param name="local">Endpoints of the local policies.</param>
    /// <param name="internalLocal">See <see cref="Service{TAddress}"/>.</param>
    /// <param name="externalLocal">See <see cref="Service{TAddress}"/>.</param>
    /// <param name="protocol">IP protocol number.</param>
    /// <param name="affinity">Seconds.</param>
    /// <param name="ranges">Prefixes that may use the load balancer's address; null: all.</param>
    public SampleServicesOf<TAddress> Add(
        TAddress[] cluster, TAddress[] local, bool internalLocal = false, bool externalLocal = false, byte protocol = IpProtocol.Tcp, uint affinity = 0,
        PrefixTable<TAddress>? ranges = null)
    {
        var service = new Service<TAddress>
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
    public PathHarnessOf<TAddress> Path() => new(Node.Build());

    /// <summary>Where each kind of frontend is.</summary>
    public static (TAddress Address, ushort Port) At(FrontendKind kind) => kind switch
    {
        FrontendKind.ClusterIp => (ClusterIp, Port),
        FrontendKind.NodePort => (SampleNodeOf<TAddress>.NodeAddress, NodePort),
        FrontendKind.ExternalIp => (ExternalIp, Port),
        FrontendKind.LoadBalancer => (BalancerIp, Port),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    private static BackendSet<TAddress> Set(TAddress[] addresses) => SampleNodeOf<TAddress>.Set([.. addresses.Select(a => SampleNodeOf<TAddress>.At(a, BackendPort))]);
}
