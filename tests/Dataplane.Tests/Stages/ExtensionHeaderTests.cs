using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Xunit;
using Node = Dataplane.Testing.Packets.SampleNodeOf<Dataplane.Packets.IPv6Address>;

namespace Dataplane.Tests.Stages;

/// <summary>The chain of extension headers (RFC 8200, section 4): followed to the transport header, and given up where it is nobody's honest chain.</summary>
public sealed class ExtensionHeaderTests
{
    private readonly PathHarnessOf<IPv6Address> _path = new();

    public static TheoryData<string, int> Chains => new()
    {
        { "hop-by-hop", 8 }, { "long hop-by-hop", 2048 }, { "destination options", 24 }, { "routing", 24 }, { "authentication", 24 }, { "short authentication", 16 },
        { "atomic fragment", 8 }, { "all", 8 + 16 + 24 + 8 + 24 + 8 },
    };

    /// <summary>Those that fit the tunnel.</summary>
    public static IEnumerable<object[]> ShortChains => Chains.Where(row => (int)row[1] < 1000);

    [Theory]
    [MemberData(nameof(Chains))]
    public void FindsTheTransportHeaderBehindIt(string chain, int length)
    {
        var result = _path.FromPodA(With(chain, To(Node.WebService)).Tcp(40_000, 80, TcpHeader.Syn).Payload(20));
        PathAssert.Forwarded(Node.PodBPort, result);
        Assert.Equal(($"6 {Node.PodA}:40000 -> {Node.WebService}:80", 14 + 40 + length), (result.Info.Tuple.ToString(), result.Info.TransportOffset));
    }

    /// <summary>Addresses, ports and the transport checksum are translated; the chain itself stays.</summary>
    [Theory]
    [MemberData(nameof(Chains))]
    public void LeavesItAsItIs(string chain, int length)
    {
        foreach (bool partial in (bool[])[false, true])
        {
            PacketBuilder Packet(IPv6Address to, int port)
            {
                var packet = With(chain, To(to)).Udp(40_000, port).Payload(33);
                return partial ? packet.PartialChecksum() : packet;
            }
            var result = _path.FromPodA(Packet(Node.DnsService, 53));
            PathAssert.Forwarded(Node.PodBPort, result);
            PacketAssert.Equal(Packet(Node.PodB, 5353).TimeToLive(63).Ethernet(SampleNode.MacOf(Node.PodB), SampleNode.GatewayMac).Build(), result.Bytes);
            Assert.Equal(14 + 40 + length + 8 + 33, result.Bytes.Length);
        }
    }

    [Theory]
    [MemberData(nameof(ShortChains))]
    public void IsCarriedThroughTheTunnel(string chain, int length)
    {
        var sent = With(chain, PacketBuilder.IPv6(Node.RemotePod, Node.PodA)).Udp(40_000, 5000).Payload(33);
        PathAssert.Forwarded(Node.PodAPort, _path.FromOverlay(sent));
        Assert.Equal(40 + length + 8 + 33, PathAssert.Forwarded(Node.UplinkPort, _path.FromPodA(With(chain, To(Node.RemotePod)).Udp(5000, 40_000).Payload(33))).Inner!.IpLength);
    }

    /// <summary>The frame ends, or the packet's own length does, at each byte of the chain.</summary>
    [Theory]
    [MemberData(nameof(Chains))]
    public void IsRefusedWhereItIsCutShort(string chain, int length)
    {
        byte[] frame = With(chain, To(Node.PodB)).Udp(40_000, 53).Build();
        for (int end = 0; end < length; end++)
        {
            byte[] cut = frame[..(54 + end)];
            PathAssert.Dropped(DropReason.IpHeaderInvalid, _path.FromPod(Node.PodAPort, cut));
            (cut[18], cut[19]) = ((byte)(end >> 8), (byte)end);
            PathAssert.Dropped(DropReason.IpHeaderInvalid, _path.FromPod(Node.PodAPort, cut));
            // All of it is there, but behind the packet's end, where padding is.
            byte[] padded = [.. frame];
            (padded[18], padded[19]) = ((byte)(end >> 8), (byte)end);
            PathAssert.Dropped(DropReason.IpHeaderInvalid, _path.FromPod(Node.PodAPort, padded));
        }
    }

    [Theory]
    [InlineData(8, true)]
    [InlineData(9, false)]
    [InlineData(400, false)]
    public void IsRefusedWhereItHasTooManyHeaders(int count, bool carried)
    {
        var packet = To(Node.PodB);
        for (int i = 0; i < count; i++) packet = i % 2 == 0 ? packet.DestinationOptions() : packet.HopByHop();
        var result = _path.FromPodA(packet.Udp(40_000, 53));
        if (carried) PathAssert.Forwarded(Node.PodBPort, result);
        else PathAssert.Dropped(DropReason.IpHeaderInvalid, result);
    }

