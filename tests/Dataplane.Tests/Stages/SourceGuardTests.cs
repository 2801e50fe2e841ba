using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>A packet's source is who it says (P34): everything else rests on it.</summary>
public abstract class SourceGuardTests<TAddress> : FamilyTests<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private readonly PathHarnessOf<TAddress> _path = new();

    [Fact]
    public void PassesWhatAPodSendsWithItsOwnAddress() =>
        PathAssert.Forwarded(PodBPort, _path.FromPodA(Ip(PodA, PodB).Udp(1000, 53)));

    [Theory]
    [InlineData("10.244.1.11", "fd00:10:244:1::b")] // another pod of the node
    [InlineData("10.244.2.20", "fd00:10:244:2::14")] // a pod of another node
    [InlineData("10.244.1.1", "fd00:10:244:1::1")] // the gateway
    [InlineData("0.0.0.0", "::")]
    [InlineData("203.0.113.7", "2001:db8:cb00:71::7")]
    public void P34_DropsWhatAPodSendsWithAnotherAddress(string v4, string v6) => PathAssert.Dropped(
        DropReason.SourceSpoofed, TrafficDirection.Egress, _path.FromPodA(Ip(Address(v4, v6), PodB).Udp(1000, 53)));

    [Fact]
    public void P34_DropsSpoofedPacketsOfFlowsThatExist()
    {
        _path.FromPodB(Ip(PodB, PodA).Udp(1000, 53));
        PathAssert.Dropped(DropReason.SourceSpoofed, _path.FromPodA(Ip(PodB, PodA).Udp(1000, 53)));
    }

    [Fact]
    public void P27_DropsWhatAPodSendsBeforeItsPolicyIsKnown() => PathAssert.Dropped(
        DropReason.PolicyNotReady, TrafficDirection.Egress, _path.FromPod(StartingPort, Ip(Starting, PodB).Udp(1000, 53)));

    [Theory]
    [InlineData(SampleNode.UnknownPort)]
    [InlineData(HostPort)] // has a number in the range of the table, but no endpoint
    public void DropsWhatComesFromAPortWithoutEndpoint(ushort port) => PathAssert.Dropped(
        Either(DropReason.PolicyNotReady, DropReason.EtherTypeUnsupported), Either(TrafficDirection.Egress, TrafficDirection.None), _path.FromPod(port, Ip(PodA, PodB).Udp(1000, 53)));

    [Fact]
    public void P34_P36_DropsLocalPodsAddressesFromTheTunnel() => PathAssert.Dropped(
        DropReason.SourceSpoofed, TrafficDirection.Ingress, _path.FromOverlay(Ip(PodA, PodB).Udp(1000, 53)));

    [Fact]
    public void P34_DropsLocalPodsAddressesFromTheHost() => PathAssert.Dropped(
        DropReason.SourceSpoofed, TrafficDirection.Ingress, _path.FromHost(Ip(PodA, PodB).Udp(1000, 53)));

    /// <summary>The host's identity passes every ingress policy (P23), so nobody else may take it.</summary>
    [Theory]
    [InlineData("10.244.1.1", "fd00:10:244:1::1")]
    [InlineData("192.168.0.1", "2001:db8:0:77::1")]
    public void P23_P34_DropsThisNodesAddressesFromTheTunnel(string v4, string v6) => PathAssert.Dropped(
        DropReason.SourceSpoofed, TrafficDirection.Ingress, _path.FromOverlay(Ip(Address(v4, v6), Guarded).Udp(1000, 9)));

    [Fact]
    public void PassesTheHostsOwnAddressesFromTheHost() =>
        PathAssert.Forwarded(GuardedPort, _path.FromHost(Ip(Gateway, Guarded).Tcp(1000, 9, TcpHeader.Syn)));
}
