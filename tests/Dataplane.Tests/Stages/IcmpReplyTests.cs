using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>Errors that the path itself sends: to whom, how often, and when it keeps silent (RFC 1122, section 3.2.2).</summary>
public sealed class IcmpReplyTests
{
    private readonly PathHarness _path = new();

    [Fact]
    public void QuotesNoMoreThanFits576Bytes()
    {
        byte[] sent = ToNobody().Payload(1400).Build();
        var packet = PathAssert.Replied(SampleNode.PodAPort, _path.FromPod(SampleNode.PodAPort, sent));
        Assert.Equal(576, packet.IpLength);
        PacketAssert.Equal(sent.AsSpan(14, 548), packet.Payload);
    }

    [Fact]
    public void QuotesTheFirstFrameOfASuperPacket()
    {
        byte[] sent = PacketBuilder.IPv4(SampleNode.PodA, SampleNode.EmptyService).Tcp(40_000, 80, TcpHeader.Syn).Payload(30_000).Build();
        var result = _path.FromPod(SampleNode.PodAPort, sent);
        PacketAssert.Equal(sent.AsSpan(14, 548), PathAssert.Replied(SampleNode.PodAPort, result).Payload);
        Assert.Equal(result.Info.HeadLength, result.Info.TotalLength);
    }

    /// <summary>The gateway's address is the host's own, and it would refuse an error from it as martian.</summary>
    [Fact]
    public void AnswersTheHostFromTheAddressItAskedFor()
    {
        var packet = PathAssert.Replied(SampleNode.HostPort, _path.FromHost(PacketBuilder.IPv4(SampleNode.Gateway, SampleNode.EmptyService).Tcp(40_000, 80, TcpHeader.Syn)));
        Assert.Equal((SampleNode.EmptyService, SampleNode.Gateway, SampleNode.HostMac), (packet.Source, packet.Destination, packet.DestinationMac));
    }

    [Fact]
    public void OpensNoFlow()
    {
        _path.FromPodA(ToNobody());
        Assert.Equal(0, _path.Context.Flows.Counters.InUse);
    }

    [Theory]
    [InlineData(IcmpHeader.DestinationUnreachable)]
    [InlineData(IcmpHeader.TimeExceeded)]
    public void NeverAnswersErrors(byte type)
    {
        // Related to a flow, so it would go on, but its TTL ends here.
        _path.FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.PodB).Udp(40_000, 5000));
        byte[] quote = PacketBuilder.IPv4(SampleNode.PodA, SampleNode.PodB).Udp(40_000, 5000).BuildIp();
        PathAssert.Dropped(DropReason.HopLimitExceeded, _path.FromPodB(PacketBuilder.IPv4(SampleNode.PodB, SampleNode.PodA).TimeToLive(1).Icmp(type).Payload(quote)));
    }

    [Fact]
    public void NeverAnswersLaterFragments()
    {
        _path.FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.PodB).Udp(40_000, 5000).Payload(8).Fragment(0, more: true).UdpLength(100));
        PathAssert.Dropped(DropReason.HopLimitExceeded, _path.FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.PodB).TimeToLive(1).Protocol(IpProtocol.Udp).Payload(8).Fragment(16, more: false)));
    }

    [Fact]
    public void SendsNoMoreThanItsBudgetInASecond()
    {
        for (int i = 0; i < 1000; i++) PathAssert.Replied(SampleNode.PodAPort, _path.FromPodA(ToNobody()));
        PathAssert.Dropped(DropReason.IcmpRateLimited, _path.FromPodA(ToNobody()));
        _path.Now++;
        PathAssert.Replied(SampleNode.PodAPort, _path.FromPodA(ToNobody()));
    }

    /// <summary>It takes the place of the packet's own Ethernet header, and 28 bytes more.</summary>
    [Theory]
    [InlineData(28, true)]
    [InlineData(27, false)]
    public void NeedsRoomBeforeThePacket(int room, bool sent)
    {
        _path.Start = room;
        var result = _path.FromPodA(ToNobody());
        if (sent) PathAssert.Replied(SampleNode.PodAPort, result);
        else PathAssert.Dropped(DropReason.HeadroomExhausted, result);
    }

    [Fact]
    public void DropsWhatCannotBeAnswered()
    {
        _path.Tables = new SampleNode { Host = 0 }.Build();
        PathAssert.Dropped(DropReason.ServiceNoEndpoints, _path.FromHost(PacketBuilder.IPv4(SampleNode.Gateway, SampleNode.EmptyService).Tcp(40_000, 80, TcpHeader.Syn)));
    }

    private static PacketBuilder ToNobody() => PacketBuilder.IPv4(SampleNode.PodA, SampleNode.EmptyService).Tcp(40_000, 80, TcpHeader.Syn);
}