    [Theory]
    [InlineData(IPv6Packets.HopByHopType, 255)]
    [InlineData(IPv6Packets.DestinationOptionsType, 1)]
    [InlineData(IPv6Packets.RoutingType, 9)]
    [InlineData(IPv6Packets.AuthenticationType, 255)]
    public void IsRefusedWhereAHeaderIsLongerThanThePacket(byte type, byte length) => PathAssert.Dropped(
        DropReason.IpHeaderInvalid, _path.FromPodA(To(Node.PodB).Extension(type, [0, length, 0, 0, 0, 0, 0, 0]).Payload(6)));

    /// <summary>Policy would be asked about one destination, and the packet go on to another (RFC 5095 on type 0).</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(253)]
    public void IsRefusedWhereItRoutesOnBySource(byte type)
    {
        foreach (byte left in (byte[])[1, 255])
        {
            PathAssert.Dropped(DropReason.IpHeaderInvalid, _path.FromPodA(To(Node.PodB).Routing(left, type).Udp(40_000, 53)));
            PathAssert.Dropped(DropReason.IpHeaderInvalid, _path.FromPodA(To(Node.PodB).HopByHop().Routing(left, type).Udp(40_000, 53)));
            PathAssert.Dropped(DropReason.IpHeaderInvalid, _path.FromHost(PacketBuilder.IPv6(Node.Gateway, Node.PodB).Routing(left, type).Udp(40_000, 53)));
            PathAssert.Dropped(DropReason.IpHeaderInvalid, _path.FromOverlay(PacketBuilder.IPv6(Node.RemotePod, Node.PodB).Routing(left, type).Udp(40_000, 53)));
        }
        PathAssert.Forwarded(Node.PodBPort, _path.FromPodA(To(Node.PodB).Routing(0, type).Udp(40_000, 53)));
    }

    [Theory]
    [InlineData(IPv6Packets.NoNextHeader)]
    [InlineData(50)] // ESP: what is behind nobody can read
    [InlineData(135)]
    [InlineData(253)]
    public void EndsAtWhatIsNoHeaderOfIt(byte protocol)
    {
        var result = _path.FromPodA(To(Node.PodB).HopByHop().Protocol(protocol));
        PathAssert.Forwarded(Node.PodBPort, result);
        Assert.Equal($"{protocol} {Node.PodA}:0 -> {Node.PodB}:0", result.Info.Tuple.ToString());
    }

    /// <summary>Nobody gets past a policy by putting something before the header that it looks at.</summary>
    [Fact]
    public void HidesNothingFromPolicy()
    {
        foreach (string chain in Chains.Select(row => (string)row[0]))
        {
            PathAssert.Forwarded(Node.GuardedPort, _path.FromPodA(With(chain, To(Node.Guarded)).Tcp(40_000, 8080, TcpHeader.Syn)));
            PathAssert.Dropped(DropReason.PolicyDenied, TrafficDirection.Ingress, _path.FromPodA(With(chain, To(Node.Guarded)).Tcp(40_000, 8081, TcpHeader.Syn)));
        }
    }

    /// <summary>RFC 6946: a fragment header on a packet that is no fragment. It waits for no others and is judged, translated and cut as a whole.</summary>
    [Fact]
    public void AnAtomicFragmentIsAWholePacket()
    {
        _path.FromPodA(To(Node.RemotePod).Fragment(0, more: false).Tcp(40_000, 80, TcpHeader.Syn));
        var result = _path.FromPodA(To(Node.RemotePod).Fragment(0, more: false).Tcp(40_000, 80).Payload(4000).PartialChecksum());
        Assert.Equal((VerdictKind.Forward, SampleNode.PathMtu - 40 - 8 - 20), (result.Verdict.Kind, result.Info.SegmentSize));
        Assert.Equal(PacketFlags.None, result.Info.Flags & (PacketFlags.Fragment | PacketFlags.LaterFragment));
        var echo = _path.FromPodA(To(Node.PodB).Fragment(0, more: false).EchoRequest());
        Assert.Equal(7, echo.Info.Tuple.SourcePort.Value);
        // Nor does it lend its ports to a fragment of the same identification.
        PathAssert.Dropped(DropReason.FragmentFirstMissing, _path.FromPodA(To(Node.PodB).Protocol(IpProtocol.IcmpV6).Payload(8).Fragment(64, more: false)));
    }

    /// <summary>RFC 8200, section 4.5: options may stand behind the fragment header, and the later fragments name them instead of UDP.</summary>
    [Fact]
    public void LaterFragmentsNeedNotNameTheTransport()
    {
        var first = _path.FromPodA(To(Node.DnsService).Fragment(0, more: true).DestinationOptions().Udp(40_000, 53).UdpLength(200).Payload(40));
        Assert.Equal((VerdictKind.Forward, Node.PodBPort), (first.Verdict.Kind, first.Verdict.Port));
        var later = _path.FromPodA(To(Node.DnsService).Protocol(IPv6Packets.DestinationOptionsType).Payload(40).Fragment(56, more: false));
        Assert.Equal((VerdictKind.Forward, Node.PodBPort, Node.PodB), (later.Verdict.Kind, later.Verdict.Port, later.Packet.DestinationOf<IPv6Address>()));
        Assert.Equal(first.Info.Flow, later.Info.Flow);
    }

