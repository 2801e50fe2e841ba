using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Tables;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>Which endpoints a new connection may go to, by the kind of frontend, the traffic policies and where its client is.</summary>
public sealed class ServicePolicyTests
{
    private static readonly IPv4Address[] Nobody = [], Near = [SampleNode.PodB], Far = [SampleNode.RemotePod];

    public static TheoryData<FrontendKind> ExternalKinds => [FrontendKind.NodePort, FrontendKind.ExternalIp, FrontendKind.LoadBalancer];

    /// <summary>The 2x2 table of policies, for a service whose only endpoint is on another node.</summary>
    [Theory]
    [InlineData(false, false, true, true)]
    [InlineData(false, true, true, false)]
    [InlineData(true, false, false, true)]
    [InlineData(true, true, false, false)]
    public void K14_K17_PoliciesHoldEachForItsSide(bool internalLocal, bool externalLocal, bool inside, bool outside)
    {
        var services = new SampleServices().Add(Far, Nobody, internalLocal, externalLocal);
        foreach (var kind in Enum.GetValues<FrontendKind>().Except([FrontendKind.HostPort]))
        {
            // From a pod, external addresses are as if it had gone out and come back: the cluster's endpoints whatever the policy (K16).
            Expect(kind != FrontendKind.ClusterIp || inside, Pod(services.Path(), kind), SampleNode.UplinkPort);
            if (kind != FrontendKind.ClusterIp) Expect(outside, Outside(services.Path(), kind), SampleNode.UplinkPort);
        }

        static void Expect(bool served, PathResult result, ushort port)
        {
            if (served) PathAssert.Forwarded(port, result);
            else PathAssert.Dropped(DropReason.ServiceNoLocalEndpoints, result);
        }
    }

    [Theory]
    [MemberData(nameof(ExternalKinds))]
    public void K14_LocalPolicyKeepsToThisNodeAndKeepsTheClientsAddress(FrontendKind kind)
    {
        var path = new SampleServices().Add([.. Near, .. Far], Near, externalLocal: true).Path();
        for (int i = 0; i < 20; i++)
        {
            var packet = PathAssert.Forwarded(SampleNode.PodBPort, Outside(path, kind, 40_000 + i));
            Assert.Equal((SampleServices.Client, 40_000 + i, SampleNode.PodB), (packet.Source, packet.SourcePort, packet.Destination));
        }
    }

    [Fact]
    public void K16_TheNodeItselfIsNotOutside()
    {
        var path = new SampleServices().Add(Far, Nobody, externalLocal: true).Path();
        var (address, port) = SampleServices.At(FrontendKind.NodePort);
        var inner = PathAssert.Forwarded(SampleNode.UplinkPort, path.FromHost(PacketBuilder.IPv4(SampleNode.Gateway, address).Tcp(40_000, port, TcpHeader.Syn))).Inner!;
        Assert.Equal((SampleNode.Gateway, SampleNode.RemotePod), (inner.Source, inner.Destination));
    }

    [Theory]
    [MemberData(nameof(ExternalKinds))]
    public void K18_AServiceWithoutAnyEndpointRefusesWhateverThePolicy(FrontendKind kind)
    {
        var result = Outside(new SampleServices().Add(Nobody, Nobody, externalLocal: true).Path(), kind);
        var packet = PathAssert.Replied(SampleNode.UplinkPort, result);
        Assert.Equal(DropReason.ServiceNoEndpoints, result.Info.ReplyReason);
        Assert.Equal((SampleServices.Client, IcmpHeader.DestinationUnreachable, IcmpHeader.PortUnreachable), (packet.Destination, packet.IcmpType, packet.IcmpCode));
        Assert.Equal((SampleNode.NextHopMac, SampleNode.UplinkMac), (packet.DestinationMac, packet.SourceMac));
    }

