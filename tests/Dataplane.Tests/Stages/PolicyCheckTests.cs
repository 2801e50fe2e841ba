using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Tables;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>Policy on new flows; <see cref="SampleNode.Guard"/> is the policy of the pod that has one.</summary>
public abstract class PolicyCheckTests<TAddress> : FamilyTests<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private readonly PathHarnessOf<TAddress> _path = new();

    [Fact]
    public void P7_AllowsWhatARuleNames() =>
        PathAssert.Forwarded(GuardedPort, _path.FromPodA(Ip(PodA, Guarded).Tcp(40_000, 8080, TcpHeader.Syn)));

    [Theory]
    [InlineData(true, 6, 8081)] // another port
    [InlineData(true, 17, 8080)] // another protocol
    [InlineData(true, 132, 8080)] // P22
    [InlineData(true, 1, 0)] // P21: rules with ports say nothing about ICMP
    [InlineData(true, 253, 0)]
    [InlineData(false, 6, 8080)] // another peer
    public void P14_P21_P22_DropsWhatNoRuleNames(bool fromPodA, byte protocol, int port)
    {
        var (from, inPort) = fromPodA ? (PodA, PodAPort) : (PodB, PodBPort);
        PathAssert.Dropped(DropReason.PolicyDenied, TrafficDirection.Ingress, _path.FromPod(inPort, Opening(from, Guarded, OfFamily(protocol), port)));
    }

    [Theory]
    [InlineData(999, false)]
    [InlineData(1000, true)]
    [InlineData(2000, true)]
    [InlineData(2001, false)]
    public void P15_AllowsRangesOfPorts(int port, bool allowed)
    {
        var result = _path.FromOverlay(Ip(RemotePod, Guarded).Udp(40_000, port));
        if (allowed) PathAssert.Forwarded(GuardedPort, result);
        else PathAssert.Dropped(DropReason.PolicyDenied, TrafficDirection.Ingress, result);
    }

    [Theory]
    [InlineData(6)]
    [InlineData(17)]
    [InlineData(132)]
    [InlineData(1)]
    [InlineData(253)]
    public void P13_AllowsPeersThatAPrefixNames(byte protocol) =>
        PathAssert.Forwarded(GuardedPort, _path.FromHost(Opening(Partner, Guarded, OfFamily(protocol), 9)));

    [Fact]
    public void P36_DropsPeersThatNoPrefixNames() => PathAssert.Dropped(
        DropReason.PolicyDenied, TrafficDirection.Ingress, _path.FromHost(Opening(World, Guarded, IpProtocol.Tcp, 9)));

    /// <summary>P18: rules name the backend's address and port, not the service's.</summary>
    [Fact]
    public void P18_JudgesWhatASelectedBackendSees()
    {
        PathAssert.Forwarded(GuardedPort, _path.FromPodA(Opening(PodA, GuardedService, IpProtocol.Tcp, 80)));
        PathAssert.Dropped(DropReason.PolicyDenied, TrafficDirection.Ingress, _path.FromPodB(Opening(PodB, GuardedService, IpProtocol.Tcp, 80)));
    }

    [Fact]
    public void P18_JudgesEgressByTheBackendToo()
    {
        PathAssert.Forwarded(PodBPort, _path.FromPod(GuardedPort, Opening(Guarded, WebService, IpProtocol.Tcp, 80)));
        PathAssert.Dropped(DropReason.PolicyDenied, TrafficDirection.Egress, _path.FromPod(GuardedPort, Opening(Guarded, RemoteService, IpProtocol.Tcp, 80)));
    }

    [Fact]
    public void P7_AllowsEgressToEverybodyOnOnePort()
    {
        PathAssert.Forwarded(HostPort, _path.FromPod(GuardedPort, Opening(Guarded, World, IpProtocol.Udp, 53)));
        PathAssert.Dropped(DropReason.PolicyDenied, TrafficDirection.Egress, _path.FromPod(GuardedPort, Opening(Guarded, World, IpProtocol.Udp, 54)));
    }

    /// <summary>P23: kubelet's probes, and the pod's way to its own node.</summary>
    [Fact]
    public void P23_TheOwnNodeAndItsPodsAlwaysReachEachOther()
    {
        PathAssert.Forwarded(GuardedPort, _path.FromHost(Opening(Gateway, Guarded, IpProtocol.Tcp, 9)));
        PathAssert.Forwarded(GuardedPort, _path.FromHost(Opening(NodeAddress, Guarded, IpProtocol.Tcp, 9)));
        PathAssert.Forwarded(HostPort, _path.FromPod(GuardedPort, Opening(Guarded, NodeAddress, IpProtocol.Tcp, 9)));
    }

    [Fact]
    public void P23_OtherNodesDoNot()
    {
        PathAssert.Dropped(DropReason.PolicyDenied, TrafficDirection.Ingress, _path.FromOverlay(Opening(RemoteGateway, Guarded, IpProtocol.Tcp, 9)));
        PathAssert.Dropped(DropReason.PolicyDenied, TrafficDirection.Egress, _path.FromPod(GuardedPort, Opening(Guarded, RemoteNode, IpProtocol.Tcp, 9)));
    }

    [Fact]
    public void P27_DropsWhatIsSentToAPodWithoutPolicy() => PathAssert.Dropped(
        DropReason.PolicyNotReady, TrafficDirection.Ingress, _path.FromPodA(Opening(PodA, Starting, IpProtocol.Tcp, 80)));

    [Fact]
    public void P27_NotEvenTheHostReachesAPodWithoutPolicy() => PathAssert.Dropped(
        DropReason.PolicyNotReady, TrafficDirection.Ingress, _path.FromHost(Opening(Gateway, Starting, IpProtocol.Tcp, 80)));

    /// <summary>P20.</summary>
    [Fact]
    public void P20_AnswersOfAllowedConnectionsPass()
    {
        _path.FromPodA(Ip(PodA, Guarded).Tcp(40_000, 8080, TcpHeader.Syn));
        PathAssert.Forwarded(PodAPort, _path.FromPod(GuardedPort, Ip(Guarded, PodA).Tcp(8080, 40_000, TcpHeader.Syn | TcpHeader.Ack)));
    }

    /// <summary>P20: a denied SYN must not open the way for its "answer".</summary>
    [Fact]
    public void P20_ADeniedPacketOpensNothing()
    {
        _path.FromPodB(Ip(PodB, Guarded).Udp(40_000, 8080));
        PathAssert.Dropped(DropReason.PolicyDenied, TrafficDirection.Egress, _path.FromPod(GuardedPort, Ip(Guarded, PodB).Udp(8080, 40_000)));
    }

    [Fact]
    public void P21_AnEchosIdentifierIsNoPort()
    {
        var node = new SampleNodeOf<TAddress>();
        node.Policies[SampleNode.GuardPolicy] = new PolicyDefinition(true, [new(SampleNode.PodAIdentity, Icmp, 7, 7)], true, []);
        var path = new PathHarnessOf<TAddress>(node.Build());
        PathAssert.Dropped(DropReason.PolicyDenied, TrafficDirection.Ingress, path.FromPodA(Ip(PodA, Guarded).EchoRequest()));
    }

    private static PacketBuilder Opening(TAddress from, TAddress to, byte protocol, int port) => protocol switch
    {
        IpProtocol.Tcp => Ip(from, to).Tcp(40_000, port, TcpHeader.Syn),
        IpProtocol.Udp => Ip(from, to).Udp(40_000, port),
        IpProtocol.Sctp => Ip(from, to).Sctp(40_000, port),
        _ when protocol == Icmp => Ip(from, to).EchoRequest(0),
        _ => Ip(from, to).Protocol(protocol).Payload(20),
    };
}
