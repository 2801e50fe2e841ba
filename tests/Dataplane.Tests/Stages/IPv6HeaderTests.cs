using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Xunit;
using Node = Dataplane.Testing.Packets.SampleNodeOf<Dataplane.Packets.IPv6Address>;
using Services = Dataplane.Testing.Packets.SampleServicesOf<Dataplane.Packets.IPv6Address>;

namespace Dataplane.Tests.Stages;

/// <summary>What IPv6 headers and ICMPv6 have of their own: flow labels, scopes of addresses, lengths without a header, checksums over addresses.</summary>
public sealed class IPv6HeaderTests
{
    private readonly PathHarnessOf<IPv6Address> _path = new();

    [Theory]
    [InlineData(0x00, 0u)]
    [InlineData(0xff, 0xfffffu)]
    [InlineData(0xb8, 0x12345u)]
    [InlineData(0x0f, 0xf0000u)]
    public void KeepsTrafficClassAndFlowLabel(byte trafficClass, uint label)
    {
        PacketBuilder Packet(IPv6Address to) => To(to).TypeOfService(trafficClass).FlowLabel(label).Udp(40_000, 53);
        foreach (var packet in (DecodedPacket[])[_path.FromPodA(Packet(Node.PodB)).Packet, _path.FromPodA(Packet(Node.DnsService)).Packet, _path.FromPodA(Packet(Node.RemotePod)).Packet.Inner!])
            Assert.Equal((trafficClass, label), (packet.TypeOfService, packet.FlowLabel));
        var arrived = _path.FromOverlay(PacketBuilder.IPv6(Node.RemotePod, Node.PodA).TypeOfService(trafficClass).FlowLabel(label).Udp(1, 2)).Packet;
        Assert.Equal((trafficClass, label), (arrived.TypeOfService, arrived.FlowLabel));
    }

    /// <summary>The mark of congestion is two bits in the middle of bytes 0 and 1; those around it stay.</summary>
    [Fact]
    public void MarksCongestionWithoutTouchingWhatIsBesideIt()
    {
        var packet = PacketBuilder.IPv6(Node.RemotePod, Node.PodA).TypeOfService(0b1010_1001).FlowLabel(0xf5a5a).Udp(1, 2);
        var arrived = PathAssert.Forwarded(Node.PodAPort, _path.FromOverlay(packet.InVxlan().TypeOfService(3).Build()));
        Assert.Equal((0b1010_1011, 0xf5a5au), (arrived.TypeOfService, arrived.FlowLabel));
    }

    /// <summary>Beyond its link such an address is nobody's; one that wraps an IPv4 address is taken for that by stacks (RFC 4942, section 2.2).</summary>
    [Theory]
    [InlineData("fe80::1")]
    [InlineData("febf:ffff::1")]
    [InlineData("::1")]
    [InlineData("::")]
    [InlineData("::ffff:10.244.1.11")]
    [InlineData("::ffff:127.0.0.1")]
    public void RefusesAddressesThatMeanSomethingElsewhere(string text)
    {
        var address = IPv6Address.Parse(text);
        PathAssert.Dropped(DropReason.RouteUnreachable, _path.FromPodA(To(address).Udp(1, 2)));
        PathAssert.Dropped(DropReason.SourceSpoofed, _path.FromPodA(PacketBuilder.IPv6(address, Node.PodB).Udp(1, 2)));
        PathAssert.Dropped(DropReason.RouteUnreachable, _path.FromHost(PacketBuilder.IPv6(Node.Gateway, address).Udp(1, 2)));
        PathAssert.Dropped(DropReason.RouteUnreachable, _path.FromHost(PacketBuilder.IPv6(address, Node.PodB).Udp(1, 2)));
        PathAssert.Dropped(DropReason.RouteNotLocal, _path.FromOverlay(PacketBuilder.IPv6(Node.RemotePod, address).Udp(1, 2)));
        PathAssert.Dropped(DropReason.RouteUnreachable, _path.FromOverlay(PacketBuilder.IPv6(address, Node.PodB).Udp(1, 2)));
        PathAssert.Dropped(DropReason.SourceSpoofed, new Services().Add([Node.PodB], [Node.PodB]).Path().FromUplink(PacketBuilder.IPv6(address, Services.ExternalIp).Tcp(1, Services.Port, TcpHeader.Syn)));
        Assert.Equal(0, _path.Context.Flows.Counters.InUse);
    }

    /// <summary>Receivers refuse it (RFC 8200, section 8.1) but for tunnels (RFC 6936); that is for them to say, and no reason to make one up.</summary>
    [Fact]
    public void LeavesUdpWithoutChecksumWithoutOne()
    {
        var near = PathAssert.Forwarded(Node.PodBPort, _path.FromPodA(To(Node.DnsService).Udp(40_000, 53).NoChecksum().Payload(30)));
        Assert.Equal((ChecksumKind.None, 5353), (near.Checksum, near.DestinationPort));
        var far = PathAssert.Forwarded(Node.UplinkPort, _path.FromPodA(To(Node.RemoteService).Udp(40_000, 80).NoChecksum().Payload(30))).Inner!;
        Assert.Equal((ChecksumKind.None, 8080), (far.Checksum, far.DestinationPort));
    }

