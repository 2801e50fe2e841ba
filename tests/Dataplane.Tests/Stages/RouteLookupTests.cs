using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>Where packets go: local pods, the node's own stack, other nodes.</summary>
public abstract class RouteLookupTests<TAddress> : FamilyTests<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private readonly PathHarnessOf<TAddress> _path = new();

    [Fact]
    public void SendsToALocalPodWithItsEthernetAddress()
    {
        var packet = PathAssert.Forwarded(PodBPort, _path.FromPodA(Datagram(PodA, PodB)));
        Assert.Equal((MacOf(PodB), SampleNode.GatewayMac), (packet.DestinationMac, packet.SourceMac));
    }

    [Theory]
    [InlineData("10.244.1.1", "fd00:10:244:1::1")] // the node's host port
    [InlineData("192.168.0.1", "2001:db8:0:77::1")] // the node's address
    [InlineData("203.0.113.7", "2001:db8:cb00:71::7")] // the world, which the node's stack routes
    public void SendsToTheHost(string v4, string v6)
    {
        var packet = PathAssert.Forwarded(HostPort, _path.FromPodA(Datagram(PodA, Address(v4, v6))));
        Assert.Equal((SampleNode.HostMac, SampleNode.GatewayMac), (packet.DestinationMac, packet.SourceMac));
    }

    [Theory]
    [InlineData("10.244.2.20", "fd00:10:244:2::14")]
    [InlineData("192.168.0.2", "2001:db8:0:77::2")]
    public void SendsToAnotherNodeThroughTheTunnel(string v4, string v6)
    {
        var packet = PathAssert.Forwarded(UplinkPort, _path.FromPodA(Datagram(PodA, Address(v4, v6))));
        Assert.Equal((SampleNode.RemoteNode, Address(v4, v6)), (packet.Destination, Destination(packet.Inner!)));
    }

    [Fact]
    public void SendsFromTheTunnelToALocalPod() =>
        PathAssert.Forwarded(PodAPort, _path.FromOverlay(Datagram(RemotePod, PodA)));

    [Theory]
    [InlineData("10.244.1.1", "fd00:10:244:1::1")]
    [InlineData("192.168.0.1", "2001:db8:0:77::1")]
    public void SendsFromTheTunnelToThisNode(string v4, string v6) =>
        PathAssert.Forwarded(HostPort, _path.FromOverlay(Datagram(RemotePod, Address(v4, v6))));

    [Fact]
    public void DropsAddressesOfItsPodRangeThatNoPodHas() => PathAssert.Dropped(DropReason.RouteUnreachable, _path.FromPodA(Datagram(PodA, NoPod)));

    [Fact]
    public void DropsWhatIsForTheHostWhileThereIsNoHostPort() => PathAssert.Dropped(
        DropReason.RouteUnreachable, new PathHarnessOf<TAddress>(new SampleNodeOf<TAddress> { Host = 0 }.Build()).FromPodA(Datagram(PodA, World)));

    [Theory]
    [InlineData("10.244.2.20", "fd00:10:244:2::14")] // back into a tunnel
    [InlineData("203.0.113.7", "2001:db8:cb00:71::7")] // out into the world
    public void LetsOutOfTheTunnelOnlyWhatEndsHere(string v4, string v6) => PathAssert.Dropped(
        DropReason.RouteNotLocal, TrafficDirection.Ingress, _path.FromOverlay(Datagram(RemotePod, Address(v4, v6))));

    /// <summary>A pod that moves to another node takes its address along. Its flows must not turn round here and go back.</summary>
    [Fact]
    public void DoesNotTurnFlowsOfTheTunnelRoundWhenTheirPodIsGone()
    {
        PathAssert.Forwarded(PodBPort, _path.FromOverlay(Datagram(RemotePod, PodB)));
        var node = new SampleNodeOf<TAddress> { Revision = 2 };
        node.Endpoints.RemoveAll(e => e.Address.Equals(PodB));
        node.Routes.Add((PodB, SampleNodeOf<TAddress>.Single, SampleNode.RemoteRoute));
        _path.Tables = node.Build();
        PathAssert.Dropped(DropReason.RouteNotLocal, TrafficDirection.Ingress, _path.FromOverlay(Datagram(RemotePod, PodB)));
        PathAssert.Dropped(DropReason.RouteNotLocal, TrafficDirection.Ingress, _path.FromOverlay(Datagram(RemotePod, PodB)));
    }

    [Theory]
    [InlineData("224.0.0.251", "ff02::fb")]
    [InlineData("239.255.255.250", "ff0e::1")]
    [InlineData("255.255.255.255", "ff05::2")]
    public void DropsMulticastAndBroadcast(string v4, string v6)
    {
        var group = Address(v4, v6);
        PathAssert.Dropped(DropReason.MulticastUnsupported, _path.FromPodA(Datagram(PodA, group)));
        PathAssert.Dropped(DropReason.MulticastUnsupported, _path.FromHost(Datagram(Gateway, group)));
        PathAssert.Dropped(DropReason.RouteNotLocal, _path.FromOverlay(Datagram(RemotePod, group)));
        PathAssert.Dropped(DropReason.MulticastUnsupported, _path.FromHost(Datagram(group, PodA)));
    }

    private static PacketBuilder Datagram(TAddress from, TAddress to) => Ip(from, to).Udp(40_000, 5000).Payload(11);
}
