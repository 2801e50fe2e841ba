using Dataplane.Netns.Tests.Behaviour;
using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Services;

/// <summary>External IPs and the addresses of load balancers: rows K10, K11 and K12.</summary>
[Collection(ServiceBed.Name)]
public sealed class ExternalAddressTests(ServiceBed bed)
{
    private const int Port = 8080; // also that of the host in the world, which has some of the addresses itself

    private ClusterPod Pod => bed.Node1.Pods[0];

    private ClusterPod Client => bed.Node2.Pods[1];

    [RequiresRootTheory]
    [InlineData("ExternalIP")]
    [InlineData("LoadBalancer")]
    public void K10_K11_AnAddressOfNobodysIsServedToWhoeverIsRoutedToANode(string kind)
    {
        string address = bed.NewAddress();
        using AppliedService pages = bed.Apply(WithAddress(bed.NewService(Pod) with { Port = Port }, kind, address));
        using AppliedService datagrams = bed.Apply(WithAddress(bed.NewService(Pod).OverUdp() with { Port = Port }, kind, address));
        foreach ((DataplaneNode node, string? gateway) in ((DataplaneNode, string?)[])[(bed.Node1, null), (bed.Node2, bed.Node2.HostPortAddress)])
        {
            using OutsideRoute route = bed.RouteToward(address, node);
            foreach ((NetworkNamespace client, string seen) in ((NetworkNamespace, string)[])[(bed.Neighbor, ServiceBed.NeighborAddress), (bed.World, Cluster.WorldAddress)])
            {
                Assert.Equal($"{Pod.Name} saw {gateway ?? seen}", Curl.Get(client, address, Port));
                Assert.Equal($"{Pod.Name} saw {gateway ?? seen}", Who.Ask(client, "udp", address, Port).ToString());
            }
        }
        foreach ((NetworkNamespace client, string seen) in ((NetworkNamespace, string)[])
            [(bed.Node1.Pods[1].Net, bed.Node1.Pods[1].Address), (Client.Net, Client.Address), (bed.Node1.Net, bed.Node1.HostPortAddress), (bed.Node2.Net, bed.Node2.HostPortAddress)])
        {
            Assert.Equal($"{Pod.Name} saw {seen}", Curl.Get(client, address, Port));
            Assert.Equal($"{Pod.Name} saw {seen}", Who.Ask(client, "udp", address, Port).ToString());
        }
    }

    [RequiresRootFact]
    public void K10_AnAgentThatIsToldSoLeavesExternalIpsToTheirOwners()
    {
        using var owner = new OwnAddress(bed.World);
        using AppliedService service = bed.Apply(WithAddress(bed.NewService(Pod) with { Port = Port }, "ExternalIP", owner.Address));
        string taken = $"{Pod.Name} saw {Client.Address}", left = $"world saw {bed.Node2.Address}";
        Assert.Equal(taken, Curl.Get(Client.Net, owner.Address, Port));

        using (bed.RestartAgent(bed.Node2, "--disable-external-ips"))
        {
            Eventually.True(() => Curl.Get(Client.Net, owner.Address, Port) == left, "the owner of the address answers");
            Assert.Equal(taken, Curl.Get(Client.Net, service.Object.ClusterIp, Port)); // else the service is served
            Assert.Contains("--disable-external-ips", bed.Node2.Agent!.Output, StringComparison.Ordinal);
        }
        Assert.Equal(taken, Curl.Get(Client.Net, owner.Address, Port));
    }

    [RequiresRootFact]
    public void K11_ABalancerThatIsAProxyGetsItsTrafficItself()
    {
        using var owner = new OwnAddress(bed.World);
        string taken = $"{Pod.Name} saw {Client.Address}", left = $"world saw {bed.Node2.Address}";
        using AppliedService service = bed.Apply(WithAddress(bed.NewService(Pod) with { Port = Port }, "LoadBalancer", owner.Address));
        Assert.Equal(taken, Curl.Get(Client.Net, owner.Address, Port));

        service.Change(s => s with { IpMode = "Proxy" });
        Assert.Equal(left, Curl.Get(Client.Net, owner.Address, Port));
        service.Change(s => s with { IpMode = "VIP" });
        Assert.Equal(taken, Curl.Get(Client.Net, owner.Address, Port));
        service.Change(s => s with { Ingress = [], Spec = [.. s.Spec, "loadBalancerIP: " + owner.Address] }); // what was asked for is not what was given
        Assert.Equal(left, Curl.Get(Client.Net, owner.Address, Port));
    }

