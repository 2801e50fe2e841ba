using Dataplane.Conntrack;
using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>A pod that reaches itself through a service (K22b): it must not see its own address as the peer's.</summary>
public sealed class HairpinTests
{
    private readonly PathHarness _path = new();

    [Fact]
    public void GivesAPodThatReachesItselfTheGatewayAsPeer()
    {
        byte[] sent = PacketBuilder.IPv4(SampleNode.PodA, SampleNode.SelfService).Tcp(40_000, 80, TcpHeader.Syn).Payload(9).Build();
        var result = _path.FromPod(SampleNode.PodAPort, sent);
        int port = PathAssert.Forwarded(SampleNode.PodAPort, result).SourcePort;
        Assert.InRange(port, NatPortPool.DefaultFirst, NatPortPool.DefaultLast);
        byte[] expected = PacketBuilder.IPv4(SampleNode.Gateway, SampleNode.PodA).Ethernet(SampleNode.MacOf(SampleNode.PodA), SampleNode.GatewayMac)
            .TimeToLive(63).Tcp(port, 8080, TcpHeader.Syn).Payload(9).Build();
        PacketAssert.Equal(expected, result.Bytes);
    }

    [Fact]
    public void TranslatesBothEndsOfTheAnswer()
    {
        int port = PathAssert.Forwarded(SampleNode.PodAPort, _path.FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.SelfService).Tcp(40_000, 80, TcpHeader.Syn))).SourcePort;
        var result = _path.FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.Gateway).Tcp(8080, port, TcpHeader.Syn | TcpHeader.Ack).Payload(9));
        PathAssert.Forwarded(SampleNode.PodAPort, result);
        byte[] expected = PacketBuilder.IPv4(SampleNode.SelfService, SampleNode.PodA).Ethernet(SampleNode.MacOf(SampleNode.PodA), SampleNode.GatewayMac)
            .TimeToLive(63).Tcp(80, 40_000, TcpHeader.Syn | TcpHeader.Ack).Payload(9).Build();
        PacketAssert.Equal(expected, result.Bytes);
    }

    [Fact]
    public void GivesEveryConnectionAPortOfItsOwn()
    {
        var ports = new HashSet<int>();
        for (int i = 0; i < 500; i++)
            Assert.True(ports.Add(PathAssert.Forwarded(SampleNode.PodAPort, _path.FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.SelfService).Tcp(1000 + i, 80, TcpHeader.Syn))).SourcePort));
    }

    [Fact]
    public void GivesUpWhenEveryPortIsTaken()
    {
        var path = new PathHarness(flows: 70_000);
        byte[] frame = PacketBuilder.IPv4(SampleNode.Gateway, SampleNode.PodA).Tcp(0, 8080, TcpHeader.Syn).Build();
        for (int port = 0; port < 65_536; port++)
        {
            frame[34] = (byte)(port >> 8);
            frame[35] = (byte)port;
            path.Begin();
            Assert.Equal(VerdictKind.Forward, path.Run(frame, PacketOrigin.Host, SampleNode.HostPort).Kind);
        }
        PathAssert.Dropped(DropReason.NatPortsExhausted, path.FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.SelfService).Tcp(40_000, 80, TcpHeader.Syn)));
    }

    /// <summary>P24: no policy stands between a pod and itself, by whatever way.</summary>
    [Fact]
    public void PassesThePodsOwnPolicies()
    {
        PathAssert.Forwarded(SampleNode.GuardedPort, _path.FromPod(SampleNode.GuardedPort, PacketBuilder.IPv4(SampleNode.Guarded, SampleNode.GuardedService).Tcp(40_000, 80, TcpHeader.Syn)));
        PathAssert.Forwarded(SampleNode.GuardedPort, _path.FromPod(SampleNode.GuardedPort, PacketBuilder.IPv4(SampleNode.Guarded, SampleNode.Guarded).Tcp(40_000, 9, TcpHeader.Syn)));
    }
}
