using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>What comes by the uplink without a tunnel: whose it is, who may speak, and where the answers go.</summary>
public sealed class UplinkTests
{
    private static readonly IPv4Address[] Near = [SampleNode.PodB], Far = [SampleNode.RemotePod];

    /// <summary>P34, P36: identity is the source address, so that nobody outside may have one of ours.</summary>
    [Theory]
    [InlineData("10.244.1.10")] // a pod of this node
    [InlineData("10.244.1.99")] // an address of its range that no pod has
    [InlineData("10.244.2.20")] // a pod of another node: that would come in a tunnel
    [InlineData("192.168.0.1")] // this node
    [InlineData("10.244.1.1")]
    [InlineData("127.0.0.1")]
    [InlineData("224.0.0.1")]
    public void DropsWhoClaimsToBeOneOfUs(string source) => PathAssert.Dropped(
        DropReason.SourceSpoofed,
        new SampleServices().Add(Near, Near).Path().FromUplink(PacketBuilder.IPv4(IPv4Address.Parse(source), SampleNode.NodeAddress).Tcp(40_000, SampleServices.NodePort, TcpHeader.Syn)));

    /// <summary>Another node's own stack asks on the underlay, and there it is answered, though a tunnel leads to its address.</summary>
    [Fact]
    public void AnswersAnotherNodesOwnStackWhereItAsked()
    {
        var path = new SampleServices().Add(Near, Near).Path();
        PathAssert.Forwarded(SampleNode.PodBPort, path.FromUplink(PacketBuilder.IPv4(SampleNode.RemoteNode, SampleNode.NodeAddress).Tcp(40_000, SampleServices.NodePort, TcpHeader.Syn)));
        foreach (uint revision in (uint[])[1, 2]) // also after the flow was judged anew
        {
            var tables = new SampleServices().Add(Near, Near);
            tables.Node.Revision = revision;
            path.Tables = tables.Node.Build();
            var answer = PathAssert.Forwarded(SampleNode.UplinkPort, path.FromPodB(PacketBuilder.IPv4(SampleNode.PodB, SampleNode.RemoteNode).Tcp(8080, 40_000, TcpHeader.Syn | TcpHeader.Ack)));
            Assert.Null(answer.Inner);
            Assert.Equal((SampleNode.NodeAddress, SampleServices.NodePort, SampleNode.NextHopMac), (answer.Source, answer.SourcePort, answer.DestinationMac));
        }
    }

    /// <summary>The node may use a port of our range since before it was reserved.</summary>
    [Fact]
    public void LeavesAnswersThatNobodyHereAwaitsToTheNode()
    {
        var path = new SampleServices().Path();
        byte[] sent = PacketBuilder.IPv4(SampleNode.World, SampleNode.NodeAddress).TimeToLive(1).Tcp(443, 50_000).Payload(30).Build();
        var result = path.FromUplink(sent);
        PathAssert.Forwarded(SampleNode.HostPort, result);
        PacketAssert.Equal(sent.AsSpan(EthernetHeader.Size), result.Bytes.AsSpan(EthernetHeader.Size));
        Assert.Equal(0, path.Context.Flows.Counters.InUse);

        var error = path.FromUplink(PacketBuilder.IPv4(SampleNode.World, SampleNode.NodeAddress).Icmp(IcmpHeader.DestinationUnreachable, 3)
            .Payload(PacketBuilder.IPv4(SampleNode.NodeAddress, SampleNode.World).Udp(50_000, 53).Payload(20).BuildIp()));
        PathAssert.Forwarded(SampleNode.HostPort, error);
    }

    [Fact]
    public void DropsWhatIsForNoServiceAndNotForTheNode() => PathAssert.Dropped(
        DropReason.RouteNotLocal, new SampleServices().Path().FromUplink(PacketBuilder.IPv4(SampleServices.Client, SampleServices.ExternalIp).Tcp(40_000, 80, TcpHeader.Syn)));

