using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>Services: who gets a new connection (K5-K7), and what happens when nobody can (K6, K18, K26).</summary>
public sealed class ServiceLookupTests
{
    private readonly PathHarness _path = new();

    [Fact]
    public void SendsAConnectionToABackendAndKeepsTheClientsAddress()
    {
        var packet = PathAssert.Forwarded(SampleNode.PodBPort, _path.FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.WebService).Tcp(40_000, 80, TcpHeader.Syn)));
        Assert.Equal((SampleNode.PodA, (ushort)40_000, SampleNode.PodB, (ushort)8080), (packet.Source, packet.SourcePort, packet.Destination, packet.DestinationPort));
    }

    [Fact]
    public void TranslatesTheAnswerBack()
    {
        _path.FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.WebService).Tcp(40_000, 80, TcpHeader.Syn));
        var packet = PathAssert.Forwarded(SampleNode.PodAPort, _path.FromPodB(PacketBuilder.IPv4(SampleNode.PodB, SampleNode.PodA).Tcp(8080, 40_000, TcpHeader.Syn | TcpHeader.Ack)));
        Assert.Equal((SampleNode.WebService, (ushort)80, SampleNode.PodA, (ushort)40_000), (packet.Source, packet.SourcePort, packet.Destination, packet.DestinationPort));
    }

    [Fact]
    public void KeepsAConnectionAtItsBackend()
    {
        var tuple = PacketBuilder.IPv4(SampleNode.PodA, SampleNode.ManyService).Tcp(40_000, 80, TcpHeader.Syn);
        var first = _path.FromPodA(tuple);
        for (int i = 0; i < 20; i++)
        {
            var next = _path.FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.ManyService).Tcp(40_000, 80));
            Assert.Equal(first.Verdict.ToString(), next.Verdict.ToString());
            Assert.Equal(first.Info.Translated, next.Info.Translated);
        }
    }

    [Fact]
    public void KeepsConnectionsWhenTheServiceChanges()
    {
        _path.FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.WebService).Tcp(40_000, 80, TcpHeader.Syn));
        var node = new SampleNode { Revision = 2 };
        node.Services[(SampleNode.WebService, IpProtocol.Tcp, 80)] = [];
        _path.Tables = node.Build();
        PathAssert.Forwarded(SampleNode.PodBPort, _path.FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.WebService).Tcp(40_000, 80)));
    }

    [Fact]
    public void SpreadsConnectionsEvenly()
    {
        const int Connections = 30_000;
        var path = new PathHarness(flows: 2 * Connections);
        var counts = new Dictionary<ushort, int>();
        byte[] frame = PacketBuilder.IPv4(SampleNode.PodB, SampleNode.ManyService).Tcp(0, 80, TcpHeader.Syn).Build();
        for (int i = 0; i < Connections; i++)
        {
            frame[34] = (byte)(i >> 8);
            frame[35] = (byte)i;
            path.Begin();
            var verdict = path.Run(frame, PacketOrigin.Pod, SampleNode.PodBPort);
            counts[verdict.Port] = counts.GetValueOrDefault(verdict.Port) + 1;
        }
        Assert.Equal(3, counts.Count);
        Assert.All(counts.Values, n => Assert.InRange(n, Connections / 3 - 600, Connections / 3 + 600)); // seven standard deviations
    }

    [Fact]
    public void ServesTheHostToo()
    {
        var packet = PathAssert.Forwarded(SampleNode.PodBPort, _path.FromHost(PacketBuilder.IPv4(SampleNode.Gateway, SampleNode.WebService).Tcp(40_000, 80, TcpHeader.Syn)));
        Assert.Equal((SampleNode.Gateway, SampleNode.PodB, (ushort)8080), (packet.Source, packet.Destination, packet.DestinationPort));
    }

    [Theory]
    [InlineData("10.96.0.50", 80)] // no backend (K18)
    [InlineData("10.96.0.10", 81)] // no such port (K6)
    public void AnswersPortUnreachableWhereNobodyServes(string service, int port)
    {
        byte[] sent = PacketBuilder.IPv4(SampleNode.PodA, IPv4Address.Parse(service)).Tcp(40_000, port, TcpHeader.Syn).Build();
        var result = _path.FromPod(SampleNode.PodAPort, sent);
        var packet = PathAssert.Replied(SampleNode.PodAPort, result);
        Assert.Equal(DropReason.ServiceNoEndpoints, result.Info.ReplyReason);
        Assert.Equal((IcmpHeader.DestinationUnreachable, IcmpHeader.PortUnreachable), (packet.IcmpType, packet.IcmpCode));
        PacketAssert.Equal(sent.AsSpan(EthernetHeader.Size), packet.Payload);
    }

    [Fact]
    public void OtherProtocolsDoNotReachAServicesPort() => PathAssert.Replied(
        SampleNode.PodAPort, _path.FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.WebService).Udp(40_000, 80)));

    [Fact]
    public void DropsAddressesThatNoServiceHas() => PathAssert.Dropped(
        DropReason.ServiceUnknown, _path.FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.NoService).Tcp(40_000, 80, TcpHeader.Syn)));

    /// <summary>A service is translated where the packet comes from; behind the tunnel its address means nothing.</summary>
    [Fact]
    public void IsNotAppliedToWhatComesOutOfTheTunnel() => PathAssert.Dropped(
        DropReason.RouteUnreachable, _path.FromOverlay(PacketBuilder.IPv4(SampleNode.RemotePod, SampleNode.WebService).Tcp(40_000, 80, TcpHeader.Syn)));
}
