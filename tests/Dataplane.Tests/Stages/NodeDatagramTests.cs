using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>A UDP server of the node that is bound to no address: its stack answers a pod from the gateway's address, whatever the pod has asked.</summary>
public abstract class NodeDatagramTests<TAddress> : FamilyTests<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private const int Server = 5353;

    private static readonly int FragmentHeader = IsV6 ? 8 : 0;

    [Fact]
    public void APodThatAsksTheNodesAddressIsAnsweredByIt()
    {
        var path = new PathHarnessOf<TAddress>();
        PathAssert.Forwarded(HostPort, path.FromPodA(Ip(PodA, NodeAddress).Udp(40_000, Server).Payload(20)));
        var result = path.FromHost(Ip(Gateway, PodA).TimeToLive(64).Udp(Server, 40_000).Payload(33));
        PathAssert.Forwarded(PodAPort, result);
        byte[] expected = Ip(NodeAddress, PodA).Ethernet(MacOf(PodA), SampleNode.GatewayMac).TimeToLive(64).Udp(Server, 40_000).Payload(33).Build();
        PacketAssert.Equal(expected, result.Bytes);
        Assert.Equal(1, path.Context.Flows.Counters.InUse);
    }

    [Fact]
    public void S31_APodThatAsksAServiceIsAnsweredByTheService()
    {
        var path = new SampleServicesOf<TAddress>().Add([NodeAddress], [NodeAddress], protocol: IpProtocol.Udp).Path();
        var asked = PathAssert.Forwarded(HostPort, path.FromPodA(Ip(PodA, SampleServicesOf<TAddress>.ClusterIp).Udp(40_000, ServicePort).Payload(20)));
        var result = path.FromHost(Ip(Gateway, PodA).Udp(asked.DestinationPort, 40_000).Payload(33));
        PathAssert.Forwarded(PodAPort, result);
        byte[] expected = Ip(SampleServicesOf<TAddress>.ClusterIp, PodA).Ethernet(MacOf(PodA), SampleNode.GatewayMac).TimeToLive(64).Udp(ServicePort, 40_000).Payload(33).Build();
        PacketAssert.Equal(expected, result.Bytes);
    }

    [Fact]
    public void AllFragmentsOfALargeAnswerComeFromTheSameAddress()
    {
        var path = new PathHarnessOf<TAddress>();
        PathAssert.Forwarded(HostPort, path.FromPodA(Ip(PodA, NodeAddress).Udp(40_000, Server).Payload(20)));
        byte[] whole = Ip(Gateway, PodA).Udp(Server, 40_000).Payload(60).Build();
        var first = path.FromHost(Ip(Gateway, PodA).Protocol(IpProtocol.Udp).Payload(whole.AsSpan(Headers, 40)).Fragment(0, more: true));
        var last = path.FromHost(Ip(Gateway, PodA).Protocol(IpProtocol.Udp).Payload(whole.AsSpan(Headers + 40)).Fragment(40, more: false));
        PathAssert.Forwarded(PodAPort, first);
        PathAssert.Forwarded(PodAPort, last);
        byte[] expected = Ip(NodeAddress, PodA).Udp(Server, 40_000).Payload(60).Build();
        byte[] together = [.. first.Bytes.AsSpan(Headers + FragmentHeader), .. last.Bytes.AsSpan(Headers + FragmentHeader)];
        PacketAssert.Equal(expected.AsSpan(Headers), together);
    }

    [Fact]
    public void AnAnswerThatLeavesTheChecksumToTheNicIsStillToBeCompleted()
    {
        var path = new PathHarnessOf<TAddress>();
        PathAssert.Forwarded(HostPort, path.FromPodA(Ip(PodA, NodeAddress).Udp(40_000, Server).Payload(20)));
        var result = path.FromHost(Ip(Gateway, PodA).Udp(Server, 40_000).Payload(33).PartialChecksum());
        PathAssert.Forwarded(PodAPort, result);
        Assert.Equal(NodeAddress, Source(PathAssert.Forwarded(PodAPort, result)));
    }

    [Fact]
    public void WhatAnswersNobodyIsTheGatewaysOwn()
    {
        var path = new PathHarnessOf<TAddress>();
        PathAssert.Forwarded(HostPort, path.FromPodA(Ip(PodA, NodeAddress).Udp(40_000, Server).Payload(20)));
        foreach (var (source, destination) in ((int, int)[])[(Server, 40_001), (Server + 1, 40_000)])
        {
            var packet = PathAssert.Forwarded(PodAPort, path.FromHost(Ip(Gateway, PodA).Udp(source, destination).Payload(33)));
            Assert.Equal(Gateway, Source(packet));
        }
    }

    /// <summary>TCP answers by the address that was asked; a connection of the gateway's own with the same ports is another one.</summary>
    [Fact]
    public void TcpIsLeftAlone()
    {
        var path = new PathHarnessOf<TAddress>();
        PathAssert.Forwarded(HostPort, path.FromPodA(Ip(PodA, NodeAddress).Tcp(40_000, Server, TcpHeader.Syn)));
        PathAssert.Dropped(DropReason.ConntrackNoFlow, path.FromHost(Ip(Gateway, PodA).Tcp(Server, 40_000, TcpHeader.Syn | TcpHeader.Ack)));
    }
}
