using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>A packet's source is who it says (P34): everything else rests on it.</summary>
public sealed class SourceGuardTests
{
    private readonly PathHarness _path = new();

    [Fact]
    public void PassesWhatAPodSendsWithItsOwnAddress() =>
        PathAssert.Forwarded(SampleNode.PodBPort, _path.FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.PodB).Udp(1000, 53)));

    [Theory]
    [InlineData("10.244.1.11")] // another pod of the node
    [InlineData("10.244.2.20")] // a pod of another node
    [InlineData("10.244.1.1")] // the gateway
    [InlineData("0.0.0.0")]
    [InlineData("203.0.113.7")]
    public void DropsWhatAPodSendsWithAnotherAddress(string source) => PathAssert.Dropped(
        DropReason.SourceSpoofed, TrafficDirection.Egress, _path.FromPodA(PacketBuilder.IPv4(IPv4Address.Parse(source), SampleNode.PodB).Udp(1000, 53)));

    [Fact]
    public void DropsSpoofedPacketsOfFlowsThatExist()
    {
        _path.FromPodB(PacketBuilder.IPv4(SampleNode.PodB, SampleNode.PodA).Udp(1000, 53));
        PathAssert.Dropped(DropReason.SourceSpoofed, _path.FromPodA(PacketBuilder.IPv4(SampleNode.PodB, SampleNode.PodA).Udp(1000, 53)));
    }

    [Fact]
    public void DropsWhatAPodSendsBeforeItsPolicyIsKnown() => PathAssert.Dropped(
        DropReason.PolicyNotReady, TrafficDirection.Egress, _path.FromPod(SampleNode.StartingPort, PacketBuilder.IPv4(SampleNode.Starting, SampleNode.PodB).Udp(1000, 53)));

    [Theory]
    [InlineData(SampleNode.UnknownPort)]
    [InlineData(SampleNode.HostPort)] // has a number in the range of the table, but no endpoint
    public void DropsWhatComesFromAPortWithoutEndpoint(ushort port) => PathAssert.Dropped(
        DropReason.PolicyNotReady, TrafficDirection.Egress, _path.FromPod(port, PacketBuilder.IPv4(SampleNode.PodA, SampleNode.PodB).Udp(1000, 53)));

    [Fact]
    public void DropsLocalPodsAddressesFromTheTunnel() => PathAssert.Dropped(
        DropReason.SourceSpoofed, TrafficDirection.Ingress, _path.FromOverlay(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.PodB).Udp(1000, 53)));

    [Fact]
    public void DropsLocalPodsAddressesFromTheHost() => PathAssert.Dropped(
        DropReason.SourceSpoofed, TrafficDirection.Ingress, _path.FromHost(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.PodB).Udp(1000, 53)));

    /// <summary>The host's identity passes every ingress policy (P23), so nobody else may take it.</summary>
    [Theory]
    [InlineData("10.244.1.1")]
    [InlineData("192.168.0.1")]
    public void DropsThisNodesAddressesFromTheTunnel(string source) => PathAssert.Dropped(
        DropReason.SourceSpoofed, TrafficDirection.Ingress, _path.FromOverlay(PacketBuilder.IPv4(IPv4Address.Parse(source), SampleNode.Guarded).Udp(1000, 9)));

    [Fact]
    public void PassesTheHostsOwnAddressesFromTheHost() =>
        PathAssert.Forwarded(SampleNode.GuardedPort, _path.FromHost(PacketBuilder.IPv4(SampleNode.Gateway, SampleNode.Guarded).Tcp(1000, 9, TcpHeader.Syn)));
}
