using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>
/// Every length that a header can be cut to, from each side: the packet dies for the reason of the header that is not all there, and
/// nothing is read or written outside it.
/// </summary>
public abstract class TruncationTests<TAddress> : FamilyTests<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private static readonly PacketOrigin[] Origins = [PacketOrigin.Pod, PacketOrigin.Host, PacketOrigin.Overlay];
    private readonly PathHarnessOf<TAddress> _path = new();

    public static TheoryData<string, PacketOrigin> Packets()
    {
        var data = new TheoryData<string, PacketOrigin>();
        foreach (string name in new[] { "tcp", "tcp options", "ip options", "udp", "icmp", "icmp error", "sctp", "other", "fragment" })
        {
            foreach (var origin in Origins) data.Add(name, origin);
        }
        return data;
    }

    /// <summary>The frame ends early, and its headers do not know.</summary>
    [Theory]
    [MemberData(nameof(Packets))]
    public void DropsFramesThatAreShorterThanTheirPacket(string name, PacketOrigin origin)
    {
        byte[] frame = Packet(name, origin).Build();
        for (int length = 0; length < frame.Length; length++)
        {
            var expected = length < EthernetHeader.Size ? DropReason.EthernetTruncated : DropReason.IpHeaderInvalid;
            PathAssert.Dropped(expected, Send(frame[..length], origin));
        }
    }

    /// <summary>The packet ends early, and its IP header says so.</summary>
    [Theory]
    [MemberData(nameof(Packets))]
    public void DropsPacketsThatAreShorterThanTheirHeaders(string name, PacketOrigin origin)
    {
        byte[] frame = Packet(name, origin).Build();
        int transport = EthernetHeader.Size + new DecodedPacket(frame).IpHeaderLength;
        var (size, reason) = name switch
        {
            "tcp" or "ip options" => (TcpHeader.Size, DropReason.TcpHeaderInvalid),
            "tcp options" => (TcpHeader.Size + 12, DropReason.TcpHeaderInvalid),
            "udp" => (frame.Length - transport, DropReason.UdpHeaderInvalid), // its length says how much there must be
            "icmp" or "icmp error" => (IcmpHeader.Size, DropReason.IcmpHeaderInvalid),
            "sctp" => (SctpHeader.Size, DropReason.SctpHeaderInvalid),
            _ => (0, DropReason.None),
        };
        for (int length = EthernetHeader.Size; length < frame.Length; length++)
        {
            byte[] cut = frame[..length];
            int at = Either(16, 18), value = IsV6 ? Math.Max(0, length - Headers) : length - 14; // IPv6 counts from behind its header
            if (length >= at + 2) (cut[at], cut[at + 1]) = ((byte)(value >> 8), (byte)value);
            var result = Send(cut, origin);
            if (length < transport) PathAssert.Dropped(DropReason.IpHeaderInvalid, result);
            else if (length < transport + size) PathAssert.Dropped(reason, result);
            else if (name == "icmp error") PathAssert.Dropped(DropReason.IcmpErrorUnrelated, result); // quotes a flow that is not known
            else if (name == "fragment") PathAssert.Dropped(DropReason.FragmentFirstMissing, result);
            else Assert.Equal(VerdictKind.Forward, result.Verdict.Kind);
        }
    }

    /// <summary>The error is about a flow that exists, and quotes less and less of it.</summary>
    [Theory]
    [InlineData(IpProtocol.Tcp)]
    [InlineData(IpProtocol.Udp)]
    [InlineData(IpProtocol.Icmp)]
    [InlineData(IpProtocol.Sctp)]
    public void DropsErrorsThatQuoteTooLittle(byte protocol)
    {
        var forth = Ip(PodA, PodB);
        forth = protocol switch
        {
            IpProtocol.Tcp => forth.Tcp(40_000, 80, TcpHeader.Syn),
            IpProtocol.Udp => forth.Udp(40_000, 80),
            IpProtocol.Sctp => forth.Sctp(40_000, 80),
            _ => forth.EchoRequest(),
        };
        byte[] quote = forth.Payload(16).BuildIp();
        PathAssert.Forwarded(PodBPort, _path.FromPodA(forth));
        for (int length = 0; length <= quote.Length; length++)
        {
            var result = _path.FromPodB(Ip(PodB, PodA).Error(IcmpError.PortUnreachable).Payload(quote.AsSpan(0, length)));
            if (length < IpHeader + 8) PathAssert.Dropped(DropReason.IcmpErrorUnrelated, result);
            else PathAssert.Forwarded(PodAPort, result);
        }
    }

    [Fact]
    public void DropsTunnelledFramesWhoseOuterHeadersAreCutShort()
    {
        byte[] frame = Ip(RemotePod, PodA).Udp(40_000, 80).Payload(20).InVxlan().Build();
        for (int length = 0; length < frame.Length; length++)
        {
            // What is too short to be told for a tunnelled frame is a short IP packet.
            var expected = length < EthernetHeader.Size ? DropReason.EthernetTruncated
                : length < EthernetHeader.Size + IPv4Header.Size + UdpHeader.Size ? DropReason.IpHeaderInvalid : DropReason.VxlanHeaderInvalid;
            PathAssert.Dropped(expected, _path.FromOverlay(frame[..length]));
        }
        PathAssert.Forwarded(PodAPort, _path.FromOverlay(frame));
    }

    /// <summary>Outer lengths that agree with each other and with the frame, but leave too little for VXLAN.</summary>
    [Fact]
    public void DropsTunnelledPacketsThatAreTooShortForTheirHeaders()
    {
        const int Needed = UdpHeader.Size + VxlanHeader.Size;
        for (int length = 0; length < Needed; length++)
        {
            byte[] frame = PacketBuilder.IPv4(SampleNode.RemoteNode, SampleNode.NodeAddress).Udp(51_000, SampleNode.VxlanPort).NoChecksum().Payload(new byte[Needed]).Build();
            frame = frame[..(34 + length)];
            (frame[16], frame[17]) = (0, (byte)(IPv4Header.Size + length));
            if (length >= 6) (frame[38], frame[39]) = (0, (byte)length);
            PathAssert.Dropped(length < UdpHeader.Size ? DropReason.UdpHeaderInvalid : DropReason.VxlanHeaderInvalid, _path.FromOverlay(frame));
        }
    }

    [Fact]
    public void DropsTunnelledFramesThatAreCutShortInside()
    {
        var builder = Ip(RemotePod, PodA).Tcp(40_000, 80, TcpHeader.Syn, options: 12).Payload(20);
        byte[] inner = builder.Build();
        for (int length = 0; length < inner.Length; length++)
        {
            byte[] frame = PacketBuilder.IPv4(SampleNode.RemoteNode, SampleNode.NodeAddress).Udp(51_000, SampleNode.VxlanPort).NoChecksum()
                .Payload([VxlanHeader.VniFlag, 0, 0, 0, 0, 0, 1, 0, .. inner.AsSpan(0, length)]).Build();
            PathAssert.Dropped(length < EthernetHeader.Size ? DropReason.EthernetTruncated : DropReason.IpHeaderInvalid, _path.FromOverlay(frame));
        }
    }

    private static PacketBuilder Packet(string name, PacketOrigin origin)
    {
        var from = origin switch { PacketOrigin.Pod => PodA, PacketOrigin.Host => Gateway, _ => RemotePod };
        var packet = Ip(from, PodB);
        return name switch
        {
            "tcp" => packet.Tcp(40_000, 80, TcpHeader.Syn).Payload(8),
            "tcp options" => packet.Tcp(40_000, 80, TcpHeader.Syn, options: 12).Payload(8),
            "ip options" => packet.IpOptions(16).Tcp(40_000, 80, TcpHeader.Syn).Payload(8),
            "udp" => packet.Udp(40_000, 80).Payload(8),
            "icmp" => packet.EchoRequest().Payload(8),
            "icmp error" => packet.Error(IcmpError.HostUnreachable).Payload(Ip(PodB, from).Udp(99, 98).Payload(8).BuildIp()),
            "sctp" => packet.Sctp(40_000, 80).Payload(8),
            "fragment" => packet.Fragment(1480, more: false).Protocol(IpProtocol.Udp).Payload(8),
            _ => packet.Protocol(253).Payload(8),
        };
    }

    private PathResult<TAddress> Send(byte[] frame, PacketOrigin origin) => origin switch
    {
        PacketOrigin.Pod => _path.FromPod(PodAPort, frame),
        PacketOrigin.Host => _path.FromHost(frame),
        _ => _path.FromOverlay(PacketBuilder.IPv4(SampleNode.RemoteNode, SampleNode.NodeAddress).Udp(51_000, SampleNode.VxlanPort).NoChecksum()
            .Payload([VxlanHeader.VniFlag, 0, 0, 0, 0, 0, 1, 0, .. frame]).Build()),
    };
}