    [Fact]
    public void K8_NodePortsOfEveryNodeAreServedWhereThePodIs()
    {
        var path = new SampleServices().Add(Near, Near).Path();
        foreach (var node in (IPv4Address[])[SampleNode.NodeAddress, SampleNode.RemoteNode])
        {
            var packet = PathAssert.Forwarded(SampleNode.PodBPort, path.FromPodA(PacketBuilder.IPv4(SampleNode.PodA, node).Tcp(40_000, SampleServices.NodePort, TcpHeader.Syn)));
            Assert.Equal((SampleNode.PodA, SampleNode.PodB, 8080), (packet.Source, packet.Destination, packet.DestinationPort));
            var answer = PathAssert.Forwarded(SampleNode.PodAPort, path.FromPodB(PacketBuilder.IPv4(SampleNode.PodB, packet.Source).Tcp(8080, packet.SourcePort, TcpHeader.Syn | TcpHeader.Ack)));
            Assert.Equal((node, SampleServices.NodePort), (answer.Source, answer.SourcePort));
        }
    }

    /// <summary>The ports of a node are not services elsewhere; other nodes' own ports stay theirs.</summary>
    [Fact]
    public void K8_OtherPortsOfNodesAreLeftAlone()
    {
        var path = new SampleServices().Add(Near, Near).Path();
        PathAssert.Forwarded(SampleNode.HostPort, path.FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.NodeAddress).Tcp(40_000, 22, TcpHeader.Syn)));
        PathAssert.Forwarded(SampleNode.UplinkPort, path.FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.RemoteNode).Tcp(40_000, 22, TcpHeader.Syn)));
    }

    [Theory]
    [InlineData(FrontendKind.LoadBalancer, false)]
    [InlineData(FrontendKind.ExternalIp, true)]
    [InlineData(FrontendKind.NodePort, true)]
    public void K12_SourceRangesHoldForTheBalancersAddressOnly(FrontendKind kind, bool served)
    {
        var partners = new PrefixTable<IPv4Address>([new(new(198, 51, 100, 0), 24, 0)]);
        var path = new SampleServices().Add(Near, Near, ranges: partners).Path();
        var stranger = Outside(path, kind);
        if (served) PathAssert.Forwarded(SampleNode.PodBPort, stranger);
        else PathAssert.Dropped(DropReason.ServiceSourceDenied, stranger);
        var (address, port) = SampleServices.At(kind);
        PathAssert.Forwarded(SampleNode.PodBPort, path.FromUplink(PacketBuilder.IPv4(SampleNode.Partner, address).Tcp(40_000, port, TcpHeader.Syn)));
        // As with kube-proxy, clients in the cluster have to be in a range too: they have the cluster address.
        if (!served) PathAssert.Dropped(DropReason.ServiceSourceDenied, Pod(path, kind));
    }

    [Fact]
    public void K12_TheNodeIsLetInByItsOwnAddressThoughItAsksWithTheHostPorts()
    {
        var (address, port) = SampleServices.At(FrontendKind.LoadBalancer);
        var request = PacketBuilder.IPv4(SampleNode.Gateway, address).Tcp(40_000, port, TcpHeader.Syn);
        var node = new PrefixTable<IPv4Address>([new(SampleNode.NodeAddress, 32, 0)]);
        PathAssert.Forwarded(SampleNode.PodBPort, new SampleServices().Add(Near, Near, ranges: node).Path().FromHost(request));
        // For others the node's address is no pass.
        PathAssert.Dropped(DropReason.ServiceSourceDenied, Pod(new SampleServices().Add(Near, Near, ranges: node).Path(), FrontendKind.LoadBalancer));
        var other = new PrefixTable<IPv4Address>([new(SampleNode.RemoteNode, 32, 0)]);
        PathAssert.Dropped(DropReason.ServiceSourceDenied, new SampleServices().Add(Near, Near, ranges: other).Path().FromHost(request));
    }

    [Fact]
    public void K19_AClientKeepsItsEndpointWhicheverAddressItUses()
    {
        IPv4Address[] endpoints = [SampleNode.PodA, SampleNode.PodB, SampleNode.Guarded];
        var services = new SampleServices().Add(endpoints, endpoints, affinity: 100);
        services.Node.Endpoints.RemoveAll(e => e.Address == SampleNode.Guarded);
        services.Node.Endpoints.Add(SampleNode.Pod(SampleNode.Guarded, SampleNode.GuardedPort, SampleNode.GuardedIdentity, SampleNode.OpenPolicy));
        var path = services.Path();
        var chosen = new HashSet<IPv4Address>();
        for (int client = 0; client < 30; client++)
        {
            var address = IPv4Address.FromHost(0xcb007100 + (uint)client);
            var own = new HashSet<IPv4Address>();
            for (int i = 0; i < 30; i++)
            {
                var (vip, port) = SampleServices.At((FrontendKind)(2 + i % 3));
                own.Add(path.FromUplink(PacketBuilder.IPv4(address, vip).Tcp(40_000 + i, port, TcpHeader.Syn)).Packet.Destination);
            }
            chosen.Add(Assert.Single(own));
        }
        Assert.Equal(3, chosen.Count); // and clients are spread
    }

    [Fact]
    public void K19_AnEndpointThatIsGoneIsReplacedAndTheNewOneKept()
    {
        var path = new SampleServices().Add(Near, Near, affinity: 100).Path();
        PathAssert.Forwarded(SampleNode.PodBPort, Outside(path, FrontendKind.NodePort, 40_000));
        path.Tables = new SampleServices().Add([SampleNode.PodA], [SampleNode.PodA], affinity: 100).Node.Build();
        PathAssert.Forwarded(SampleNode.PodAPort, Outside(path, FrontendKind.NodePort, 40_001));
        // Back, with both: it stays where it is now.
        path.Tables = new SampleServices().Add([SampleNode.PodA, SampleNode.PodB], [SampleNode.PodA, SampleNode.PodB], affinity: 100).Node.Build();
        for (int i = 2; i < 20; i++) PathAssert.Forwarded(SampleNode.PodAPort, Outside(path, FrontendKind.NodePort, 40_000 + i));
    }

    [Fact]
    public void K19_EachNewConnectionStartsTheTimeoutAnew()
    {
        IPv4Address[] both = [SampleNode.PodA, SampleNode.PodB];
        var path = new SampleServices().Add(both, both, affinity: 10).Path();
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
        Backend<IPv4Address>[] backends = [SampleNode.At(SampleNode.PodA, 8080), SampleNode.At(SampleNode.PodB, 8080)];
        SampleServices Services() => new() { Node = { Frontends = { new(SampleServices.ExternalIp, IpProtocol.Tcp, 443, FrontendKind.ExternalIp, new Service<IPv4Address>
        {
            Id = 1, Cluster = new BackendSet<IPv4Address>(backends, new MaglevTable([17, 42])), Local = SampleNode.Set(),
        }) } } };
        // Two nodes with other random numbers: the same choices, and both endpoints among them.
        var choices = Enumerable.Range(0, 50).Select(i => Outside(Services().Path(), FrontendKind.ExternalIp, 40_000 + i).Verdict.Port).ToList();
        var path = Services().Path();
        for (int i = 0; i < 1000; i++) path.Context.NextRandom();
        Assert.Equal(choices, Enumerable.Range(0, 50).Select(i => Outside(path, FrontendKind.ExternalIp, 40_000 + i).Verdict.Port));
        Assert.Equal(2, choices.Distinct().Count());
    }

    private static PathResult Outside(PathHarness path, FrontendKind kind, int sourcePort = 40_000)
    {
        var (address, port) = SampleServices.At(kind);
        return path.FromUplink(PacketBuilder.IPv4(SampleServices.Client, address).Tcp(sourcePort, port, TcpHeader.Syn));
    }

    private static PathResult Pod(PathHarness path, FrontendKind kind)
    {
        var (address, port) = SampleServices.At(kind);
        return path.FromPodA(PacketBuilder.IPv4(SampleNode.PodA, address).Tcp(40_000, port, TcpHeader.Syn));
    }
}
