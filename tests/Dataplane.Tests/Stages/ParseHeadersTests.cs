using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>What is read from headers, and which contradictions are refused. Headers cut short: <see cref="TruncationTests"/>.</summary>
public abstract class ParseHeadersTests<TAddress> : FamilyTests<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private readonly PathHarnessOf<TAddress> _path = new();

    [Fact]
    public void ReadsPortsFlagsAndOffsets()
    {
        var info = _path.FromPodA(ToPodB().IpOptions(8).TimeToLive(9).Tcp(40_000, 80, TcpHeader.Syn | TcpHeader.Cwr, options: 12).Payload(100)).Info;
        Assert.Equal($"6 {PodA}:40000 -> {PodB}:80", info.Tuple.ToString());
        Assert.Equal((TcpHeader.Syn | TcpHeader.Cwr, 9, 14, Headers + 8, IpHeader + 8 + 32 + 100), (info.TcpFlags, info.HopLimit, info.NetworkOffset, info.TransportOffset, info.IpLength));
    }

    [Fact]
    public void GivesEchosTheirIdentifierAsBothPorts()
    {
        var request = _path.FromPodA(ToPodB().EchoRequest()).Info.Tuple;
        Assert.Equal((7, 7), (request.SourcePort.Value, request.DestinationPort.Value));
        var reply = _path.FromPodB(Ip(PodB, PodA).EchoReply()).Info;
        Assert.Equal(request.Mirror(), reply.Tuple);
        Assert.Equal(Dataplane.Conntrack.FlowDirection.Reply, reply.Direction);
    }

    [Fact]
    public void DropsThePaddingOfAShortFrame()
    {
        var result = _path.FromPodA(ToPodB().Udp(1, 2).Padding(18));
        PathAssert.Forwarded(PodBPort, result);
        Assert.Equal(Headers + UdpHeader.Size, result.Bytes.Length);
    }

    [Theory]
    [InlineData(0x8100)]
    [InlineData(0x88cc)]
    [InlineData(0x0000)]
    public void DropsEtherTypesItDoesNotKnow(int type) => PathAssert.Dropped(
        DropReason.EtherTypeUnsupported, _path.FromPodA(ToPodB().Udp(1, 2).EtherType((ushort)type)));

    [Fact]
    public void DropsOtherVersionsOfIp() => PathAssert.Dropped(DropReason.IpHeaderInvalid, _path.FromPodA(ToPodB().Udp(1, 2).IpVersion(Either((byte)6, (byte)4))));

    [Theory]
    [InlineData(9)] // one more than there is
    [InlineData(65495)]
    public void DropsPacketsThatSayTheyAreLonger(int length) => PathAssert.Dropped(DropReason.IpHeaderInvalid, _path.FromPodA(ToPodB().Udp(1, 2).TotalLength(IpHeader + length)));

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    [InlineData(15)] // longer than the packet
    public void DropsTcpHeadersOfImpossibleLength(int words) => PathAssert.Dropped(
        DropReason.TcpHeaderInvalid, _path.FromPodA(ToPodB().Tcp(1, 2, TcpHeader.Syn).Payload(8).TcpHeaderWords(words)));

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(17)] // one more than there is
    public void DropsUdpPacketsOfImpossibleLength(int length) => PathAssert.Dropped(DropReason.UdpHeaderInvalid, _path.FromPodA(ToPodB().Udp(1, 2).Payload(8).UdpLength(length)));

    [Fact]
    public void TakesUdpPacketsShorterThanTheirIpPacket() =>
        Assert.Equal(VerdictKind.Forward, _path.FromPodA(ToPodB().Udp(1, 2).Payload(8).UdpLength(12).NoChecksum()).Verdict.Kind);

    private static PacketBuilder ToPodB() => Ip(PodA, PodB);
}
