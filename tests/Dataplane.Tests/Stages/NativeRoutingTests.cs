using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Tables;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>
/// Pods of another node without a tunnel (S5): out by the next hop that the node's routes name, in from the underlay as they are; and what nobody there
/// may claim to be.
/// </summary>
public abstract class NativeRoutingTests<TAddress> : FamilyTests<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    [Fact]
    public void S5_AnotherNodesPodIsSentToTheNextHopAsItIs()
    {
        var sent = PathAssert.Forwarded(UplinkPort, Path().FromPodA(Ip(PodA, RemotePod).Tcp(40_000, 8080, TcpHeader.Syn)));
        Assert.Null(sent.Inner);
        Assert.Equal((SampleNode.NextHopMac, SampleNode.UplinkMac, PodA, RemotePod, 63), (sent.DestinationMac, sent.SourceMac, Source(sent), Destination(sent), sent.TimeToLive));
    }

    [Fact]
    public void S5_TheAnswerComesFromTheUnderlayAndGoesToThePod()
    {
        var path = Path();
        PathAssert.Forwarded(UplinkPort, path.FromPodA(Ip(PodA, RemotePod).Tcp(40_000, 8080, TcpHeader.Syn)));
        var answer = PathAssert.Forwarded(PodAPort, path.FromUplink(Ip(RemotePod, PodA).Tcp(8080, 40_000, TcpHeader.Syn | TcpHeader.Ack)));
        Assert.Equal((RemotePod, PodA), (Source(answer), Destination(answer)));
    }

    [Fact]
    public void S5_AServicesClientSeesTheServiceThoughItsEndpointIsElsewhere()
    {
        var path = Path();
        var sent = PathAssert.Forwarded(UplinkPort, path.FromPodA(Ip(PodA, SampleNodeOf<TAddress>.RemoteService).Tcp(40_000, 80, TcpHeader.Syn)));
        Assert.Equal((PodA, RemotePod, 8080), (Source(sent), Destination(sent), sent.DestinationPort));
        var answer = PathAssert.Forwarded(PodAPort, path.FromUplink(Ip(RemotePod, PodA).Tcp(8080, 40_000, TcpHeader.Syn | TcpHeader.Ack)));
        Assert.Equal((SampleNodeOf<TAddress>.RemoteService, 80), (Source(answer), answer.SourcePort));
    }

    [Fact]
    public void APodOfAnotherNodeReachesALocalPodAndIsAnsweredWithoutATunnel()
    {
        var path = Path();
        PathAssert.Forwarded(PodBPort, path.FromUplink(Ip(RemotePod, PodB).Tcp(40_000, 8080, TcpHeader.Syn)));
        foreach (uint revision in (uint[])[1, 2]) // also after the flow was judged anew
        {
            path.Tables = Tables(node => node.Revision = revision);
            Assert.Null(PathAssert.Forwarded(UplinkPort, path.FromPodB(Ip(PodB, RemotePod).Tcp(8080, 40_000, TcpHeader.Syn | TcpHeader.Ack))).Inner);
        }
    }

    /// <summary>P5, P23: by the identity of the address, and another node is not this pod's own.</summary>
    [Fact]
    public void ThePolicyOfALocalPodHoldsForWhatComesFromTheUnderlay()
    {
        var path = Path();
        PathAssert.Forwarded(GuardedPort, path.FromUplink(Ip(RemotePod, SampleNodeOf<TAddress>.Guarded).Udp(40_000, 1500)));
        PathAssert.Dropped(DropReason.PolicyDenied, TrafficDirection.Ingress, path.FromUplink(Ip(RemotePod, SampleNodeOf<TAddress>.Guarded).Udp(40_000, 2500)));
        PathAssert.Dropped(DropReason.PolicyDenied, TrafficDirection.Ingress, path.FromUplink(Ip(RemoteNode, SampleNodeOf<TAddress>.Guarded).Tcp(40_000, 8080, TcpHeader.Syn)));
        PathAssert.Dropped(DropReason.PolicyDenied, TrafficDirection.Ingress, path.FromUplink(Ip(World, SampleNodeOf<TAddress>.Guarded).Tcp(40_000, 8080, TcpHeader.Syn)));
        PathAssert.Dropped(DropReason.PolicyNotReady, TrafficDirection.Ingress, path.FromUplink(Ip(RemotePod, SampleNodeOf<TAddress>.Starting).Udp(40_000, 1500)));
    }

    /// <summary>P23, P34: this node's identity passes every policy, and a local pod speaks by its own port only.</summary>
    [Theory]
    [InlineData("10.244.1.10", "fd00:10:244:1::a")] // a pod of this node
    [InlineData("10.244.1.99", "fd00:10:244:1::63")] // an address of its range that no pod has
    [InlineData("192.168.0.1", "2001:db8:0:77::1")] // this node
    [InlineData("10.244.1.1", "fd00:10:244:1::1")]
    [InlineData("127.0.0.1", "::1")]
    [InlineData("224.0.0.1", "ff02::1")]
    public void NobodyOnTheUnderlayIsThisNodeOrOneOfItsPods(string v4, string v6) =>
        PathAssert.Dropped(DropReason.SourceSpoofed, Path().FromUplink(Ip(Address(v4, v6), PodB).Udp(40_000, 8080)));

    /// <summary>X37: what a node is reached by is for each end to choose; they need not agree, nor change their minds at once.</summary>
    [Fact]
    public void X37_PodsOfANodeBehindATunnelMayComeWithoutItAndTheOtherWayRound()
    {
        var tunnelled = Path(toPods: RouteKind.Overlay); // we tunnel, the other does not
        PathAssert.Forwarded(PodBPort, tunnelled.FromUplink(Ip(RemotePod, PodB).Tcp(40_000, 8080, TcpHeader.Syn)));
        Assert.NotNull(PathAssert.Forwarded(UplinkPort, tunnelled.FromPodB(Ip(PodB, RemotePod).Tcp(8080, 40_000, TcpHeader.Syn | TcpHeader.Ack))).Inner);
        PathAssert.Forwarded(PodBPort, tunnelled.FromUplink(Ip(RemotePod, PodB).Tcp(40_000, 8080, TcpHeader.Ack)));

        var native = Path(); // the other way round
        PathAssert.Forwarded(PodBPort, native.FromOverlay(Ip(RemotePod, PodB).Tcp(40_000, 8080, TcpHeader.Syn)));
        Assert.Null(PathAssert.Forwarded(UplinkPort, native.FromPodB(Ip(PodB, RemotePod).Tcp(8080, 40_000, TcpHeader.Syn | TcpHeader.Ack))).Inner);
        PathAssert.Forwarded(PodBPort, native.FromOverlay(Ip(RemotePod, PodB).Tcp(40_000, 8080, TcpHeader.Ack)));
    }

    /// <summary>One node does not speak in its tunnel for the pods of another, whichever way those are reached.</summary>
    [Fact]
    public void ATunnelBringsOnlyPodsOfItsNode() =>
        PathAssert.Dropped(DropReason.SourceSpoofed, Path().FromOverlay(Ip(LostPod, PodB).Udp(40_000, 8080)));

    [Fact]
    public void WithoutNativeRoutingTheUnderlayBringsNothingToPods()
    {
        var path = new PathHarnessOf<TAddress>();
        PathAssert.Dropped(DropReason.RouteNotLocal, path.FromUplink(Ip(RemotePod, PodB).Udp(40_000, 8080)));
        PathAssert.Dropped(DropReason.RouteNotLocal, path.FromUplink(Ip(World, PodB).Udp(40_000, 8080)));
    }

    /// <summary>A route that somebody else has brought by a device of theirs, or by several next hops: the node's own stack knows it.</summary>
    [Fact]
    public void WhereOnlyTheNodesStackKnowsTheWayItGetsThePacketAndNeverBack()
    {
        var path = Path(underlay: UnderlayTable<TAddress>.Empty);
        PathAssert.Forwarded(HostPort, path.FromPodA(Ip(PodA, RemotePod).Tcp(40_000, 8080, TcpHeader.Syn)));
        PathAssert.Forwarded(PodAPort, path.FromUplink(Ip(RemotePod, PodA).Tcp(8080, 40_000, TcpHeader.Syn | TcpHeader.Ack)));
        PathAssert.Dropped(DropReason.RouteUnreachable, path.FromHost(Ip(Gateway, RemotePod).Udp(40_000, 8080)));
    }

    /// <summary>A device that is no uplink of ours may bring what another node's pods send; the stack routes it here.</summary>
    [Fact]
    public void AnotherNodesPodComesByTheNodesStackWhereTheWayToItLeavesByThat()
    {
        var path = new PathHarnessOf<TAddress>(Tables(node => (node.RemoteByHost, node.Underlay) = (true, UnderlayTable<TAddress>.Empty)));
        PathAssert.Forwarded(PodBPort, path.FromHost(Ip(RemotePod, PodB).Tcp(40_000, 8080, TcpHeader.Syn)));
        PathAssert.Forwarded(HostPort, path.FromPodB(Ip(PodB, RemotePod).Tcp(8080, 40_000, TcpHeader.Syn | TcpHeader.Ack)));
        PathAssert.Forwarded(PodBPort, path.FromHost(Ip(RemotePod, PodB).Tcp(40_000, 8080, TcpHeader.Ack)));
        PathAssert.Forwarded(PodBPort, path.FromHost(Ip(RemoteNode, PodB).Udp(40_000, 8080)));
        PathAssert.Dropped(DropReason.SourceSpoofed, new PathHarnessOf<TAddress>().FromHost(Ip(RemotePod, PodB).Tcp(40_000, 8080, TcpHeader.Syn)));
    }

    /// <summary>
    /// P34: who on this node may write raw packets, as containers with CAP_NET_RAW in its network can, must not speak for pods of others: neither open a
    /// flow nor take part in one, whether its way is known already or not.
    /// </summary>
    [Theory]
    [InlineData(RouteKind.Native, true)]
    [InlineData(RouteKind.Native, false)]
    [InlineData(RouteKind.Overlay, true)]
    public void P34_NobodyOnThisNodeSpeaksForAPodThatComesByAnUplink(RouteKind toPods, bool isResolved)
    {
        var path = Path(toPods, isResolved ? null : UnderlayTable<TAddress>.Empty);
        PathAssert.Dropped(DropReason.SourceSpoofed, TrafficDirection.Ingress, path.FromHost(Ip(RemotePod, PodB).Tcp(40_000, 8080, TcpHeader.Syn)));
        PathAssert.Dropped(DropReason.SourceSpoofed, TrafficDirection.Ingress, path.FromHost(Ip(RemoteNode, PodB).Tcp(40_000, 8080, TcpHeader.Syn)));

        PathAssert.Forwarded(toPods == RouteKind.Native && !isResolved ? HostPort : UplinkPort, path.FromPodA(Ip(PodA, RemotePod).Tcp(40_000, 8080, TcpHeader.Syn)));
        foreach (uint revision in (uint[])[1, 2]) // also after the flow was judged anew
        {
            path.Tables = Tables(node => (node.RemoteKind, node.Underlay, node.Revision) = (toPods, isResolved ? node.Underlay : UnderlayTable<TAddress>.Empty, revision));
            PathAssert.Dropped(DropReason.SourceSpoofed, path.FromHost(Ip(RemotePod, PodA).Tcp(8080, 40_000, TcpHeader.Syn | TcpHeader.Ack)));
        }
        PathAssert.Forwarded(PodAPort, path.FromUplink(Ip(RemotePod, PodA).Tcp(8080, 40_000, TcpHeader.Syn | TcpHeader.Ack)));
    }

    /// <summary>A peer stays one while no way to it is known: it forges nothing, but cannot be answered. An address that nobody has is forged.</summary>
    [Fact]
    public void APeerWithoutAWayIsNotSpoofedButUnreachable()
    {
        var path = Path(toPods: RouteKind.Unreachable);
        PathAssert.Dropped(DropReason.RouteUnreachable, path.FromUplink(Ip(RemotePod, PodB).Udp(40_000, 8080)));
        PathAssert.Dropped(DropReason.RouteUnreachable, path.FromHost(Ip(RemotePod, PodB).Udp(40_000, 8080)));
        PathAssert.Dropped(DropReason.RouteUnreachable, path.FromOverlay(Ip(RemotePod, PodB).Udp(40_000, 8080)));
        PathAssert.Dropped(DropReason.RouteUnreachable, path.FromPodB(Ip(PodB, RemotePod).Udp(40_000, 8080)));
        PathAssert.Dropped(DropReason.SourceSpoofed, path.FromUplink(Ip(NoPod, PodB).Udp(40_000, 8080)));
        PathAssert.Dropped(DropReason.RouteNotLocal, TrafficDirection.Ingress, path.FromOverlay(Ip(World, RemotePod).Udp(40_000, 8080)));
    }

    /// <summary>Two nodes that disagree about a pod must not pass a packet to and fro.</summary>
    [Fact]
    public void WhatIsForAPodThatHasMovedAwayIsNotSentBackToTheUnderlay()
    {
        var path = Path();
        PathAssert.Forwarded(PodBPort, path.FromUplink(Ip(World, PodB).Udp(40_000, 8080)));
        path.Tables = Tables(node =>
        {
            node.Revision = 2;
            node.Endpoints.RemoveAll(endpoint => endpoint.Address.Equals(PodB));
            node.Routes.Add((PodB, SampleNodeOf<TAddress>.Single, SampleNodeOf<TAddress>.RemoteRoute));
        });
        PathAssert.Dropped(DropReason.RouteNotLocal, TrafficDirection.Ingress, path.FromUplink(Ip(World, PodB).Udp(40_000, 8080)));
    }

    /// <summary>S16: only what leaves the cluster gets the node's address.</summary>
    [Fact]
    public void S5_OnlyTrafficOutOfTheClusterIsMasqueraded()
    {
        var path = new PathHarnessOf<TAddress>(Tables(node => node.Masquerade = true));
        Assert.Equal(PodA, Source(PathAssert.Forwarded(UplinkPort, path.FromPodA(Ip(PodA, RemotePod).Udp(40_000, 53)))));
        Assert.Equal(PodA, Source(PathAssert.Forwarded(UplinkPort, path.FromPodA(Ip(PodA, RemoteNode).Udp(40_000, 53)))));
        Assert.Equal(NodeAddress, Source(PathAssert.Forwarded(UplinkPort, path.FromPodA(Ip(PodA, World).Udp(40_000, 53)))));
    }

    /// <summary>K22: a client outside asks a node port whose endpoint is on another node: the answer has to come back here.</summary>
    [Fact]
    public void ANodePortsAnswerFromAnotherNodeComesBackToTheGatewaysAddress()
    {
        var services = new SampleServicesOf<TAddress>().Add([RemotePod], []);
        Native(services.Node);
        var path = services.Path();
        var sent = PathAssert.Forwarded(UplinkPort, path.FromUplink(Ip(World, NodeAddress).Tcp(40_000, NodePort, TcpHeader.Syn)));
        Assert.Equal((Gateway, RemotePod), (Source(sent), Destination(sent)));
        var answer = PathAssert.Forwarded(UplinkPort, path.FromUplink(Ip(RemotePod, Gateway).Tcp(sent.DestinationPort, sent.SourcePort, TcpHeader.Syn | TcpHeader.Ack)));
        Assert.Equal((NodeAddress, NodePort, World), (Source(answer), answer.SourcePort, Destination(answer)));
    }

    /// <summary>K28: the answer to a node's process comes by the uplink, and the stack must not see it before the service's address is back in it.</summary>
    [Fact]
    public void K28_AProcessThatChoosesAnAddressOfTheNodeIsAnsweredByTheService()
    {
        var path = Path();
        var sent = PathAssert.Forwarded(UplinkPort, path.FromHost(Ip(NodeAddress, RemoteService).Tcp(40_000, 80, TcpHeader.Syn)));
        Assert.Equal((NodeAddress, RemotePod), (Source(sent), Destination(sent)));
        Assert.InRange(sent.SourcePort, 49_152, 65_535); // which the uplink's program takes for ours
        var answer = PathAssert.Forwarded(HostPort, path.FromUplink(Ip(RemotePod, NodeAddress).Tcp(8080, sent.SourcePort, TcpHeader.Syn | TcpHeader.Ack)));
        Assert.Equal((RemoteService, 80, NodeAddress, 40_000), (Source(answer), answer.SourcePort, Destination(answer), answer.DestinationPort));

        sent = PathAssert.Forwarded(UplinkPort, path.FromHost(Ip(Gateway, RemoteService).Tcp(40_001, 80, TcpHeader.Syn)));
        Assert.Equal((Gateway, 40_001), (Source(sent), sent.SourcePort)); // that address is only ours
    }

    /// <summary>A router on the way says what fits; what we cut ourselves is cut to it.</summary>
    [Fact]
    public void ASuperPacketIsCutToTheMtuOfTheWay()
    {
        var path = Path();
        PathAssert.Forwarded(UplinkPort, path.FromPodA(Ip(PodA, RemotePod).Tcp(40_000, 8080, TcpHeader.Syn)));
        PathAssert.Forwarded(PodAPort, path.FromUplink(Ip(RemotePod, PodA).Tcp(8080, 40_000, TcpHeader.Syn | TcpHeader.Ack)));
        var result = path.FromPodA(Ip(PodA, RemotePod).Tcp(40_000, 8080, TcpHeader.Ack).Payload(3000));
        Assert.Equal((VerdictKind.Forward, 1500 - IpHeader - 20), (result.Verdict.Kind, result.Info.SegmentSize));
        PathAssert.Replied(PodAPort, path.FromPodA(Ip(PodA, RemotePod).DontFragment().Udp(40_000, 53).Payload(1501 - IpHeader - 8)));
        PathAssert.Forwarded(UplinkPort, path.FromPodA(Ip(PodA, RemotePod).DontFragment().Udp(40_000, 53).Payload(1500 - IpHeader - 8)));
    }

    private static PathHarnessOf<TAddress> Path(RouteKind toPods = RouteKind.Native, UnderlayTable<TAddress>? underlay = null) => new(Tables(node =>
    {
        node.RemoteKind = toPods;
        node.Underlay = underlay ?? node.Underlay;
    }));

    private static DataplaneTables Tables(Action<SampleNodeOf<TAddress>> change)
    {
        var node = Native(new SampleNodeOf<TAddress>());
        change(node);
        return node.Build();
    }

    private static SampleNodeOf<TAddress> Native(SampleNodeOf<TAddress> node)
    {
        node.NativeRouting = true;
        node.RemoteKind = RouteKind.Native;
        node.Underlay = SampleNodeOf<TAddress>.ByRouter;
        return node;
    }
}
