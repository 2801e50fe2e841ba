using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Tables;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>Which endpoints a new connection may go to, by the kind of frontend, the traffic policies and where its client is.</summary>
public abstract class ServicePolicyTests<TAddress> : FamilyTests<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private static readonly TAddress[] Nobody = [], Near = [PodB], Far = [RemotePod];

    public static TheoryData<FrontendKind> ExternalKinds => [FrontendKind.NodePort, FrontendKind.ExternalIp, FrontendKind.LoadBalancer];

    /// <summary>The 2x2 table of policies, for a service whose only endpoint is on another node.</summary>
    [Theory]
    [InlineData(false, false, true, true)]
    [InlineData(false, true, true, false)]
    [InlineData(true, false, false, true)]
    [InlineData(true, true, false, false)]
    public void K14_K17_PoliciesHoldEachForItsSide(bool internalLocal, bool externalLocal, bool inside, bool outside)
    {
        var services = new SampleServicesOf<TAddress>().Add(Far, Nobody, internalLocal, externalLocal);
        foreach (var kind in Enum.GetValues<FrontendKind>().Except([FrontendKind.HostPort]))
        {
            // From a pod, external addresses are as if it had gone out and come back: the cluster's endpoints whatever the policy (K16).
            Expect(kind != FrontendKind.ClusterIp || inside, Pod(services.Path(), kind), UplinkPort);
            if (kind != FrontendKind.ClusterIp) Expect(outside, Outside(services.Path(), kind), UplinkPort);
        }

        static void Expect(bool served, PathResult<TAddress> result, ushort port)
        {
            if (served) PathAssert.Forwarded(port, result);
            else PathAssert.Dropped(DropReason.ServiceNoLocalEndpoints, result);
        }
    }

    [Theory]
    [MemberData(nameof(ExternalKinds))]
    public void K14_LocalPolicyKeepsToThisNodeAndKeepsTheClientsAddress(FrontendKind kind)
    {
        var path = new SampleServicesOf<TAddress>().Add([.. Near, .. Far], Near, externalLocal: true).Path();
        for (int i = 0; i < 20; i++)
        {
            var packet = PathAssert.Forwarded(PodBPort, Outside(path, kind, 40_000 + i));
            Assert.Equal((Client, 40_000 + i, PodB), (Source(packet), packet.SourcePort, Destination(packet)));
        }
    }

    [Fact]
    public void K16_TheNodeItselfIsNotOutside()
    {
        var path = new SampleServicesOf<TAddress>().Add(Far, Nobody, externalLocal: true).Path();
        var (address, port) = At(FrontendKind.NodePort);
        var inner = PathAssert.Forwarded(UplinkPort, path.FromHost(Ip(Gateway, address).Tcp(40_000, port, TcpHeader.Syn))).Inner!;
        Assert.Equal((Gateway, RemotePod), (Source(inner), Destination(inner)));
    }

    [Theory]
    [MemberData(nameof(ExternalKinds))]
    public void K18_AServiceWithoutAnyEndpointRefusesWhateverThePolicy(FrontendKind kind)
    {
        var result = Outside(new SampleServicesOf<TAddress>().Add(Nobody, Nobody, externalLocal: true).Path(), kind);
        var packet = PathAssert.Replied(UplinkPort, result);
        Assert.Equal(DropReason.ServiceNoEndpoints, result.Info.ReplyReason);
        Assert.Equal((Client, NumbersOf(IcmpError.PortUnreachable)), (Destination(packet), (packet.IcmpType, packet.IcmpCode)));
        Assert.Equal((SampleNode.NextHopMac, SampleNode.UplinkMac), (packet.DestinationMac, packet.SourceMac));
    }

    [Fact]
    public void K8_NodePortsOfEveryNodeAreServedWhereThePodIs()
    {
        var path = new SampleServicesOf<TAddress>().Add(Near, Near).Path();
        foreach (var node in (TAddress[])[NodeAddress, RemoteNode])
        {
            var packet = PathAssert.Forwarded(PodBPort, path.FromPodA(Ip(PodA, node).Tcp(40_000, NodePort, TcpHeader.Syn)));
            Assert.Equal((PodA, PodB, 8080), (Source(packet), Destination(packet), packet.DestinationPort));
            var answer = PathAssert.Forwarded(PodAPort, path.FromPodB(Ip(PodB, Source(packet)).Tcp(8080, packet.SourcePort, TcpHeader.Syn | TcpHeader.Ack)));
            Assert.Equal((node, NodePort), (Source(answer), answer.SourcePort));
        }
    }

    /// <summary>The ports of a node are not services elsewhere; other nodes' own ports stay theirs.</summary>
    [Fact]
    public void K8_OtherPortsOfNodesAreLeftAlone()
    {
        var path = new SampleServicesOf<TAddress>().Add(Near, Near).Path();
        PathAssert.Forwarded(HostPort, path.FromPodA(Ip(PodA, NodeAddress).Tcp(40_000, 22, TcpHeader.Syn)));
        PathAssert.Forwarded(UplinkPort, path.FromPodA(Ip(PodA, RemoteNode).Tcp(40_000, 22, TcpHeader.Syn)));
    }

    [Theory]
    [InlineData(FrontendKind.LoadBalancer, false)]
    [InlineData(FrontendKind.ExternalIp, true)]
    [InlineData(FrontendKind.NodePort, true)]
    public void K12_SourceRangesHoldForTheBalancersAddressOnly(FrontendKind kind, bool served)
    {
        var partners = new PrefixTable<TAddress>([Partners]);
        var path = new SampleServicesOf<TAddress>().Add(Near, Near, ranges: partners).Path();
        var stranger = Outside(path, kind);
        if (served) PathAssert.Forwarded(PodBPort, stranger);
        else PathAssert.Dropped(DropReason.ServiceSourceDenied, stranger);
        var (address, port) = At(kind);
        PathAssert.Forwarded(PodBPort, path.FromUplink(Ip(Partner, address).Tcp(40_000, port, TcpHeader.Syn)));
        // As with kube-proxy, clients in the cluster have to be in a range too: they have the cluster address.
        if (!served) PathAssert.Dropped(DropReason.ServiceSourceDenied, Pod(path, kind));
    }

    [Fact]
    public void K12_TheNodeIsLetInByItsOwnAddressThoughItAsksWithTheHostPorts()
    {
        var (address, port) = At(FrontendKind.LoadBalancer);
        var request = Ip(Gateway, address).Tcp(40_000, port, TcpHeader.Syn);
        PathAssert.Forwarded(PodBPort, LetsIn(NodeAddress).FromHost(request));
        // For others the node's address is no pass.
        PathAssert.Dropped(DropReason.ServiceSourceDenied, Pod(LetsIn(NodeAddress), FrontendKind.LoadBalancer));
        PathAssert.Dropped(DropReason.ServiceSourceDenied, LetsIn(RemoteNode).FromHost(request));

        static PathHarnessOf<TAddress> LetsIn(TAddress address) =>
            new SampleServicesOf<TAddress>().Add(Near, Near, ranges: new PrefixTable<TAddress>([new(address, TAddress.ByteLength * 8, 0)])).Path();
    }

    [Fact]
    public void K19_AClientKeepsItsEndpointWhicheverAddressItUses()
    {
        TAddress[] endpoints = [PodA, PodB, Guarded];
        var services = new SampleServicesOf<TAddress>().Add(endpoints, endpoints, affinity: 100);
        services.Node.Endpoints.RemoveAll(e => e.Address.Equals(Guarded));
        services.Node.Endpoints.Add(SampleNodeOf<TAddress>.Pod(Guarded, GuardedPort, SampleNode.GuardedIdentity, SampleNode.OpenPolicy));
        var path = services.Path();
        var chosen = new HashSet<TAddress>();
        for (int client = 0; client < 30; client++)
        {
            var address = Family<TAddress>.After(World, client);
            var own = new HashSet<TAddress>();
            for (int i = 0; i < 30; i++)
            {
                var (vip, port) = At((FrontendKind)(2 + i % 3));
                own.Add(Destination(path.FromUplink(Ip(address, vip).Tcp(40_000 + i, port, TcpHeader.Syn)).Packet));
            }
            chosen.Add(Assert.Single(own));
        }
        Assert.Equal(3, chosen.Count); // and clients are spread
    }

    [Fact]
    public void K19_AnEndpointThatIsGoneIsReplacedAndTheNewOneKept()
    {
        var path = new SampleServicesOf<TAddress>().Add(Near, Near, affinity: 100).Path();
        PathAssert.Forwarded(PodBPort, Outside(path, FrontendKind.NodePort, 40_000));
        path.Tables = new SampleServicesOf<TAddress>().Add([PodA], [PodA], affinity: 100).Node.Build();
        PathAssert.Forwarded(PodAPort, Outside(path, FrontendKind.NodePort, 40_001));
        // Back, with both: it stays where it is now.
        path.Tables = new SampleServicesOf<TAddress>().Add([PodA, PodB], [PodA, PodB], affinity: 100).Node.Build();
        for (int i = 2; i < 20; i++) PathAssert.Forwarded(PodAPort, Outside(path, FrontendKind.NodePort, 40_000 + i));
    }

    [Fact]
    public void K19_EachNewConnectionStartsTheTimeoutAnew()
    {
        TAddress[] both = [PodA, PodB];
        var path = new SampleServicesOf<TAddress>().Add(both, both, affinity: 10).Path();
        ushort first = Outside(path, FrontendKind.NodePort).Verdict.Port;
        for (int i = 1; i < 40; i++)
        {
            path.Now += 9;
            Assert.Equal(first, Outside(path, FrontendKind.NodePort, 40_000 + i).Verdict.Port);
        }
        // After the timeout the choice is free again: of twenty, some differ.
        var ports = new HashSet<ushort>();
        for (int i = 0; i < 20; i++)
        {
            path.Now += 11;
            ports.Add(Outside(path, FrontendKind.NodePort, 50_000 + i).Verdict.Port);
        }
        Assert.Equal(2, ports.Count);
    }

    [Fact]
    public void X2_OutsideClientsChooseByMaglevWhereThereIsATable()
    {
        Backend<TAddress>[] backends = [At(PodA, 8080), At(PodB, 8080)];
        SampleServicesOf<TAddress> Services() => new() { Node = { Frontends = { new(ExternalIp, IpProtocol.Tcp, 443, FrontendKind.ExternalIp, new Service<TAddress>
        {
            Id = 1, Cluster = new BackendSet<TAddress>(backends, new MaglevTable([17, 42])), Local = SampleNodeOf<TAddress>.Set(),
        }) } } };
        // Two nodes with other random numbers: the same choices, and both endpoints among them.
        var choices = Enumerable.Range(0, 50).Select(i => Outside(Services().Path(), FrontendKind.ExternalIp, 40_000 + i).Verdict.Port).ToList();
        var path = Services().Path();
        for (int i = 0; i < 1000; i++) path.Context.NextRandom();
        Assert.Equal(choices, Enumerable.Range(0, 50).Select(i => Outside(path, FrontendKind.ExternalIp, 40_000 + i).Verdict.Port));
        Assert.Equal(2, choices.Distinct().Count());
    }

    private static PathResult<TAddress> Outside(PathHarnessOf<TAddress> path, FrontendKind kind, int sourcePort = 40_000)
    {
        var (address, port) = At(kind);
        return path.FromUplink(Ip(Client, address).Tcp(sourcePort, port, TcpHeader.Syn));
    }

    private static PathResult<TAddress> Pod(PathHarnessOf<TAddress> path, FrontendKind kind)
    {
        var (address, port) = At(kind);
        return path.FromPodA(Ip(PodA, address).Tcp(40_000, port, TcpHeader.Syn));
    }
}
