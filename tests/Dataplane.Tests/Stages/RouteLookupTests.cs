using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>Where packets go: local pods, the node's own stack, other nodes.</summary>
public sealed class RouteLookupTests
{
    private readonly PathHarness _path = new();

    [Fact]
    public void SendsToALocalPodWithItsEthernetAddress()
    {
        var packet = PathAssert.Forwarded(SampleNode.PodBPort, _path.FromPodA(Datagram(SampleNode.PodA, SampleNode.PodB)));
        Assert.Equal((SampleNode.MacOf(SampleNode.PodB), SampleNode.GatewayMac), (packet.DestinationMac, packet.SourceMac));
    }

    [Theory]
    [InlineData("10.244.1.1")] // the node's host port
    [InlineData("192.168.0.1")] // the node's address
    [InlineData("203.0.113.7")] // the world, which the node's stack routes
    public void SendsToTheHost(string destination)
    {
        var packet = PathAssert.Forwarded(SampleNode.HostPort, _path.FromPodA(Datagram(SampleNode.PodA, IPv4Address.Parse(destination))));
        Assert.Equal((SampleNode.HostMac, SampleNode.GatewayMac), (packet.DestinationMac, packet.SourceMac));
    }

    [Theory]
    [InlineData("10.244.2.20")]
    [InlineData("192.168.0.2")]
    public void SendsToAnotherNodeThroughTheTunnel(string destination)
    {
        var packet = PathAssert.Forwarded(SampleNode.UplinkPort, _path.FromPodA(Datagram(SampleNode.PodA, IPv4Address.Parse(destination))));
        Assert.Equal((SampleNode.RemoteNode, IPv4Address.Parse(destination)), (packet.Destination, packet.Inner!.Destination));
    }

    [Fact]
    public void SendsFromTheTunnelToALocalPod() =>
        PathAssert.Forwarded(SampleNode.PodAPort, _path.FromOverlay(Datagram(SampleNode.RemotePod, SampleNode.PodA)));

    [Theory]
    [InlineData("10.244.1.1")]
    [InlineData("192.168.0.1")]
    public void SendsFromTheTunnelToThisNode(string destination) =>
        PathAssert.Forwarded(SampleNode.HostPort, _path.FromOverlay(Datagram(SampleNode.RemotePod, IPv4Address.Parse(destination))));

    [Fact]
    public void DropsAddressesOfItsPodRangeThatNoPodHas() => PathAssert.Dropped(DropReason.RouteUnreachable, _path.FromPodA(Datagram(SampleNode.PodA, SampleNode.NoPod)));

    [Fact]
    public void DropsWhatIsForTheHostWhileThereIsNoHostPort() => PathAssert.Dropped(
        DropReason.RouteUnreachable, new PathHarness(new SampleNode { Host = 0 }.Build()).FromPodA(Datagram(SampleNode.PodA, SampleNode.World)));

    [Theory]
    [InlineData("10.244.2.20")] // back into a tunnel
    [InlineData("203.0.113.7")] // out into the world
    public void LetsOutOfTheTunnelOnlyWhatEndsHere(string destination) => PathAssert.Dropped(
        DropReason.RouteNotLocal, TrafficDirection.Ingress, _path.FromOverlay(Datagram(SampleNode.RemotePod, IPv4Address.Parse(destination))));

    /// <summary>A pod that moves to another node takes its address along. Its flows must not turn round here and go back.</summary>
    [Fact]
    public void DoesNotTurnFlowsOfTheTunnelRoundWhenTheirPodIsGone()
    {
        PathAssert.Forwarded(SampleNode.PodBPort, _path.FromOverlay(Datagram(SampleNode.RemotePod, SampleNode.PodB)));
        var node = new SampleNode { Revision = 2 };
        node.Endpoints.RemoveAll(e => e.Address == SampleNode.PodB);
        node.Routes.Add((SampleNode.PodB, 32, SampleNode.RemoteRoute));
        _path.Tables = node.Build();
        PathAssert.Dropped(DropReason.RouteNotLocal, TrafficDirection.Ingress, _path.FromOverlay(Datagram(SampleNode.RemotePod, SampleNode.PodB)));
        PathAssert.Dropped(DropReason.RouteNotLocal, TrafficDirection.Ingress, _path.FromOverlay(Datagram(SampleNode.RemotePod, SampleNode.PodB)));
    }

    [Theory]
    [InlineData("224.0.0.251")]
    [InlineData("239.255.255.250")]
    [InlineData("255.255.255.255")]
    public void DropsMulticastAndBroadcast(string destination)
    {
        var group = IPv4Address.Parse(destination);
        PathAssert.Dropped(DropReason.MulticastUnsupported, _path.FromPodA(Datagram(SampleNode.PodA, group)));
        PathAssert.Dropped(DropReason.MulticastUnsupported, _path.FromHost(Datagram(SampleNode.Gateway, group)));
        PathAssert.Dropped(DropReason.RouteNotLocal, _path.FromOverlay(Datagram(SampleNode.RemotePod, group)));
        PathAssert.Dropped(DropReason.MulticastUnsupported, _path.FromHost(Datagram(group, SampleNode.PodA)));
    }

    private static PacketBuilder Datagram(IPv4Address from, IPv4Address to) => PacketBuilder.IPv4(from, to).Udp(40_000, 5000).Payload(11);
}