    /// <summary>A later fragment that claims another protocol would be judged by other rules, and put together with its first all the same.</summary>
    [Fact]
    public void LaterFragmentsAreJudgedAsTheirFirst()
    {
        var node = new Node();
        node.Policies[SampleNode.GuardPolicy] = new(true, [new(SampleNode.PodAIdentity, 253, 0, 0)], true, []);
        var path = new PathHarnessOf<IPv6Address>(node.Build());
        PathAssert.Dropped(DropReason.PolicyDenied, path.FromPodA(To(Node.Guarded).Fragment(0, more: true).Udp(40_000, 53).UdpLength(200).Payload(40)));
        PathAssert.Dropped(DropReason.PolicyDenied, path.FromPodA(To(Node.Guarded).Protocol(253).Payload(40).Fragment(48, more: false)));
    }

    /// <summary>The first fragment holds all headers (RFC 7112), or nobody could judge it.</summary>
    [Fact]
    public void IsRefusedWhereTheFirstFragmentEndsBeforeIt()
    {
        PathAssert.Dropped(DropReason.IpHeaderInvalid, _path.FromPodA(To(Node.PodB).Fragment(0, more: true).Extension(IPv6Packets.DestinationOptionsType, [0, 4, 0, 0, 0, 0, 0, 0])));
        PathAssert.Dropped(DropReason.TcpHeaderInvalid, _path.FromPodA(To(Node.PodB).Fragment(0, more: true).Protocol(IpProtocol.Tcp).Payload(16)));
        PathAssert.Dropped(DropReason.UdpHeaderInvalid, _path.FromPodA(To(Node.PodB).Fragment(0, more: true).Protocol(IpProtocol.Udp)));
    }

    /// <summary>Chains made at random, most of them broken, against a reading of the standard that is as plain as can be.</summary>
    [Fact]
    public void IsReadAsThePlainReadingDoes()
    {
        var random = new Random(1);
        byte[] types = [0, 43, 44, 51, 60, 6, 17, 58, 59, 253];
        int valid = 0, later = 0;
        for (int i = 0; i < 200_000; i++)
        {
            byte[] ip = new byte[40 + random.Next(120)];
            random.NextBytes(ip);
            (ip[0], ip[6]) = (0x60, types[random.Next(types.Length)]);
            int payload = random.Next(4) == 0 ? random.Next(130) : ip.Length - 40;
            (ip[4], ip[5]) = (0, (byte)payload);
            // Wherever a header may start it names a header and is short, so that chains get somewhere.
            for (int at = 40; at + 4 <= ip.Length; at += 8)
            {
                ip[at] = types[random.Next(random.Next(3) == 0 ? types.Length : 5)];
                ip[at + 1] = (byte)random.Next(3);
                if (random.Next(2) == 0) (ip[at + 2], ip[at + 3]) = (0, 0);
            }
            bool expected = Read(ip, ip[6], 40, 0, 40 + payload, out byte protocol, out int length, out bool isLater);
            bool actual = IPv6HeaderCodec.TryParse(ip, out var fields);
            Assert.True(expected == actual, Convert.ToHexString(ip));
            if (!actual) continue;
            valid++;
            if (isLater) later++;
            Assert.Equal((protocol, length, isLater, 40 + payload), (fields.Protocol, fields.HeaderLength, (fields.Flags & PacketFlags.LaterFragment) != 0, fields.TotalLength));
        }
        Assert.True(valid > 40_000 && later > 4_000, $"{valid} chains were right, {later} those of later fragments");

        static bool Read(byte[] ip, byte type, int at, int headers, int total, out byte protocol, out int length, out bool later)
        {
            (protocol, length, later) = (type, at, false);
            if (type is not (0 or 43 or 44 or 51 or 60)) return at <= total;
            if (headers == 8 || at + 8 > ip.Length) return false;
            int own = type == 44 ? 8 : type == 51 ? 8 + 4 * ip[at + 1] : 8 + 8 * ip[at + 1];
            if (at + own > ip.Length || type == 43 && ip[at + 3] > 0) return false;
            if (type == 44 && (ip[at + 2] > 0 || ip[at + 3] > 7))
            {
                (protocol, length, later) = (ip[at], at + 8, true);
                return length <= total;
            }
            return Read(ip, ip[at], at + own, headers + 1, total, out protocol, out length, out later);
        }
    }

    private static PacketBuilder To(IPv6Address destination) => PacketBuilder.IPv6(Node.PodA, destination);

    private static PacketBuilder With(string chain, PacketBuilder packet) => chain switch
    {
        "hop-by-hop" => packet.HopByHop(),
        "long hop-by-hop" => packet.HopByHop(2048),
        "destination options" => packet.DestinationOptions(24),
        "routing" => packet.Routing(segmentsLeft: 0),
        "authentication" => packet.Authentication(),
        "short authentication" => packet.Authentication(16),
        "atomic fragment" => packet.Fragment(0, more: false),
        "all" => packet.HopByHop().DestinationOptions(16).Routing(segmentsLeft: 0).Fragment(0, more: false).Authentication().DestinationOptions(),
        _ => throw new ArgumentException(chain),
    };
}