    /// <summary>A length of zero means no payload, or that a jumbo option holds the length (RFC 2675), which BIG TCP writes: nobody sends that to us.</summary>
    [Fact]
    public void RefusesPacketsThatDoNotSayHowLongTheyAre()
    {
        PathAssert.Dropped(DropReason.TcpHeaderInvalid, _path.FromPodA(To(Node.PodB).Tcp(40_000, 80, TcpHeader.Syn).Payload(3000).TotalLength(40)));
        PathAssert.Dropped(DropReason.UdpHeaderInvalid, _path.FromPodA(To(Node.PodB).Udp(40_000, 80).Payload(10).TotalLength(40)));
        byte[] jumbo = [0, 0, 0xc2, 4, 0, 1, 0, 0];
        PathAssert.Dropped(DropReason.IpHeaderInvalid, _path.FromPodA(To(Node.PodB).Extension(IPv6Packets.HopByHopType, jumbo).Tcp(40_000, 80, TcpHeader.Syn).Payload(new byte[65_536 - 28]).TotalLength(40)));
        PathAssert.Forwarded(Node.PodBPort, _path.FromPodA(To(Node.PodB).Protocol(IPv6Packets.NoNextHeader)));
    }

    [Fact]
    public void TakesTheLongestPacketThereIs()
    {
        _path.FromPodA(To(Node.PodB).Tcp(40_000, 80, TcpHeader.Syn));
        var result = _path.FromPodA(To(Node.PodB).Tcp(40_000, 80).Payload(65_535 - 20).PartialChecksum());
        Assert.Equal((40 + 65_535, ChecksumKind.Partial), (result.Info.IpLength, PathAssert.Forwarded(Node.PodBPort, result).Checksum));
    }

    /// <summary>An echo of identifier zero makes a flow without ports; another message to the same address has the same tuple, and no identifier.</summary>
    [Fact]
    public void KeepsTheChecksumOfWhatIsNoEchoRight()
    {
        var path = new Services().Path();
        PathAssert.Forwarded(Node.UplinkPort, path.FromPodA(To(Node.World).EchoRequest(0)));
        var packet = PathAssert.Forwarded(Node.UplinkPort, path.FromPodA(To(Node.World).Icmp(144, 0, 0xcafe_beef).Payload(20)));
        Assert.Equal((Node.NodeAddress, 0xcafe_beefu, ChecksumKind.Complete), (packet.SourceOf<IPv6Address>(), packet.IcmpRest, packet.Checksum));
    }

    /// <summary>RFC 4443, section 2.1: types below 128 are errors, also those that nobody knows yet. None is ever answered.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(100)]
    [InlineData(127)]
    public void TakesEveryErrorForOne(byte type)
    {
        byte[] quote = PacketBuilder.IPv6(Node.PodB, Node.PodA).Udp(53, 40_000).BuildIp();
        PathAssert.Dropped(DropReason.IcmpErrorUnrelated, _path.FromPodA(To(Node.PodB).Icmp(type).Payload(quote)));
        PathAssert.Dropped(DropReason.IcmpErrorUnrelated, _path.FromPodA(To(Node.EmptyService).Icmp(type).Payload(quote)));
        _path.FromPodB(PacketBuilder.IPv6(Node.PodB, Node.PodA).Udp(53, 40_000));
        PathAssert.Forwarded(Node.PodBPort, _path.FromPodA(To(Node.PodB).Icmp(type).Payload(quote)));
        PathAssert.Dropped(DropReason.HopLimitExceeded, _path.FromPodA(To(Node.PodB).TimeToLive(1).Icmp(type).Payload(quote)));
    }

    [Theory]
    [InlineData(128)]
    [InlineData(144)]
    [InlineData(255)]
    public void AnswersWhatIsNoError(byte type) => PathAssert.Replied(Node.PodAPort, _path.FromPodA(To(Node.PodB).TimeToLive(1).Icmp(type)));

    /// <summary>Groups get no answer (RFC 4443, section 2.4 (e)), and nobody's hop limit counts there.</summary>
    [Theory]
    [InlineData("ff02::1")]
    [InlineData("ff02::fb")]
    [InlineData("ff05::1:3")]
    [InlineData("ff0e::1")]
    public void NeverAnswersWhatIsForAGroup(string group)
    {
        PathAssert.Dropped(DropReason.MulticastUnsupported, _path.FromPodA(To(IPv6Address.Parse(group)).TimeToLive(1).Udp(5353, 5353)));
        PathAssert.Dropped(DropReason.MulticastUnsupported, _path.FromPodA(To(IPv6Address.Parse(group)).Udp(5353, 5353).Payload(3000)));
        PathAssert.Dropped(DropReason.MulticastUnsupported, _path.FromHost(PacketBuilder.IPv6(IPv6Address.Parse(group), Node.PodA).TimeToLive(1).Udp(1, 2)));
    }

    /// <summary>Segments of one packet may differ in length only. The same bytes of options may be each router's, or the receiver's.</summary>
    [Fact]
    public void SegmentsOfOnePacketHaveTheSameHeaders()
    {
        Assert.True(Same(To(Node.PodB).HopByHop(), To(Node.PodB).HopByHop().Payload(100)));
        Assert.False(Same(To(Node.PodB).HopByHop(), To(Node.PodB).DestinationOptions()));
        Assert.False(Same(To(Node.PodB).HopByHop(), To(Node.PodB).HopByHop(16)));
        Assert.False(Same(To(Node.PodB), To(Node.PodB).FlowLabel(1)));
        Assert.False(Same(To(Node.PodB), To(Node.PodB).TypeOfService(0x10)));
        Assert.False(Same(To(Node.PodB), To(Node.PodB).TimeToLive(63)));

        static bool Same(PacketBuilder a, PacketBuilder b)
        {
            byte[] first = a.BuildIp(), next = b.BuildIp();
            return IPv6Address.SameForAllSegments(first.AsSpan(0, Header(first)), next.AsSpan(0, Header(next)));
        }

        static int Header(byte[] ip) => IPv6HeaderCodec.TryParse(ip, out var fields) ? fields.HeaderLength : throw new InvalidOperationException();
    }

    private static PacketBuilder To(IPv6Address destination) => PacketBuilder.IPv6(Node.PodA, destination);
}
