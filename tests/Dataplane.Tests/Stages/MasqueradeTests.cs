using Dataplane.Conntrack;
using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Tables;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>Whose source is changed, to what, and that nobody else's is (K15, K22, S16); byte for byte both ways.</summary>
public sealed class MasqueradeTests
{
    private static readonly IPv4Address[] Near = [SampleNode.PodB], Far = [SampleNode.RemotePod];

    [Fact]
    public void K15_FromOutsideToAnotherNodeTheGatewayAsksAndTheNodeAnswers()
    {
        var path = new SampleServices().Add(Far, []).Path();
        byte[] sent = PacketBuilder.IPv4(SampleServices.Client, SampleNode.NodeAddress).Tcp(40_000, SampleServices.NodePort, TcpHeader.Syn).Payload(9).Build();

        var inner = PathAssert.Forwarded(SampleNode.UplinkPort, path.FromUplink(sent)).Inner!;

        Assert.InRange(inner.SourcePort, NatPortPool.DefaultFirst, NatPortPool.DefaultLast);
        byte[] expected = PacketBuilder.IPv4(SampleNode.Gateway, SampleNode.RemotePod).Ethernet(SampleNode.RemoteVtepMac, SampleNode.VtepMac)
            .TimeToLive(63).Tcp(inner.SourcePort, 8080, TcpHeader.Syn).Payload(9).Build();
        PacketAssert.Equal(expected, inner.Bytes);

        var answer = path.FromOverlay(PacketBuilder.IPv4(SampleNode.RemotePod, SampleNode.Gateway).Tcp(8080, inner.SourcePort, TcpHeader.Syn | TcpHeader.Ack).Payload(5));
        PathAssert.Forwarded(SampleNode.UplinkPort, answer);
        expected = PacketBuilder.IPv4(SampleNode.NodeAddress, SampleServices.Client).Ethernet(SampleNode.NextHopMac, SampleNode.UplinkMac)
            .TimeToLive(63).Tcp(SampleServices.NodePort, 40_000, TcpHeader.Syn | TcpHeader.Ack).Payload(5).Build();
        PacketAssert.Equal(expected, answer.Bytes);
    }

    [Fact]
    public void K15_FromOutsideToThisNodeTheClientsAddressStays()
    {
        var path = new SampleServices().Add(Near, Near).Path();
        var result = path.FromUplink(PacketBuilder.IPv4(SampleServices.Client, SampleServices.ExternalIp).Tcp(40_000, SampleServices.Port, TcpHeader.Syn).Payload(9));
        PathAssert.Forwarded(SampleNode.PodBPort, result);
        byte[] expected = PacketBuilder.IPv4(SampleServices.Client, SampleNode.PodB).Ethernet(SampleNode.MacOf(SampleNode.PodB), SampleNode.GatewayMac)
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
        var path = new SampleServices().Path();
        var result = path.FromPodA(Packet(protocol, SampleNode.PodA, SampleNode.World, 40_000, 443));
        int port = PortOf(PathAssert.Forwarded(SampleNode.UplinkPort, result), protocol);
        Assert.InRange(port, NatPortPool.DefaultFirst, NatPortPool.DefaultLast);
        PacketAssert.Equal(Packet(protocol, SampleNode.NodeAddress, SampleNode.World, port, 443).TimeToLive(63).Ethernet(SampleNode.NextHopMac, SampleNode.UplinkMac).Build(), result.Bytes);

        var answer = path.FromUplink(Packet(protocol, SampleNode.World, SampleNode.NodeAddress, 443, port, answers: true));
        PathAssert.Forwarded(SampleNode.PodAPort, answer);
        PacketAssert.Equal(
            Packet(protocol, SampleNode.World, SampleNode.PodA, 443, 40_000, answers: true).TimeToLive(63).Ethernet(SampleNode.MacOf(SampleNode.PodA), SampleNode.GatewayMac).Build(),
            answer.Bytes);
    }

