using Dataplane.Conntrack;
using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>A pod that reaches itself through a service (K22b): it must not see its own address as the peer's.</summary>
public abstract class HairpinTests<TAddress> : FamilyTests<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private readonly PathHarnessOf<TAddress> _path = new();

    [Fact]
    public void GivesAPodThatReachesItselfTheGatewayAsPeer()
    {
        byte[] sent = Ip(PodA, SelfService).Tcp(40_000, 80, TcpHeader.Syn).Payload(9).Build();
        var result = _path.FromPod(PodAPort, sent);
        int port = PathAssert.Forwarded(PodAPort, result).SourcePort;
        Assert.InRange(port, NatPortPool.DefaultFirst, NatPortPool.DefaultLast);
        byte[] expected = Ip(Gateway, PodA).Ethernet(MacOf(PodA), SampleNode.GatewayMac)
            .TimeToLive(63).Tcp(port, 8080, TcpHeader.Syn).Payload(9).Build();
        PacketAssert.Equal(expected, result.Bytes);
    }

    [Fact]
    public void TranslatesBothEndsOfTheAnswer()
    {
        int port = PathAssert.Forwarded(PodAPort, _path.FromPodA(Ip(PodA, SelfService).Tcp(40_000, 80, TcpHeader.Syn))).SourcePort;
        var result = _path.FromPodA(Ip(PodA, Gateway).Tcp(8080, port, TcpHeader.Syn | TcpHeader.Ack).Payload(9));
        PathAssert.Forwarded(PodAPort, result);
        byte[] expected = Ip(SelfService, PodA).Ethernet(MacOf(PodA), SampleNode.GatewayMac)
            .TimeToLive(63).Tcp(80, 40_000, TcpHeader.Syn | TcpHeader.Ack).Payload(9).Build();
        PacketAssert.Equal(expected, result.Bytes);
    }

    [Fact]
    public void GivesEveryConnectionAPortOfItsOwn()
    {
        var ports = new HashSet<int>();
        for (int i = 0; i < 500; i++)
            Assert.True(ports.Add(PathAssert.Forwarded(PodAPort, _path.FromPodA(Ip(PodA, SelfService).Tcp(1000 + i, 80, TcpHeader.Syn))).SourcePort));
    }

    [Fact]
    public void GivesUpWhenEveryPortIsTaken()
    {
        var path = new PathHarnessOf<TAddress>(flows: 70_000);
        byte[] frame = Ip(Gateway, PodA).Tcp(0, 8080, TcpHeader.Syn).Build();
        for (int port = 0; port < 65_536; port++)
        {
            (frame[Headers], frame[Headers + 1]) = ((byte)(port >> 8), (byte)port);
            path.Begin();
            Assert.Equal(VerdictKind.Forward, path.Run(frame, PacketOrigin.Host, HostPort).Kind);
        }
        PathAssert.Dropped(DropReason.NatPortsExhausted, path.FromPodA(Ip(PodA, SelfService).Tcp(40_000, 80, TcpHeader.Syn)));
    }

    /// <summary>P24: no policy stands between a pod and itself, by whatever way.</summary>
    [Fact]
    public void P24_PassesThePodsOwnPolicies()
    {
        PathAssert.Forwarded(GuardedPort, _path.FromPod(GuardedPort, Ip(Guarded, GuardedService).Tcp(40_000, 80, TcpHeader.Syn)));
        PathAssert.Forwarded(GuardedPort, _path.FromPod(GuardedPort, Ip(Guarded, Guarded).Tcp(40_000, 9, TcpHeader.Syn)));
    }
}
