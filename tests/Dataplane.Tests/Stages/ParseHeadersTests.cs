using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>What is read from headers, and which contradictions are refused. Headers cut short: <see cref="TruncationTests"/>.</summary>
public sealed class ParseHeadersTests
{
    private readonly PathHarness _path = new();

    [Fact]
    public void ReadsPortsFlagsAndOffsets()
    {
        var info = _path.FromPodA(ToPodB().IpOptions(8).TimeToLive(9).Tcp(40_000, 80, TcpHeader.Syn | TcpHeader.Cwr, options: 12).Payload(100)).Info;
        Assert.Equal("6 10.244.1.10:40000 -> 10.244.1.11:80", info.Tuple.ToString());
        Assert.Equal((TcpHeader.Syn | TcpHeader.Cwr, 9, 14, 14 + 28, 28 + 32 + 100), (info.TcpFlags, info.HopLimit, info.NetworkOffset, info.TransportOffset, info.IpLength));
    }

    [Fact]
    public void GivesEchosTheirIdentifierAsBothPorts()
    {
        var request = _path.FromPodA(ToPodB().Icmp(IcmpHeader.EchoRequest, 0, 0x0007_0001)).Info.Tuple;
        Assert.Equal((7, 7), (request.SourcePort.Value, request.DestinationPort.Value));
        var reply = _path.FromPodB(PacketBuilder.IPv4(SampleNode.PodB, SampleNode.PodA).Icmp(IcmpHeader.EchoReply, 0, 0x0007_0001)).Info;
        Assert.Equal(request.Mirror(), reply.Tuple);
        Assert.Equal(Dataplane.Conntrack.FlowDirection.Reply, reply.Direction);
    }

    [Fact]
    public void DropsThePaddingOfAShortFrame()
    {
        var result = _path.FromPodA(ToPodB().Udp(1, 2).Padding(18));
        PathAssert.Forwarded(SampleNode.PodBPort, result);
        Assert.Equal(14 + 28, result.Bytes.Length);
    }

    [Theory]
    [InlineData(0x86dd)]
    [InlineData(0x8100)]
    [InlineData(0x88cc)]
    [InlineData(0x0000)]
    public void DropsEtherTypesItDoesNotKnow(int type) => PathAssert.Dropped(
        DropReason.EtherTypeUnsupported, _path.FromPodA(ToPodB().Udp(1, 2).EtherType((ushort)type)));

    [Fact]
    public void DropsOtherVersionsOfIp() => PathAssert.Dropped(DropReason.IpHeaderInvalid, _path.FromPodA(ToPodB().Udp(1, 2).IpVersion(6)));

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    [InlineData(15)] // longer than the packet
    public void DropsIpHeadersOfImpossibleLength(int words) => PathAssert.Dropped(DropReason.IpHeaderInvalid, _path.FromPodA(ToPodB().Udp(1, 2).IpHeaderWords(words)));

    [Theory]
    [InlineData(0)]
    [InlineData(19)]
    [InlineData(29)]
    [InlineData(65535)]
    public void DropsPacketsOfImpossibleLength(int length) => PathAssert.Dropped(DropReason.IpHeaderInvalid, _path.FromPodA(ToPodB().Udp(1, 2).TotalLength(length)));

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

    private static PacketBuilder ToPodB() => PacketBuilder.IPv4(SampleNode.PodA, SampleNode.PodB);
}