    [Fact]
    public void S16_WhereTheWayOutIsNotKnownTheNodesStackIsGivenTheSame()
    {
        var services = new SampleServices { Node = { Underlay = UnderlayTable<IPv4Address>.Empty } };
        var path = services.Path();
        var packet = PathAssert.Forwarded(SampleNode.HostPort, path.FromPodA(Packet(IpProtocol.Tcp, SampleNode.PodA, SampleNode.World, 40_000, 443)));
        Assert.Equal(SampleNode.NodeAddress, packet.Source);
        // The answer may come by the uplink, or, where the stack has routed it, by the host port; and later packets may leave directly.
        PathAssert.Forwarded(SampleNode.PodAPort, path.FromUplink(Packet(IpProtocol.Tcp, SampleNode.World, SampleNode.NodeAddress, 443, packet.SourcePort, answers: true)));
        services.Node.Underlay = SampleNode.ByRouter;
        services.Node.Revision = 2;
        path.Tables = services.Node.Build();
        var later = PathAssert.Forwarded(SampleNode.UplinkPort, path.FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.World).Tcp(40_000, 443)));
        Assert.Equal((packet.Source, packet.SourcePort), (later.Source, later.SourcePort));
    }

    [Fact]
    public void S16_NothingElseIsMasqueraded()
    {
        var services = new SampleServices();
        services.Node.Unmasqueraded.Add(new(new(198, 51, 100, 0), 24, 0));
        var path = services.Path();
        void Keeps(ushort port, IPv4Address destination)
        {
            var packet = PathAssert.Forwarded(port, path.FromPodA(Packet(IpProtocol.Tcp, SampleNode.PodA, destination, 40_000, 443)));
            Assert.Equal((SampleNode.PodA, 40_000), ((packet.Inner ?? packet).Source, (packet.Inner ?? packet).SourcePort));
        }
        Keeps(SampleNode.PodBPort, SampleNode.PodB);
        Keeps(SampleNode.HostPort, SampleNode.NodeAddress);
        Keeps(SampleNode.UplinkPort, SampleNode.RemotePod);
        Keeps(SampleNode.UplinkPort, SampleNode.RemoteNode);
        Keeps(SampleNode.UplinkPort, SampleNode.Partner); // in a prefix that is never masqueraded
        services.Node.Masquerade = false;
        path.Tables = services.Node.Build();
        Keeps(SampleNode.UplinkPort, SampleNode.World);
    }

    [Fact]
    public void S16_AProtocolWithoutPortsCannotLeaveTheCluster() => PathAssert.Dropped(
        DropReason.NatProtocolUnsupported, new SampleServices().Path().FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.World).Protocol(47).Payload(20)));

    [Fact]
    public void F13_WhenAllPortsToADestinationAreTakenTheNextConnectionIsDroppedAndCounted()
    {
        var path = new PathHarness(new SampleServices().Node.Build(), flows: 40_000);
        var ports = new HashSet<int>();
        for (int i = 0; i < 16_384; i++)
            Assert.True(ports.Add(PathAssert.Forwarded(SampleNode.UplinkPort, path.FromPodA(Packet(IpProtocol.Tcp, SampleNode.PodA, SampleNode.World, i, 443))).SourcePort));
        PathAssert.Dropped(DropReason.NatPortsExhausted, path.FromPodA(Packet(IpProtocol.Tcp, SampleNode.PodA, SampleNode.World, 50_000, 443)));
        // Ports go back when their flows are forgotten.
        path.Conntrack.Reader.FlushAll();
        for (int i = 0; i < 2000; i++) path.Begin();
        Assert.Equal(0, path.Conntrack.NatPorts.Used);
        PathAssert.Forwarded(SampleNode.UplinkPort, path.FromPodA(Packet(IpProtocol.Tcp, SampleNode.PodA, SampleNode.World, 50_000, 443)));
    }

    [Fact]
    public void APortIsHeldNoLongerThanItsFlow()
    {
        var path = new SampleServices().Path();
        path.FromPodA(Packet(IpProtocol.Udp, SampleNode.PodA, SampleNode.World, 40_000, 53));
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
        var path = new SampleServices().Add(Far, []).Path();
        var packet = PacketBuilder.IPv4(SampleServices.Client, SampleServices.ClusterIp).Tcp(40_000, SampleServices.Port, TcpHeader.Syn);
        var inner = PathAssert.Forwarded(SampleNode.UplinkPort, path.FromHost(packet)).Inner!;
        Assert.Equal((SampleNode.Gateway, SampleNode.RemotePod), (inner.Source, inner.Destination));
        var answer = PathAssert.Forwarded(SampleNode.UplinkPort, path.FromOverlay(PacketBuilder.IPv4(SampleNode.RemotePod, SampleNode.Gateway).Tcp(8080, inner.SourcePort, TcpHeader.Syn | TcpHeader.Ack)));
        Assert.Equal((SampleServices.ClusterIp, SampleServices.Client, 40_000), (answer.Source, answer.Destination, answer.DestinationPort));

        path = new SampleServices().Add(Near, Near).Path();
        Assert.Equal(SampleServices.Client, PathAssert.Forwarded(SampleNode.PodBPort, path.FromHost(packet)).Source);
    }

    [Fact]
    public void K22d_TheNodeKeepsTheAddressThatItsStackChose()
    {
        var path = new SampleServices().Add(Far, []).Path();
        var (address, port) = SampleServices.At(FrontendKind.NodePort);
        var inner = PathAssert.Forwarded(SampleNode.UplinkPort, path.FromHost(PacketBuilder.IPv4(SampleNode.Gateway, address).Tcp(40_000, port, TcpHeader.Syn))).Inner!;
        Assert.Equal((SampleNode.Gateway, 40_000), (inner.Source, inner.SourcePort));
    }

    [Fact]
    public void K22e_MasqueradeAllHidesEveryClientOfAService()
    {
        var services = new SampleServices { Node = { MasqueradeAll = true } }.Add([.. Near], Near);
        var path = services.Path();
        var (address, port) = SampleServices.At(FrontendKind.ClusterIp);
        Assert.Equal(SampleNode.Gateway, PathAssert.Forwarded(SampleNode.PodBPort, path.FromPodA(PacketBuilder.IPv4(SampleNode.PodA, address).Tcp(40_000, port, TcpHeader.Syn))).Source);
        Assert.Equal(SampleNode.Gateway, PathAssert.Forwarded(SampleNode.PodBPort, path.FromUplink(PacketBuilder.IPv4(SampleServices.Client, SampleServices.ExternalIp).Tcp(40_000, port, TcpHeader.Syn))).Source);
        // What is for no service stays.
        Assert.Equal(SampleNode.PodA, PathAssert.Forwarded(SampleNode.PodBPort, path.FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.PodB).Tcp(40_000, 80, TcpHeader.Syn))).Source);
    }

    [Fact]
    public void K28_TheNodesOwnStackAsEndpointSeesTheClientByTcpAndAStandInByUdp()
    {
        var path = new SampleServices().Add([SampleNode.NodeAddress], [SampleNode.NodeAddress]).Add([SampleNode.NodeAddress], [SampleNode.NodeAddress], protocol: IpProtocol.Udp).Path();
        foreach (var (protocol, seen) in ((byte, IPv4Address)[])[(IpProtocol.Tcp, SampleServices.Client), (IpProtocol.Udp, SampleNode.HostPeer)])
        {
            var packet = PathAssert.Forwarded(SampleNode.HostPort, path.FromUplink(Packet(protocol, SampleServices.Client, SampleServices.ExternalIp, 40_000, SampleServices.Port)));
            Assert.Equal((seen, SampleNode.NodeAddress, 8080), (packet.Source, packet.Destination, packet.DestinationPort));
            var answer = PathAssert.Forwarded(SampleNode.UplinkPort, path.FromHost(Packet(protocol, SampleNode.NodeAddress, packet.Source, 8080, packet.SourcePort, answers: true)));
            Assert.Equal((SampleServices.ExternalIp, SampleServices.Port, SampleServices.Client, 40_000), (answer.Source, answer.SourcePort, answer.Destination, answer.DestinationPort));
        }
        // A pod's connection to it comes back by the pods' routes, whatever the protocol.
        Assert.Equal(SampleNode.PodA, PathAssert.Forwarded(SampleNode.HostPort, path.FromPodA(Packet(IpProtocol.Udp, SampleNode.PodA, SampleServices.ClusterIp, 40_000, SampleServices.Port))).Source);
    }

    [Fact]
    public void K36_TwoConnectionsOfOneSourcePortToOneEndpointAreToldApart()
    {
        var services = new SampleServices().Add(Near, Near);
        var path = services.Path();
        var first = PathAssert.Forwarded(SampleNode.PodBPort, path.FromUplink(Packet(IpProtocol.Tcp, SampleServices.Client, SampleServices.ExternalIp, 40_000, SampleServices.Port)));
        var second = PathAssert.Forwarded(SampleNode.PodBPort, path.FromUplink(Packet(IpProtocol.Tcp, SampleServices.Client, SampleServices.BalancerIp, 40_000, SampleServices.Port)));
        Assert.Equal(40_000, first.SourcePort);
        Assert.Equal(SampleServices.Client, second.Source);
        Assert.NotEqual(40_000, second.SourcePort);
        foreach (var (sent, vip) in (ReadOnlySpan<(DecodedPacket, IPv4Address)>)[(first, SampleServices.ExternalIp), (second, SampleServices.BalancerIp)])
        {
            var answer = PathAssert.Forwarded(SampleNode.UplinkPort, path.FromPodB(PacketBuilder.IPv4(SampleNode.PodB, sent.Source).Tcp(8080, sent.SourcePort, TcpHeader.Syn | TcpHeader.Ack)));
            Assert.Equal((vip, SampleServices.Port, 40_000), (answer.Source, answer.SourcePort, answer.DestinationPort));
        }
    }

    /// <summary>A node without us sends its pods' packets for our node ports through the tunnel.</summary>
    [Fact]
    public void ANodePortReachedByATunnelMayLeadIntoAnother()
    {
        var path = new SampleServices().Add(Far, []).Path();
        var packet = PacketBuilder.IPv4(SampleNode.RemotePod, SampleNode.NodeAddress).Tcp(40_000, SampleServices.NodePort, TcpHeader.Syn);
        var inner = PathAssert.Forwarded(SampleNode.UplinkPort, path.FromOverlay(packet)).Inner!;
        Assert.Equal((SampleNode.Gateway, SampleNode.RemotePod), (inner.Source, inner.Destination));
        var answer = PathAssert.Forwarded(SampleNode.UplinkPort, path.FromOverlay(PacketBuilder.IPv4(SampleNode.RemotePod, SampleNode.Gateway).Tcp(8080, inner.SourcePort, TcpHeader.Syn | TcpHeader.Ack))).Inner!;
        Assert.Equal((SampleNode.NodeAddress, SampleServices.NodePort, SampleNode.RemotePod, 40_000), (answer.Source, answer.SourcePort, answer.Destination, answer.DestinationPort));
        PathAssert.Forwarded(SampleNode.UplinkPort, path.FromOverlay(PacketBuilder.IPv4(SampleNode.RemotePod, SampleNode.NodeAddress).Tcp(40_000, SampleServices.NodePort)));
    }

    private static PacketBuilder Packet(byte protocol, IPv4Address from, IPv4Address to, int source, int port, bool answers = false)
    {
        var packet = PacketBuilder.IPv4(from, to).Payload(24);
        return protocol switch
        {
            IpProtocol.Tcp => packet.Tcp(source, port, answers ? (byte)(TcpHeader.Syn | TcpHeader.Ack) : TcpHeader.Syn),
            IpProtocol.Udp => packet.Udp(source, port),
            IpProtocol.Sctp => packet.Sctp(source, port),
            _ => packet.Icmp(answers ? IcmpHeader.EchoReply : IcmpHeader.EchoRequest, 0, (uint)(answers ? port : source) << 16 | 1),
        };
    }

    private static int PortOf(DecodedPacket packet, byte protocol) => protocol switch
    {
        IpProtocol.Icmp => (int)(packet.IcmpRest >> 16),
        IpProtocol.Sctp => packet.Bytes[34] << 8 | packet.Bytes[35],
        _ => packet.SourcePort,
    };
}
