using Dataplane.Conntrack;
using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Tables;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>Whose source is changed, to what, and that nobody else's is (K15, K22, S16); byte for byte both ways.</summary>
public abstract class MasqueradeTests<TAddress> : FamilyTests<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private static readonly TAddress[] Near = [PodB], Far = [RemotePod];

    [Fact]
    public void K15_FromOutsideToAnotherNodeTheGatewayAsksAndTheNodeAnswers()
    {
        var path = new SampleServicesOf<TAddress>().Add(Far, []).Path();
        byte[] sent = Ip(Client, NodeAddress).Tcp(40_000, NodePort, TcpHeader.Syn).Payload(9).Build();

        var inner = PathAssert.Forwarded(UplinkPort, path.FromUplink(sent)).Inner!;

        Assert.InRange(inner.SourcePort, NatPortPool.DefaultFirst, NatPortPool.DefaultLast);
        byte[] expected = Ip(Gateway, RemotePod).Ethernet(SampleNode.RemoteVtepMac, SampleNode.VtepMac)
            .TimeToLive(63).Tcp(inner.SourcePort, 8080, TcpHeader.Syn).Payload(9).Build();
        PacketAssert.Equal(expected, inner.Bytes);

        var answer = path.FromOverlay(Ip(RemotePod, Gateway).Tcp(8080, inner.SourcePort, TcpHeader.Syn | TcpHeader.Ack).Payload(5));
        PathAssert.Forwarded(UplinkPort, answer);
        expected = Ip(NodeAddress, Client).Ethernet(SampleNode.NextHopMac, SampleNode.UplinkMac)
            .TimeToLive(63).Tcp(NodePort, 40_000, TcpHeader.Syn | TcpHeader.Ack).Payload(5).Build();
        PacketAssert.Equal(expected, answer.Bytes);
    }

    [Fact]
    public void K15_FromOutsideToThisNodeTheClientsAddressStays()
    {
        var path = new SampleServicesOf<TAddress>().Add(Near, Near).Path();
        var result = path.FromUplink(Ip(Client, ExternalIp).Tcp(40_000, ServicePort, TcpHeader.Syn).Payload(9));
        PathAssert.Forwarded(PodBPort, result);
        byte[] expected = Ip(Client, PodB).Ethernet(MacOf(PodB), SampleNode.GatewayMac)
            .TimeToLive(63).Tcp(40_000, 8080, TcpHeader.Syn).Payload(9).Build();
        PacketAssert.Equal(expected, result.Bytes);
    }

    [Theory]
    [InlineData(IpProtocol.Tcp)]
    [InlineData(IpProtocol.Udp)]
    [InlineData(IpProtocol.Icmp)]
    [InlineData(IpProtocol.Sctp)]
    public void S16_WhatPodsSendOutOfTheClusterHasTheNodesAddress(byte protocol)
    {
        protocol = OfFamily(protocol);
        var path = new SampleServicesOf<TAddress>().Path();
        var result = path.FromPodA(Packet(protocol, PodA, World, 40_000, 443));
        int port = PortOf(PathAssert.Forwarded(UplinkPort, result), protocol);
        Assert.InRange(port, NatPortPool.DefaultFirst, NatPortPool.DefaultLast);
        PacketAssert.Equal(Packet(protocol, NodeAddress, World, port, 443).TimeToLive(63).Ethernet(SampleNode.NextHopMac, SampleNode.UplinkMac).Build(), result.Bytes);

        var answer = path.FromUplink(Packet(protocol, World, NodeAddress, 443, port, answers: true));
        PathAssert.Forwarded(PodAPort, answer);
        PacketAssert.Equal(
            Packet(protocol, World, PodA, 443, 40_000, answers: true).TimeToLive(63).Ethernet(MacOf(PodA), SampleNode.GatewayMac).Build(),
            answer.Bytes);
    }

    [Fact]
    public void S16_WhereTheWayOutIsNotKnownTheNodesStackIsGivenTheSame()
    {
        var services = new SampleServicesOf<TAddress> { Node = { Underlay = UnderlayTable<TAddress>.Empty } };
        var path = services.Path();
        var packet = PathAssert.Forwarded(HostPort, path.FromPodA(Packet(IpProtocol.Tcp, PodA, World, 40_000, 443)));
        Assert.Equal(NodeAddress, Source(packet));
        // The answer may come by the uplink, or, where the stack has routed it, by the host port; and later packets may leave directly.
        PathAssert.Forwarded(PodAPort, path.FromUplink(Packet(IpProtocol.Tcp, World, NodeAddress, 443, packet.SourcePort, answers: true)));
        services.Node.Underlay = SampleNodeOf<TAddress>.ByRouter;
        services.Node.Revision = 2;
        path.Tables = services.Node.Build();
        var later = PathAssert.Forwarded(UplinkPort, path.FromPodA(Ip(PodA, World).Tcp(40_000, 443)));
        Assert.Equal((Source(packet), packet.SourcePort), (Source(later), later.SourcePort));
    }

    [Fact]
    public void S16_NothingElseIsMasqueraded()
    {
        var services = new SampleServicesOf<TAddress>();
        services.Node.Unmasqueraded.Add(Partners);
        var path = services.Path();
        void Keeps(ushort port, TAddress destination)
        {
            var packet = PathAssert.Forwarded(port, path.FromPodA(Packet(IpProtocol.Tcp, PodA, destination, 40_000, 443)));
            Assert.Equal((PodA, 40_000), (Source(Innermost(packet)), Innermost(packet).SourcePort));
        }
        Keeps(PodBPort, PodB);
        Keeps(HostPort, NodeAddress);
        Keeps(UplinkPort, RemotePod);
        Keeps(UplinkPort, RemoteNode);
        Keeps(UplinkPort, Partner); // in a prefix that is never masqueraded
        services.Node.Masquerade = false;
        path.Tables = services.Node.Build();
        Keeps(UplinkPort, World);
    }

    [Fact]
    public void S16_AProtocolWithoutPortsCannotLeaveTheCluster() => PathAssert.Dropped(
        DropReason.NatProtocolUnsupported, new SampleServicesOf<TAddress>().Path().FromPodA(Ip(PodA, World).Protocol(47).Payload(20)));

    [Fact]
    public void F13_WhenAllPortsToADestinationAreTakenTheNextConnectionIsDroppedAndCounted()
    {
        var path = new PathHarnessOf<TAddress>(new SampleServicesOf<TAddress>().Node.Build(), flows: 40_000);
        var ports = new HashSet<int>();
        for (int i = 0; i < 16_384; i++)
            Assert.True(ports.Add(PathAssert.Forwarded(UplinkPort, path.FromPodA(Packet(IpProtocol.Tcp, PodA, World, i, 443))).SourcePort));
        PathAssert.Dropped(DropReason.NatPortsExhausted, path.FromPodA(Packet(IpProtocol.Tcp, PodA, World, 50_000, 443)));
        // Ports go back when their flows are forgotten.
        path.Conntrack.Reader.FlushAll();
        for (int i = 0; i < 2000; i++) path.Begin();
        Assert.Equal(0, path.Conntrack.NatPorts.Used);
        PathAssert.Forwarded(UplinkPort, path.FromPodA(Packet(IpProtocol.Tcp, PodA, World, 50_000, 443)));
    }

    [Fact]
    public void APortIsHeldNoLongerThanItsFlow()
    {
        var path = new SampleServicesOf<TAddress>().Path();
        path.FromPodA(Packet(IpProtocol.Udp, PodA, World, 40_000, 53));
        Assert.Equal(1, path.Conntrack.NatPorts.Used);
        for (int i = 0; i < 40; i++)
        {
            path.Now++;
            path.Begin();
        }
        Assert.Equal(0, path.Conntrack.NatPorts.Used);
    }

    [Fact]
    public void K22c_FromOutsideThroughTheNodesStackToAClusterAddress()
    {
        // Somebody routes the service range to this node (K23): the stack sends it here.
        var path = new SampleServicesOf<TAddress>().Add(Far, []).Path();
        var packet = Ip(Client, ClusterIp).Tcp(40_000, ServicePort, TcpHeader.Syn);
        var inner = PathAssert.Forwarded(UplinkPort, path.FromHost(packet)).Inner!;
        Assert.Equal((Gateway, RemotePod), (Source(inner), Destination(inner)));
        var answer = PathAssert.Forwarded(UplinkPort, path.FromOverlay(Ip(RemotePod, Gateway).Tcp(8080, inner.SourcePort, TcpHeader.Syn | TcpHeader.Ack)));
        Assert.Equal((ClusterIp, Client, 40_000), (Source(answer), Destination(answer), answer.DestinationPort));

        path = new SampleServicesOf<TAddress>().Add(Near, Near).Path();
        Assert.Equal(Client, Source(PathAssert.Forwarded(PodBPort, path.FromHost(packet))));
    }

    [Fact]
    public void K22d_TheNodeKeepsTheAddressThatItsStackChose()
    {
        var path = new SampleServicesOf<TAddress>().Add(Far, []).Path();
        var (address, port) = At(FrontendKind.NodePort);
        var inner = PathAssert.Forwarded(UplinkPort, path.FromHost(Ip(Gateway, address).Tcp(40_000, port, TcpHeader.Syn))).Inner!;
        Assert.Equal((Gateway, 40_000), (Source(inner), inner.SourcePort));
    }

    [Fact]
    public void K22e_MasqueradeAllHidesEveryClientOfAService()
    {
        var services = new SampleServicesOf<TAddress> { Node = { MasqueradeAll = true } }.Add([.. Near], Near);
        var path = services.Path();
        var (address, port) = At(FrontendKind.ClusterIp);
        Assert.Equal(Gateway, Source(PathAssert.Forwarded(PodBPort, path.FromPodA(Ip(PodA, address).Tcp(40_000, port, TcpHeader.Syn)))));
        Assert.Equal(Gateway, Source(PathAssert.Forwarded(PodBPort, path.FromUplink(Ip(Client, ExternalIp).Tcp(40_000, port, TcpHeader.Syn)))));
        // What is for no service stays.
        Assert.Equal(PodA, Source(PathAssert.Forwarded(PodBPort, path.FromPodA(Ip(PodA, PodB).Tcp(40_000, 80, TcpHeader.Syn)))));
    }

    [Fact]
    public void K28_TheNodesOwnStackAsEndpointSeesTheClientByTcpAndAStandInByUdp()
    {
        var path = new SampleServicesOf<TAddress>().Add([NodeAddress], [NodeAddress]).Add([NodeAddress], [NodeAddress], protocol: IpProtocol.Udp).Path();
        foreach (var (protocol, seen) in ((byte, TAddress)[])[(IpProtocol.Tcp, Client), (IpProtocol.Udp, HostPeer)])
        {
            var packet = PathAssert.Forwarded(HostPort, path.FromUplink(Packet(protocol, Client, ExternalIp, 40_000, ServicePort)));
            Assert.Equal((seen, NodeAddress, 8080), (Source(packet), Destination(packet), packet.DestinationPort));
            var answer = PathAssert.Forwarded(UplinkPort, path.FromHost(Packet(protocol, NodeAddress, Source(packet), 8080, packet.SourcePort, answers: true)));
            Assert.Equal((ExternalIp, ServicePort, Client, 40_000), (Source(answer), answer.SourcePort, Destination(answer), answer.DestinationPort));
        }
        // A pod's connection to it comes back by the pods' routes, whatever the protocol.
        Assert.Equal(PodA, Source(PathAssert.Forwarded(HostPort, path.FromPodA(Packet(IpProtocol.Udp, PodA, ClusterIp, 40_000, ServicePort)))));
    }

    [Fact]
    public void K36_TwoConnectionsOfOneSourcePortToOneEndpointAreToldApart()
    {
        var services = new SampleServicesOf<TAddress>().Add(Near, Near);
        var path = services.Path();
        var first = PathAssert.Forwarded(PodBPort, path.FromUplink(Packet(IpProtocol.Tcp, Client, ExternalIp, 40_000, ServicePort)));
        var second = PathAssert.Forwarded(PodBPort, path.FromUplink(Packet(IpProtocol.Tcp, Client, BalancerIp, 40_000, ServicePort)));
        Assert.Equal(40_000, first.SourcePort);
        Assert.Equal(Client, Source(second));
        Assert.NotEqual(40_000, second.SourcePort);
        foreach (var (sent, vip) in (ReadOnlySpan<(DecodedPacket, TAddress)>)[(first, ExternalIp), (second, BalancerIp)])
        {
            var answer = PathAssert.Forwarded(UplinkPort, path.FromPodB(Ip(PodB, Source(sent)).Tcp(8080, sent.SourcePort, TcpHeader.Syn | TcpHeader.Ack)));
            Assert.Equal((vip, ServicePort, 40_000), (Source(answer), answer.SourcePort, answer.DestinationPort));
        }
    }

    /// <summary>A node without us sends its pods' packets for our node ports through the tunnel.</summary>
    [Fact]
    public void ANodePortReachedByATunnelMayLeadIntoAnother()
    {
        var path = new SampleServicesOf<TAddress>().Add(Far, []).Path();
        var packet = Ip(RemotePod, NodeAddress).Tcp(40_000, NodePort, TcpHeader.Syn);
        var inner = PathAssert.Forwarded(UplinkPort, path.FromOverlay(packet)).Inner!;
        Assert.Equal((Gateway, RemotePod), (Source(inner), Destination(inner)));
        var answer = PathAssert.Forwarded(UplinkPort, path.FromOverlay(Ip(RemotePod, Gateway).Tcp(8080, inner.SourcePort, TcpHeader.Syn | TcpHeader.Ack))).Inner!;
        Assert.Equal((NodeAddress, NodePort, RemotePod, 40_000), (Source(answer), answer.SourcePort, Destination(answer), answer.DestinationPort));
        PathAssert.Forwarded(UplinkPort, path.FromOverlay(Ip(RemotePod, NodeAddress).Tcp(40_000, NodePort)));
    }

    private static PacketBuilder Packet(byte protocol, TAddress from, TAddress to, int source, int port, bool answers = false)
    {
        var packet = Ip(from, to).Payload(24);
        return protocol switch
        {
            IpProtocol.Tcp => packet.Tcp(source, port, answers ? (byte)(TcpHeader.Syn | TcpHeader.Ack) : TcpHeader.Syn),
            IpProtocol.Udp => packet.Udp(source, port),
            IpProtocol.Sctp => packet.Sctp(source, port),
            _ => answers ? packet.EchoReply(port) : packet.EchoRequest(source),
        };
    }

    private static int PortOf(DecodedPacket packet, byte protocol) => protocol switch
    {
        _ when protocol == Icmp => (int)(packet.IcmpRest >> 16),
        _ => packet.SourcePort,
    };
}
