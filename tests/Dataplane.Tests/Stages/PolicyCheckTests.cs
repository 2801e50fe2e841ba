using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Tables;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>Policy on new flows; <see cref="SampleNode.Guard"/> is the policy of the pod that has one.</summary>
public sealed class PolicyCheckTests
{
    private readonly PathHarness _path = new();

    [Fact]
    public void AllowsWhatARuleNames() =>
        PathAssert.Forwarded(SampleNode.GuardedPort, _path.FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.Guarded).Tcp(40_000, 8080, TcpHeader.Syn)));

    [Theory]
    [InlineData("10.244.1.10", 6, 8081)] // another port
    [InlineData("10.244.1.10", 17, 8080)] // another protocol
    [InlineData("10.244.1.10", 132, 8080)] // P22
    [InlineData("10.244.1.10", 1, 0)] // P21: rules with ports say nothing about ICMP
    [InlineData("10.244.1.10", 253, 0)]
    [InlineData("10.244.1.11", 6, 8080)] // another peer
    public void DropsWhatNoRuleNames(string source, byte protocol, int port)
    {
        var from = IPv4Address.Parse(source);
        ushort inPort = from == SampleNode.PodA ? SampleNode.PodAPort : SampleNode.PodBPort;
        PathAssert.Dropped(DropReason.PolicyDenied, TrafficDirection.Ingress, _path.FromPod(inPort, Opening(from, SampleNode.Guarded, protocol, port)));
    }

    [Theory]
    [InlineData(999, false)]
    [InlineData(1000, true)]
    [InlineData(2000, true)]
    [InlineData(2001, false)]
    public void AllowsRangesOfPorts(int port, bool allowed)
    {
        var result = _path.FromOverlay(PacketBuilder.IPv4(SampleNode.RemotePod, SampleNode.Guarded).Udp(40_000, port));
        if (allowed) PathAssert.Forwarded(SampleNode.GuardedPort, result);
        else PathAssert.Dropped(DropReason.PolicyDenied, TrafficDirection.Ingress, result);
    }

    [Theory]
    [InlineData(6)]
    [InlineData(17)]
    [InlineData(132)]
    [InlineData(1)]
    [InlineData(253)]
    public void AllowsPeersThatAPrefixNames(byte protocol) =>
        PathAssert.Forwarded(SampleNode.GuardedPort, _path.FromHost(Opening(SampleNode.Partner, SampleNode.Guarded, protocol, 9)));

    [Fact]
    public void DropsPeersThatNoPrefixNames() => PathAssert.Dropped(
        DropReason.PolicyDenied, TrafficDirection.Ingress, _path.FromHost(Opening(SampleNode.World, SampleNode.Guarded, IpProtocol.Tcp, 9)));

    /// <summary>P18: rules name the backend's address and port, not the service's.</summary>
    [Fact]
    public void JudgesWhatASelectedBackendSees()
    {
        PathAssert.Forwarded(SampleNode.GuardedPort, _path.FromPodA(Opening(SampleNode.PodA, SampleNode.GuardedService, IpProtocol.Tcp, 80)));
        PathAssert.Dropped(DropReason.PolicyDenied, TrafficDirection.Ingress, _path.FromPodB(Opening(SampleNode.PodB, SampleNode.GuardedService, IpProtocol.Tcp, 80)));
    }

    [Fact]
    public void JudgesEgressByTheBackendToo()
    {
        PathAssert.Forwarded(SampleNode.PodBPort, _path.FromPod(SampleNode.GuardedPort, Opening(SampleNode.Guarded, SampleNode.WebService, IpProtocol.Tcp, 80)));
        PathAssert.Dropped(DropReason.PolicyDenied, TrafficDirection.Egress, _path.FromPod(SampleNode.GuardedPort, Opening(SampleNode.Guarded, SampleNode.RemoteService, IpProtocol.Tcp, 80)));
    }

    [Fact]
    public void AllowsEgressToEverybodyOnOnePort()
    {
        PathAssert.Forwarded(SampleNode.HostPort, _path.FromPod(SampleNode.GuardedPort, Opening(SampleNode.Guarded, SampleNode.World, IpProtocol.Udp, 53)));
        PathAssert.Dropped(DropReason.PolicyDenied, TrafficDirection.Egress, _path.FromPod(SampleNode.GuardedPort, Opening(SampleNode.Guarded, SampleNode.World, IpProtocol.Udp, 54)));
    }

    /// <summary>P23: kubelet's probes, and the pod's way to its own node.</summary>
    [Fact]
    public void TheOwnNodeAndItsPodsAlwaysReachEachOther()
    {
        PathAssert.Forwarded(SampleNode.GuardedPort, _path.FromHost(Opening(SampleNode.Gateway, SampleNode.Guarded, IpProtocol.Tcp, 9)));
        PathAssert.Forwarded(SampleNode.GuardedPort, _path.FromHost(Opening(SampleNode.NodeAddress, SampleNode.Guarded, IpProtocol.Tcp, 9)));
        PathAssert.Forwarded(SampleNode.HostPort, _path.FromPod(SampleNode.GuardedPort, Opening(SampleNode.Guarded, SampleNode.NodeAddress, IpProtocol.Tcp, 9)));
    }

    [Fact]
    public void OtherNodesDoNot()
    {
        PathAssert.Dropped(DropReason.PolicyDenied, TrafficDirection.Ingress, _path.FromOverlay(Opening(SampleNode.RemoteGateway, SampleNode.Guarded, IpProtocol.Tcp, 9)));
        PathAssert.Dropped(DropReason.PolicyDenied, TrafficDirection.Egress, _path.FromPod(SampleNode.GuardedPort, Opening(SampleNode.Guarded, SampleNode.RemoteNode, IpProtocol.Tcp, 9)));
    }

    [Fact]
    public void DropsWhatIsSentToAPodWithoutPolicy() => PathAssert.Dropped(
        DropReason.PolicyNotReady, TrafficDirection.Ingress, _path.FromPodA(Opening(SampleNode.PodA, SampleNode.Starting, IpProtocol.Tcp, 80)));

    [Fact]
    public void NotEvenTheHostReachesAPodWithoutPolicy() => PathAssert.Dropped(
        DropReason.PolicyNotReady, TrafficDirection.Ingress, _path.FromHost(Opening(SampleNode.Gateway, SampleNode.Starting, IpProtocol.Tcp, 80)));

    /// <summary>P20.</summary>
    [Fact]
    public void AnswersOfAllowedConnectionsPass()
    {
        _path.FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.Guarded).Tcp(40_000, 8080, TcpHeader.Syn));
        PathAssert.Forwarded(SampleNode.PodAPort, _path.FromPod(SampleNode.GuardedPort, PacketBuilder.IPv4(SampleNode.Guarded, SampleNode.PodA).Tcp(8080, 40_000, TcpHeader.Syn | TcpHeader.Ack)));
    }

    /// <summary>P20: a denied SYN must not open the way for its "answer".</summary>
    [Fact]
    public void ADeniedPacketOpensNothing()
    {
        _path.FromPodB(PacketBuilder.IPv4(SampleNode.PodB, SampleNode.Guarded).Udp(40_000, 8080));
        PathAssert.Dropped(DropReason.PolicyDenied, TrafficDirection.Egress, _path.FromPod(SampleNode.GuardedPort, PacketBuilder.IPv4(SampleNode.Guarded, SampleNode.PodB).Udp(8080, 40_000)));
    }

    [Fact]
    public void AnEchosIdentifierIsNoPort()
    {
        var node = new SampleNode();
        node.Policies[SampleNode.GuardPolicy] = new PolicyDefinition(true, [new(SampleNode.PodAIdentity, IpProtocol.Icmp, 7, 7)], true, []);
        var path = new PathHarness(node.Build());
        PathAssert.Dropped(DropReason.PolicyDenied, TrafficDirection.Ingress, path.FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.Guarded).Icmp(IcmpHeader.EchoRequest, 0, 7 << 16)));
    }

    private static PacketBuilder Opening(IPv4Address from, IPv4Address to, byte protocol, int port) => protocol switch
    {
        IpProtocol.Tcp => PacketBuilder.IPv4(from, to).Tcp(40_000, port, TcpHeader.Syn),
        IpProtocol.Udp => PacketBuilder.IPv4(from, to).Udp(40_000, port),
        IpProtocol.Sctp => PacketBuilder.IPv4(from, to).Sctp(40_000, port),
        IpProtocol.Icmp => PacketBuilder.IPv4(from, to).Icmp(IcmpHeader.EchoRequest, 0, 1),
        _ => PacketBuilder.IPv4(from, to).Protocol(protocol).Payload(20),
    };
}
