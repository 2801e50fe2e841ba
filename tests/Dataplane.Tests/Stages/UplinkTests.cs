using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>What comes by the uplink without a tunnel: whose it is, who may speak, and where the answers go.</summary>
public abstract class UplinkTests<TAddress> : FamilyTests<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private static readonly TAddress[] Near = [PodB], Far = [RemotePod];

    /// <summary>P34, P36: identity is the source address, so that nobody outside may have one of ours.</summary>
    [Theory]
    [InlineData("10.244.1.10", "fd00:10:244:1::a")] // a pod of this node
    [InlineData("10.244.1.99", "fd00:10:244:1::63")] // an address of its range that no pod has
    [InlineData("10.244.2.20", "fd00:10:244:2::14")] // a pod of another node: that would come in a tunnel
    [InlineData("192.168.0.1", "2001:db8:0:77::1")] // this node
    [InlineData("10.244.1.1", "fd00:10:244:1::1")]
    [InlineData("127.0.0.1", "::1")]
    [InlineData("224.0.0.1", "ff02::1")]
    public void P34_P36_DropsWhoClaimsToBeOneOfUs(string v4, string v6) => PathAssert.Dropped(
        DropReason.SourceSpoofed,
        new SampleServicesOf<TAddress>().Add(Near, Near).Path().FromUplink(Ip(Address(v4, v6), NodeAddress).Tcp(40_000, NodePort, TcpHeader.Syn)));

    /// <summary>Another node's own stack asks on the underlay, and there it is answered, though a tunnel leads to its address.</summary>
    [Fact]
    public void AnswersAnotherNodesOwnStackWhereItAsked()
    {
        var path = new SampleServicesOf<TAddress>().Add(Near, Near).Path();
        PathAssert.Forwarded(PodBPort, path.FromUplink(Ip(RemoteNode, NodeAddress).Tcp(40_000, NodePort, TcpHeader.Syn)));
        foreach (uint revision in (uint[])[1, 2]) // also after the flow was judged anew
        {
            var tables = new SampleServicesOf<TAddress>().Add(Near, Near);
            tables.Node.Revision = revision;
            path.Tables = tables.Node.Build();
            var answer = PathAssert.Forwarded(UplinkPort, path.FromPodB(Ip(PodB, RemoteNode).Tcp(8080, 40_000, TcpHeader.Syn | TcpHeader.Ack)));
            Assert.Null(answer.Inner);
            Assert.Equal((NodeAddress, NodePort, SampleNode.NextHopMac), (Source(answer), answer.SourcePort, answer.DestinationMac));
        }
    }

    /// <summary>The node may use a port of our range since before it was reserved.</summary>
    [Fact]
    public void LeavesAnswersThatNobodyHereAwaitsToTheNode()
    {
        var path = new SampleServicesOf<TAddress>().Path();
        byte[] sent = Ip(World, NodeAddress).TimeToLive(1).Tcp(443, 50_000).Payload(30).Build();
        var result = path.FromUplink(sent);
        PathAssert.Forwarded(HostPort, result);
        PacketAssert.Equal(sent.AsSpan(EthernetHeader.Size), result.Bytes.AsSpan(EthernetHeader.Size));
        Assert.Equal(0, path.Context.Flows.Counters.InUse);

        var error = path.FromUplink(Ip(World, NodeAddress).Error(IcmpError.PortUnreachable)
            .Payload(Ip(NodeAddress, World).Udp(50_000, 53).Payload(20).BuildIp()));
        PathAssert.Forwarded(HostPort, error);
    }

    [Fact]
    public void DropsWhatIsForNoServiceAndNotForTheNode() => PathAssert.Dropped(
        DropReason.RouteNotLocal, new SampleServicesOf<TAddress>().Path().FromUplink(Ip(Client, ExternalIp).Tcp(40_000, 80, TcpHeader.Syn)));

    /// <summary>A flow between a pod and this node's stack is none that the uplink may join.</summary>
    [Fact]
    public void DropsPacketsThatBorrowAFlowWithTheNodesStack()
    {
        var path = new SampleServicesOf<TAddress>().Path();
        PathAssert.Forwarded(HostPort, path.FromPodA(Ip(PodA, NodeAddress).Udp(40_000, 53)));
        PathAssert.Dropped(DropReason.SourceSpoofed, path.FromUplink(Ip(NodeAddress, PodA).Udp(53, 40_000)));
    }

    [Fact]
    public void FollowsFragmentsFromOutside()
    {
        var path = new SampleServicesOf<TAddress>().Add(Near, Near, protocol: IpProtocol.Udp).Path();
        PacketBuilder Part(int offset, bool more) => offset == 0
            ? Ip(Client, NodeAddress).Udp(40_000, NodePort).UdpLength(1008).Payload(496).Fragment(0, more)
            : Ip(Client, NodeAddress).Protocol(IpProtocol.Udp).Payload(504).Fragment(offset, more);
        var first = path.FromUplink(Part(0, more: true));
        var later = path.FromUplink(Part(504, more: false));
        Assert.Equal((VerdictKind.Forward, PodBPort), (first.Verdict.Kind, first.Verdict.Port));
        Assert.Equal((VerdictKind.Forward, PodBPort), (later.Verdict.Kind, later.Verdict.Port));
        Assert.Equal(PodB, Destination(later.Packet));
    }

    /// <summary>P19: policy sees an outside client as what it is while its address is kept, and as the other node where it is not.</summary>
    [Fact]
    public void P19_PolicySeesTheClientWhoseAddressIsKept()
    {
        TAddress[] guarded = [Guarded];
        var path = new SampleServicesOf<TAddress>().Add(guarded, guarded).Path();
        PathAssert.Dropped(DropReason.PolicyDenied, TrafficDirection.Ingress, path.FromUplink(Ip(Client, NodeAddress).Tcp(40_000, NodePort, TcpHeader.Syn)));
        PathAssert.Forwarded(GuardedPort, path.FromUplink(Ip(Partner, NodeAddress).Tcp(40_000, NodePort, TcpHeader.Syn)));
    }

    [Fact]
    public void K31_ErrorsAboutMasqueradedFlowsAreLedBackAndTranslated()
    {
        var path = new SampleServicesOf<TAddress>().Path();
        PacketBuilder Sent() => Ip(PodA, World).Udp(40_000, 53).Payload(40);
        byte[] left = path.FromPodA(Sent()).Bytes;
        var result = path.FromUplink(Ip(Router, NodeAddress).Error(IcmpError.PacketTooBig, 1200).Payload(left.AsSpan(14)));
        var packet = PathAssert.Forwarded(PodAPort, result);
        Assert.Equal((Router, PodA, 1200u), (Source(packet), Destination(packet), packet.IcmpRest));
        PacketAssert.Equal(Sent().TimeToLive(63).BuildIp(), packet.Payload);
    }

    [Fact]
    public void K31_ErrorsAboutMasqueradedEchoesToo()
    {
        var path = new SampleServicesOf<TAddress>().Path();
        PacketBuilder Sent() => Ip(PodA, World).EchoRequest().Payload(40);
        byte[] left = path.FromPodA(Sent()).Bytes;
        var result = path.FromUplink(Ip(Router, NodeAddress).Error(IcmpError.TimeExceeded).Payload(left.AsSpan(14)));
        PacketAssert.Equal(Sent().TimeToLive(63).BuildIp(), PathAssert.Forwarded(PodAPort, result).Payload);
    }

    [Fact]
    public void K31_AnEndpointsErrorReachesTheOutsideClientAsTheServices()
    {
        foreach (var endpoints in (TAddress[][])[Near, Far])
        {
            bool near = endpoints == Near;
            var path = new SampleServicesOf<TAddress>().Add(endpoints, near ? Near : [], protocol: IpProtocol.Udp).Path();
            PacketBuilder Sent() => Ip(Client, NodeAddress).Udp(40_000, NodePort).Payload(40);
            var arrived = path.FromUplink(Sent()).Packet;
            arrived = arrived.Inner ?? arrived;
            var error = Ip(Destination(arrived), Source(arrived)).Error(IcmpError.PortUnreachable).Payload(arrived.Bytes.AsSpan(14));
            var packet = PathAssert.Forwarded(UplinkPort, near ? path.FromPodB(error) : path.FromOverlay(error));
            Assert.Equal((NodeAddress, Client), (Source(packet), Destination(packet)));
            PacketAssert.Equal(Sent().TimeToLive(63).BuildIp(), packet.Payload);
            // A router inside the cluster complains: outside nobody knows its address.
            if (near) continue;
            error = Ip(RemoteGateway, Source(arrived)).Error(IcmpError.TimeExceeded).Payload(arrived.Bytes.AsSpan(14));
            Assert.Equal(NodeAddress, Source(PathAssert.Forwarded(UplinkPort, path.FromOverlay(error))));
        }
    }

    [Fact]
    public void K31_TellsAnOutsideClientThatItsHopsRanOut()
    {
        var path = new SampleServicesOf<TAddress>().Add(Near, Near).Path();
        var packet = PathAssert.Replied(UplinkPort, path.FromUplink(Ip(Client, ExternalIp).TimeToLive(1).Tcp(40_000, ServicePort, TcpHeader.Syn)));
        Assert.Equal((NodeAddress, Client, NumbersOf(IcmpError.TimeExceeded).Type), (Source(packet), Destination(packet), packet.IcmpType));
    }

    /// <summary>The node's route to an external address leads here for all of its ports.</summary>
    [Fact]
    public void DoesNotHandTheNodesStackItsOwnPacketsBack()
    {
        var services = new SampleServicesOf<TAddress>().Add(Near, Near);
        var packet = Ip(Gateway, ExternalIp).Tcp(40_000, 22, TcpHeader.Syn);
        Assert.Equal(NodeAddress, Source(PathAssert.Forwarded(UplinkPort, services.Path().FromHost(packet))));
        services.Node.Underlay = Dataplane.Tables.UnderlayTable<TAddress>.Empty;
        PathAssert.Dropped(DropReason.RouteUnreachable, services.Path().FromHost(packet));
    }
}