    [RequiresRootFact]
    public void K12_SourceRangesLetInWhoIsInThem()
    {
        string address = bed.NewAddress();
        using OutsideRoute route = bed.RouteToward(address, bed.Node1);
        ServiceObject balanced = WithAddress(bed.NewService(Pod) with { Port = Port }, "LoadBalancer", address);
        using AppliedService service = bed.Apply(WithRanges(ServiceBed.NeighborAddress + "/32"));

        Assert.Equal($"{Pod.Name} saw {ServiceBed.NeighborAddress}", Curl.Get(bed.Neighbor, address, Port));
        ServiceBed.ExpectDrop(bed.Node1, "ServiceSourceDenied", () => Assert.All(
            Curl.GetNothing((bed.World, address, Port), (bed.Node1.Pods[1].Net, address, Port), (bed.Node1.Net, address, Port)), // in-cluster clients are no exception
            answer => Assert.Equal(Curl.Silence, answer)));
        ServiceBed.ExpectDrop(bed.Node2, "ServiceSourceDenied", () => Assert.Equal(Curl.Silence, Curl.GetNothing(Client.Net, address, Port)));
        // The ranges are about the balancer's address only.
        Assert.Equal($"{Pod.Name} saw {Cluster.WorldAddress}", Curl.Get(bed.World, bed.Node1.Address, service.Object.NodePort));
        Assert.Equal($"{Pod.Name} saw {Client.Address}", Curl.Get(Client.Net, service.Object.ClusterIp, Port));

        service.Change(_ => WithRanges(" 203.0.113.0/24 ", $"{Client.Address}/32", $"{bed.Node1.Address}/32"));
        Assert.Equal($"{Pod.Name} saw {Cluster.WorldAddress}", Curl.Get(bed.World, address, Port));
        Assert.Equal($"{Pod.Name} saw {Client.Address}", Curl.Get(Client.Net, address, Port));
        Assert.Equal($"{Pod.Name} saw {bed.Node1.HostPortAddress}", Curl.Get(bed.Node1.Net, address, Port)); // a node by its own address
        Assert.All(
            Curl.GetNothing((bed.Neighbor, address, Port), (bed.Node1.Pods[1].Net, address, Port), (bed.Node2.Net, address, Port)),
            answer => Assert.Equal(Curl.Silence, answer));

        ServiceObject WithRanges(params string[] ranges) =>
            balanced with { Spec = [$"loadBalancerSourceRanges: [{string.Join(", ", ranges.Select(range => $"\"{range}\""))}]"] };
    }

    [RequiresRootFact]
    public void K12_SourceRangesHoldForDatagramsAndLeaveExternalIpsAlone()
    {
        string balancer = bed.NewAddress(), external = bed.NewAddress();
        using OutsideRoute route = bed.RouteToward(balancer, bed.Node1), other = bed.RouteToward(external, bed.Node1);
        using AppliedService service = bed.Apply(bed.NewService(Pod).OverUdp() with
        {
            Port = Port, Type = "LoadBalancer", Ingress = [balancer], Spec = [$"loadBalancerSourceRanges: [{ServiceBed.NeighborAddress}/32]", $"externalIPs: [{external}]"],
        });

        Assert.Equal($"{Pod.Name} saw {ServiceBed.NeighborAddress}", Who.Ask(bed.Neighbor, "udp", balancer, Port).ToString());
        ServiceBed.ExpectDrop(bed.Node1, "ServiceSourceDenied", () => Assert.Equal(Curl.Silence, Who.AskNothing(bed.World, "udp", balancer, Port).ToString()));
        Assert.Equal($"{Pod.Name} saw {Cluster.WorldAddress}", Who.Ask(bed.World, "udp", external, Port).ToString());
    }

    private static ServiceObject WithAddress(ServiceObject service, string kind, string address) =>
        kind == "LoadBalancer" ? service with { Type = kind, Ingress = [address] } : service with { Spec = [$"externalIPs: [{address}]"] };

    // An address that the host in the world has besides its own.
    private sealed class OwnAddress : IDisposable
    {
        private static int _count;
        private readonly NetworkNamespace _world;

        public OwnAddress(NetworkNamespace world)
        {
            _world = world;
            Address = $"203.0.113.{100 + Interlocked.Increment(ref _count)}";
            world.AddAddress("eth0", Address + "/24");
        }

        public string Address { get; }

        public void Dispose() => _world.Ip($"address del {Address}/24 dev eth0");
    }
}
