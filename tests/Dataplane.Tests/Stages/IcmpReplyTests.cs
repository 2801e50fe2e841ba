using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>Errors that the path itself sends: to whom, how often, and when it keeps silent (RFC 1122, section 3.2.2; RFC 4443, section 2.4).</summary>
public abstract class IcmpReplyTests<TAddress> : FamilyTests<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private static readonly int ErrorHeaders = IpHeader + IcmpHeader.Size;
    private readonly PathHarnessOf<TAddress> _path = new();

    [Fact]
    public void QuotesNoMoreThanFitsTheLongestError()
    {
        byte[] sent = ToNobody().Payload(1400).Build();
        var packet = PathAssert.Replied(PodAPort, _path.FromPod(PodAPort, sent));
        Assert.Equal(Family<TAddress>.LargestError, packet.IpLength);
        PacketAssert.Equal(sent.AsSpan(14, Family<TAddress>.LargestError - ErrorHeaders), packet.Payload);
    }

    [Fact]
    public void QuotesTheFirstFrameOfASuperPacket()
    {
        byte[] sent = Ip(PodA, EmptyService).Tcp(40_000, 80, TcpHeader.Syn).Payload(30_000).Build();
        var result = _path.FromPod(PodAPort, sent);
        PacketAssert.Equal(sent.AsSpan(14, Family<TAddress>.LargestError - ErrorHeaders), PathAssert.Replied(PodAPort, result).Payload);
        Assert.Equal(result.Info.HeadLength, result.Info.TotalLength);
    }

    [Theory]
    [InlineData(IcmpError.PortUnreachable, 0)]
    [InlineData(IcmpError.HostUnreachable, 0)]
    [InlineData(IcmpError.PacketTooBig, 1400)]
    [InlineData(IcmpError.TimeExceeded, 0)]
    public void WritesEveryErrorWithItsNumbers(IcmpError error, int mtu)
    {
        byte[] quote = ToNobody().BuildIp();
        byte[] message = [.. new byte[ErrorHeaders], .. quote];
        message.AsSpan(0, ErrorHeaders).Fill(0xa5); // what was there before
        TAddress.WriteIcmpError(message, error, Gateway, PodA, mtu, 7);
        PacketAssert.Equal(Ip(Gateway, PodA).Identification(7).Error(error, mtu).Payload(quote).Build(), [.. Ip(Gateway, PodA).Build().AsSpan(0, 14), .. message]);
    }

    /// <summary>The gateway's address is the host's own, and it would refuse an error from it as martian.</summary>
    [Fact]
    public void AnswersTheHostFromTheAddressItAskedFor()
    {
        var packet = PathAssert.Replied(HostPort, _path.FromHost(Ip(Gateway, EmptyService).Tcp(40_000, 80, TcpHeader.Syn)));
        Assert.Equal((EmptyService, Gateway, SampleNode.HostMac), (Source(packet), Destination(packet), packet.DestinationMac));
    }

    [Fact]
    public void OpensNoFlow()
    {
        _path.FromPodA(ToNobody());
        Assert.Equal(0, _path.Context.Flows.Counters.InUse);
    }

    [Theory]
    [InlineData(IcmpError.HostUnreachable)]
    [InlineData(IcmpError.TimeExceeded)]
    public void NeverAnswersErrors(IcmpError error)
    {
        // Related to a flow, so it would go on, but its TTL ends here.
        _path.FromPodA(Ip(PodA, PodB).Udp(40_000, 5000));
        byte[] quote = Ip(PodA, PodB).Udp(40_000, 5000).BuildIp();
        PathAssert.Dropped(DropReason.HopLimitExceeded, _path.FromPodB(Ip(PodB, PodA).TimeToLive(1).Error(error).Payload(quote)));
    }

    [Fact]
    public void NeverAnswersLaterFragments()
    {
        _path.FromPodA(Ip(PodA, PodB).Udp(40_000, 5000).Payload(8).Fragment(0, more: true).UdpLength(100));
        PathAssert.Dropped(DropReason.HopLimitExceeded, _path.FromPodA(Ip(PodA, PodB).TimeToLive(1).Protocol(IpProtocol.Udp).Payload(8).Fragment(16, more: false)));
    }

    [Fact]
    public void SendsNoMoreThanItsBudgetInASecond()
    {
        for (int i = 0; i < 1000; i++) PathAssert.Replied(PodAPort, _path.FromPodA(ToNobody()));
        PathAssert.Dropped(DropReason.IcmpRateLimited, _path.FromPodA(ToNobody()));
        _path.Now++;
        PathAssert.Replied(PodAPort, _path.FromPodA(ToNobody()));
    }

    /// <summary>It takes the place of the packet's own Ethernet header, and two headers more.</summary>
    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    public void NeedsRoomBeforeThePacket(int lacking, bool sent)
    {
        _path.Start = ErrorHeaders - lacking;
        var result = _path.FromPodA(ToNobody());
        if (sent) PathAssert.Replied(PodAPort, result);
        else PathAssert.Dropped(DropReason.HeadroomExhausted, result);
    }

    [Fact]
    public void DropsWhatCannotBeAnswered()
    {
        _path.Tables = new SampleNodeOf<TAddress> { Host = 0 }.Build();
        PathAssert.Dropped(DropReason.ServiceNoEndpoints, _path.FromHost(Ip(Gateway, EmptyService).Tcp(40_000, 80, TcpHeader.Syn)));
    }

    private static PacketBuilder ToNobody() => Ip(PodA, EmptyService).Tcp(40_000, 80, TcpHeader.Syn);
}
