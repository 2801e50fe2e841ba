using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>RST for connections whose other end is gone (K25) or that are forgotten here (K30), exact enough for the sender to take it.</summary>
public abstract class TcpResetTests<TAddress> : FamilyTests<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private readonly PathHarnessOf<TAddress> _path = new();

    private static PacketBuilder ToService(byte flags, int payload = 0) => Ip(PodA, WebService).Tcp(40_000, 80, flags).Payload(payload);

    [Fact]
    public void K30_AServicesClientWhoseConnectionIsNotKnownIsToldSo()
    {
        var result = _path.FromPodA(ToService(TcpHeader.Ack | TcpHeader.Psh, 100)); // seq 1000, ack 2000
        PathAssert.Replied(PodAPort, result);
        byte[] expected = Ip(WebService, PodA).Identification(0).Ethernet(MacOf(PodA), SampleNode.GatewayMac)
            .Tcp(80, 40_000, TcpHeader.Rst, sequence: 2000, acknowledgment: 0, window: 0).Build();
        PacketAssert.Equal(expected, result.Bytes);
        Assert.Equal(DropReason.ConntrackNoFlow, result.Info.ReplyReason);
        Assert.Equal(0, _path.Context.Flows.Counters.InUse);
    }

    /// <summary>RFC 9293, section 3.10.7.1: without an acknowledgment the RST acknowledges what it answers.</summary>
    [Theory]
    [InlineData(TcpHeader.Fin, 100, 1101u)]
    [InlineData((byte)0, 100, 1100u)]
    public void AcknowledgesASegmentThatAcknowledgesNothing(byte flags, int payload, uint acknowledged)
    {
        var packet = PathAssert.Replied(PodAPort, _path.FromPodA(ToService(flags, payload)));
        Assert.Equal((TcpHeader.Rst | TcpHeader.Ack, 0u, acknowledged), (packet.TcpFlags, packet.Sequence, packet.Acknowledgment));
    }

    [Fact]
    public void NeverAnswersAReset() => PathAssert.Dropped(DropReason.ConntrackNoFlow, _path.FromPodA(ToService(TcpHeader.Rst)));

    /// <summary>P20: between pods a segment that only looks like an answer is dropped silently, as before.</summary>
    [Fact]
    public void K30_WhatIsForNoServiceIsDropped() => PathAssert.Dropped(
        DropReason.ConntrackNoFlow, _path.FromPodA(Ip(PodA, PodB).Tcp(40_000, 8080)));

    [Fact]
    public void K25_BothEndsOfAnOrphanedConnectionGetResets()
    {
        Establish();
        Assert.Single(_path.Conntrack.Reader.Orphan(e => e.Reply.Source.Equals(PodB)));

        var client = _path.FromPodA(ToService(TcpHeader.Ack, 10));
        var packet = PathAssert.Replied(PodAPort, client);
        Assert.Equal((WebService, 80, TcpHeader.Rst, 2000u), (Source(packet), packet.SourcePort, packet.TcpFlags, packet.Sequence));
        Assert.Equal(DropReason.ConnectionOrphaned, client.Info.ReplyReason);
        var server = PathAssert.Replied(PodBPort, _path.FromPodB(Ip(PodB, PodA).Tcp(8080, 40_000)));
        Assert.Equal((PodA, TcpHeader.Rst), (Source(server), server.TcpFlags));
    }

    /// <summary>From another node that knew earlier: its segment made the client answer, and a second one so soon would not.</summary>
    [Fact]
    public void K25_AResetPassesAnOrphanedConnectionToWhoIsLeft()
    {
        Establish();
        _path.Conntrack.Reader.Orphan(_ => true);
        var packet = PathAssert.Forwarded(PodAPort, _path.FromPodB(Ip(PodB, PodA).Tcp(8080, 40_000, TcpHeader.Rst, sequence: 2000)));
        Assert.Equal((WebService, 80, TcpHeader.Rst, 2000u), (Source(packet), packet.SourcePort, packet.TcpFlags, packet.Sequence));
    }

    [Fact]
    public void K25_ANewConnectionInPlaceOfAnOrphanIsLetThrough()
    {
        Establish();
        _path.Conntrack.Reader.Orphan(_ => true);
        PathAssert.Forwarded(PodBPort, _path.FromPodA(ToService(TcpHeader.Syn)));
    }

    [Fact]
    public void K25_OrphansAreForgottenSoonAndOtherProtocolsAtOnce()
    {
        Establish();
        _path.FromPodA(Ip(PodA, DnsService).Udp(40_000, 53));
        Assert.Single(_path.Conntrack.Reader.Orphan(_ => true));
        for (int i = 0; i < 45; i++)
        {
            _path.Now++;
            _path.Begin();
        }
        Assert.Equal(0, _path.Context.Flows.Counters.InUse);
    }

    /// <summary>A pod with ten thousand connections may end: the limit of ICMP errors would leave most of their clients in silence.</summary>
    [Fact]
    public void K25_IsNotHeldToTheRateOfIcmpErrors()
    {
        for (int i = 0; i < 1500; i++) PathAssert.Replied(PodAPort, _path.FromPodA(ToService(TcpHeader.Ack)));
        PathAssert.Replied(PodAPort, _path.FromPodA(Ip(PodA, EmptyService).Tcp(1, 80, TcpHeader.Syn)));
    }

    private void Establish()
    {
        PathAssert.Forwarded(PodBPort, _path.FromPodA(ToService(TcpHeader.Syn)));
        PathAssert.Forwarded(PodAPort, _path.FromPodB(Ip(PodB, PodA).Tcp(8080, 40_000, TcpHeader.Syn | TcpHeader.Ack)));
        PathAssert.Forwarded(PodBPort, _path.FromPodA(ToService(TcpHeader.Ack)));
    }
}