    /// <summary>A flow between a pod and this node's stack is none that the uplink may join.</summary>
    [Fact]
    public void DropsPacketsThatBorrowAFlowWithTheNodesStack()
    {
        var path = new SampleServices().Path();
        PathAssert.Forwarded(SampleNode.HostPort, path.FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.NodeAddress).Udp(40_000, 53)));
        PathAssert.Dropped(DropReason.SourceSpoofed, path.FromUplink(PacketBuilder.IPv4(SampleNode.NodeAddress, SampleNode.PodA).Udp(53, 40_000)));
    }

    [Fact]
    public void FollowsFragmentsFromOutside()
    {
        var path = new SampleServices().Add(Near, Near, protocol: IpProtocol.Udp).Path();
        PacketBuilder Part(int offset, bool more) => offset == 0
            ? PacketBuilder.IPv4(SampleServices.Client, SampleNode.NodeAddress).Udp(40_000, SampleServices.NodePort).UdpLength(1008).Payload(496).Fragment(0, more)
            : PacketBuilder.IPv4(SampleServices.Client, SampleNode.NodeAddress).Protocol(IpProtocol.Udp).Payload(504).Fragment(offset, more);
        var first = path.FromUplink(Part(0, more: true));
        var later = path.FromUplink(Part(504, more: false));
        Assert.Equal((VerdictKind.Forward, SampleNode.PodBPort), (first.Verdict.Kind, first.Verdict.Port));
        Assert.Equal((VerdictKind.Forward, SampleNode.PodBPort), (later.Verdict.Kind, later.Verdict.Port));
        Assert.Equal(SampleNode.PodB, later.Packet.Destination);
    }

    /// <summary>P19: policy sees an outside client as what it is while its address is kept, and as the other node where it is not.</summary>
    [Fact]
    public void P19_PolicySeesTheClientWhoseAddressIsKept()
    {
        IPv4Address[] guarded = [SampleNode.Guarded];
        var path = new SampleServices().Add(guarded, guarded).Path();
        PathAssert.Dropped(DropReason.PolicyDenied, TrafficDirection.Ingress, path.FromUplink(PacketBuilder.IPv4(SampleServices.Client, SampleNode.NodeAddress).Tcp(40_000, SampleServices.NodePort, TcpHeader.Syn)));
        PathAssert.Forwarded(SampleNode.GuardedPort, path.FromUplink(PacketBuilder.IPv4(SampleNode.Partner, SampleNode.NodeAddress).Tcp(40_000, SampleServices.NodePort, TcpHeader.Syn)));
    }

    [Fact]
    public void K31_ErrorsAboutMasqueradedFlowsAreLedBackAndTranslated()
    {
        var path = new SampleServices().Path();
        PacketBuilder Sent() => PacketBuilder.IPv4(SampleNode.PodA, SampleNode.World).Udp(40_000, 53).Payload(40);
        byte[] left = path.FromPodA(Sent()).Bytes;
        IPv4Address router = new(192, 0, 2, 1);
        var result = path.FromUplink(PacketBuilder.IPv4(router, SampleNode.NodeAddress).Icmp(IcmpHeader.DestinationUnreachable, IcmpHeader.FragmentationNeeded, 1200).Payload(left.AsSpan(14)));
        var packet = PathAssert.Forwarded(SampleNode.PodAPort, result);
        Assert.Equal((router, SampleNode.PodA, 1200u), (packet.Source, packet.Destination, packet.IcmpRest));
        PacketAssert.Equal(Sent().TimeToLive(63).BuildIp(), packet.Payload);
    }

    [Fact]
    public void K31_ErrorsAboutMasqueradedEchoesToo()
    {
        var path = new SampleServices().Path();
        PacketBuilder Sent() => PacketBuilder.IPv4(SampleNode.PodA, SampleNode.World).Icmp(IcmpHeader.EchoRequest, 0, 0x0007_0001).Payload(40);
        byte[] left = path.FromPodA(Sent()).Bytes;
        var result = path.FromUplink(PacketBuilder.IPv4(new(192, 0, 2, 1), SampleNode.NodeAddress).Icmp(IcmpHeader.TimeExceeded).Payload(left.AsSpan(14)));
        PacketAssert.Equal(Sent().TimeToLive(63).BuildIp(), PathAssert.Forwarded(SampleNode.PodAPort, result).Payload);
    }

    [Fact]
    public void K31_AnEndpointsErrorReachesTheOutsideClientAsTheServices()
    {
        foreach (var endpoints in (IPv4Address[][])[Near, Far])
        {
            bool near = endpoints == Near;
            var path = new SampleServices().Add(endpoints, near ? Near : [], protocol: IpProtocol.Udp).Path();
            PacketBuilder Sent() => PacketBuilder.IPv4(SampleServices.Client, SampleNode.NodeAddress).Udp(40_000, SampleServices.NodePort).Payload(40);
            var arrived = path.FromUplink(Sent()).Packet;
            arrived = arrived.Inner ?? arrived;
            var error = PacketBuilder.IPv4(arrived.Destination, arrived.Source).Icmp(IcmpHeader.DestinationUnreachable, 3).Payload(arrived.Bytes.AsSpan(14));
            var packet = PathAssert.Forwarded(SampleNode.UplinkPort, near ? path.FromPodB(error) : path.FromOverlay(error));
            Assert.Equal((SampleNode.NodeAddress, SampleServices.Client), (packet.Source, packet.Destination));
            PacketAssert.Equal(Sent().TimeToLive(63).BuildIp(), packet.Payload);
            // A router inside the cluster complains: outside nobody knows its address.
            if (near) continue;
            error = PacketBuilder.IPv4(SampleNode.RemoteGateway, arrived.Source).Icmp(IcmpHeader.TimeExceeded).Payload(arrived.Bytes.AsSpan(14));
            Assert.Equal(SampleNode.NodeAddress, PathAssert.Forwarded(SampleNode.UplinkPort, path.FromOverlay(error)).Source);
        }
    }

    [Fact]
    public void K31_TellsAnOutsideClientThatItsHopsRanOut()
    {
        var path = new SampleServices().Add(Near, Near).Path();
        var packet = PathAssert.Replied(SampleNode.UplinkPort, path.FromUplink(PacketBuilder.IPv4(SampleServices.Client, SampleServices.ExternalIp).TimeToLive(1).Tcp(40_000, SampleServices.Port, TcpHeader.Syn)));
        Assert.Equal((SampleNode.NodeAddress, SampleServices.Client, IcmpHeader.TimeExceeded), (packet.Source, packet.Destination, packet.IcmpType));
    }

    /// <summary>The node's route to an external address leads here for all of its ports.</summary>
    [Fact]
    public void DoesNotHandTheNodesStackItsOwnPacketsBack()
    {
        var services = new SampleServices().Add(Near, Near);
        var packet = PacketBuilder.IPv4(SampleNode.Gateway, SampleServices.ExternalIp).Tcp(40_000, 22, TcpHeader.Syn);
        Assert.Equal(SampleNode.NodeAddress, PathAssert.Forwarded(SampleNode.UplinkPort, services.Path().FromHost(packet)).Source);
        services.Node.Underlay = Dataplane.Tables.UnderlayTable<IPv4Address>.Empty;
        PathAssert.Dropped(DropReason.RouteUnreachable, services.Path().FromHost(packet));
    }
}
