using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>Services: who gets a new connection (K5-K7), and what happens when nobody can (K6, K18, K26).</summary>
public abstract class ServiceLookupTests<TAddress> : FamilyTests<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private readonly PathHarnessOf<TAddress> _path = new();

    [Fact]
    public void SendsAConnectionToABackendAndKeepsTheClientsAddress()
    {
        var packet = PathAssert.Forwarded(PodBPort, _path.FromPodA(Ip(PodA, WebService).Tcp(40_000, 80, TcpHeader.Syn)));
        Assert.Equal((PodA, (ushort)40_000, PodB, (ushort)8080), (Source(packet), packet.SourcePort, Destination(packet), packet.DestinationPort));
    }

    [Fact]
    public void TranslatesTheAnswerBack()
    {
        _path.FromPodA(Ip(PodA, WebService).Tcp(40_000, 80, TcpHeader.Syn));
        var packet = PathAssert.Forwarded(PodAPort, _path.FromPodB(Ip(PodB, PodA).Tcp(8080, 40_000, TcpHeader.Syn | TcpHeader.Ack)));
        Assert.Equal((WebService, (ushort)80, PodA, (ushort)40_000), (Source(packet), packet.SourcePort, Destination(packet), packet.DestinationPort));
    }

    [Fact]
    public void KeepsAConnectionAtItsBackend()
    {
        var tuple = Ip(PodA, ManyService).Tcp(40_000, 80, TcpHeader.Syn);
        var first = _path.FromPodA(tuple);
        for (int i = 0; i < 20; i++)
        {
            var next = _path.FromPodA(Ip(PodA, ManyService).Tcp(40_000, 80));
            Assert.Equal(first.Verdict.ToString(), next.Verdict.ToString());
            Assert.Equal(first.Info.Translated, next.Info.Translated);
        }
    }

    [Fact]
    public void KeepsConnectionsWhenTheServiceChanges()
    {
        _path.FromPodA(Ip(PodA, WebService).Tcp(40_000, 80, TcpHeader.Syn));
        var node = new SampleNodeOf<TAddress> { Revision = 2 };
        node.Services[(WebService, IpProtocol.Tcp, 80)] = [];
        _path.Tables = node.Build();
        PathAssert.Forwarded(PodBPort, _path.FromPodA(Ip(PodA, WebService).Tcp(40_000, 80)));
    }

    [Fact]
    public void SpreadsConnectionsEvenly()
    {
        const int Connections = 30_000;
        var path = new PathHarnessOf<TAddress>(flows: 2 * Connections);
        var counts = new Dictionary<ushort, int>();
        byte[] frame = Ip(PodB, ManyService).Tcp(0, 80, TcpHeader.Syn).Build();
        for (int i = 0; i < Connections; i++)
        {
            (frame[Headers], frame[Headers + 1]) = ((byte)(i >> 8), (byte)i);
            path.Begin();
            var verdict = path.Run(frame, PacketOrigin.Pod, PodBPort);
            counts[verdict.Port] = counts.GetValueOrDefault(verdict.Port) + 1;
        }
        Assert.Equal(3, counts.Count);
        Assert.All(counts.Values, n => Assert.InRange(n, Connections / 3 - 600, Connections / 3 + 600)); // seven standard deviations
    }

    [Fact]
    public void ServesTheHostToo()
    {
        var packet = PathAssert.Forwarded(PodBPort, _path.FromHost(Ip(Gateway, WebService).Tcp(40_000, 80, TcpHeader.Syn)));
        Assert.Equal((Gateway, PodB, (ushort)8080), (Source(packet), Destination(packet), packet.DestinationPort));
    }

    [Theory]
    [InlineData("10.96.0.50", "fd00:10:96::50", 80)] // no backend (K18)
    [InlineData("10.96.0.10", "fd00:10:96::10", 81)] // no such port (K6)
    public void AnswersPortUnreachableWhereNobodyServes(string v4, string v6, int port)
    {
        byte[] sent = Ip(PodA, Address(v4, v6)).Tcp(40_000, port, TcpHeader.Syn).Build();
        var result = _path.FromPod(PodAPort, sent);
        var packet = PathAssert.Replied(PodAPort, result);
        Assert.Equal(DropReason.ServiceNoEndpoints, result.Info.ReplyReason);
        Assert.Equal(NumbersOf(IcmpError.PortUnreachable), (packet.IcmpType, packet.IcmpCode));
        PacketAssert.Equal(sent.AsSpan(EthernetHeader.Size), packet.Payload);
    }

    [Fact]
    public void OtherProtocolsDoNotReachAServicesPort() => PathAssert.Replied(
        PodAPort, _path.FromPodA(Ip(PodA, WebService).Udp(40_000, 80)));

    [Fact]
    public void DropsAddressesThatNoServiceHas() => PathAssert.Dropped(
        DropReason.ServiceUnknown, _path.FromPodA(Ip(PodA, NoService).Tcp(40_000, 80, TcpHeader.Syn)));

    /// <summary>A service is translated where the packet comes from; behind the tunnel its address means nothing.</summary>
    [Fact]
    public void IsNotAppliedToWhatComesOutOfTheTunnel() => PathAssert.Dropped(
        DropReason.RouteUnreachable, _path.FromOverlay(Ip(RemotePod, WebService).Tcp(40_000, 80, TcpHeader.Syn)));
}
