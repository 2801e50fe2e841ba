using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>
/// Every length that a header can be cut to, from each side: the packet dies for the reason of the header that is not all there, and
/// nothing is read or written outside it.
/// </summary>
public sealed class TruncationTests
{
    private static readonly PacketOrigin[] Origins = [PacketOrigin.Pod, PacketOrigin.Host, PacketOrigin.Overlay];
    private readonly PathHarness _path = new();

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
        int ipLength = (frame[14] & 0xf) * 4;
        int transport = EthernetHeader.Size + ipLength;
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
            if (length >= 18) (cut[16], cut[17]) = ((byte)(length - 14 >> 8), (byte)(length - 14));
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
        var forth = PacketBuilder.IPv4(SampleNode.PodA, SampleNode.PodB);
        forth = protocol switch
        {
            IpProtocol.Tcp => forth.Tcp(40_000, 80, TcpHeader.Syn),
            IpProtocol.Udp => forth.Udp(40_000, 80),
            IpProtocol.Sctp => forth.Sctp(40_000, 80),
            _ => forth.Icmp(IcmpHeader.EchoRequest, 0, 0x0007_0001),
        };
        byte[] quote = forth.Payload(16).BuildIp();
        PathAssert.Forwarded(SampleNode.PodBPort, _path.FromPodA(forth));
        for (int length = 0; length <= quote.Length; length++)
        {
            var result = _path.FromPodB(PacketBuilder.IPv4(SampleNode.PodB, SampleNode.PodA).Icmp(IcmpHeader.DestinationUnreachable, 3).Payload(quote.AsSpan(0, length)));
            if (length < IPv4Header.Size + 8) PathAssert.Dropped(DropReason.IcmpErrorUnrelated, result);
            else PathAssert.Forwarded(SampleNode.PodAPort, result);
        }
    }

    [Theory]
    [InlineData(PacketOrigin.Pod)]
    [InlineData(PacketOrigin.Host)]
    public void DropsArpThatIsCutShort(PacketOrigin origin)
    {
        byte[] frame = PacketBuilder.Arp(ArpHeader.Request, SampleNode.HostMac, SampleNode.PodA, SampleNode.Gateway).Build();
        for (int length = 0; length < frame.Length; length++)
            PathAssert.Dropped(length < EthernetHeader.Size ? DropReason.EthernetTruncated : DropReason.ArpInvalid, Send(frame[..length], origin));
        PathAssert.Replied(origin == PacketOrigin.Pod ? SampleNode.PodAPort : SampleNode.HostPort, Send(frame, origin));
    }

    [Fact]
    public void DropsTunnelledFramesWhoseOuterHeadersAreCutShort()
    {
        byte[] frame = PacketBuilder.IPv4(SampleNode.RemotePod, SampleNode.PodA).Udp(40_000, 80).Payload(20).InVxlan().Build();
        for (int length = 0; length < frame.Length; length++)
        {
            // What is too short to be told for a tunnelled frame is a short IP packet.
            var expected = length < EthernetHeader.Size ? DropReason.EthernetTruncated
                : length < EthernetHeader.Size + IPv4Header.Size + UdpHeader.Size ? DropReason.IpHeaderInvalid : DropReason.VxlanHeaderInvalid;
            PathAssert.Dropped(expected, _path.FromOverlay(frame[..length]));
        }
        PathAssert.Forwarded(SampleNode.PodAPort, _path.FromOverlay(frame));
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
        var builder = PacketBuilder.IPv4(SampleNode.RemotePod, SampleNode.PodA).Tcp(40_000, 80, TcpHeader.Syn, options: 12).Payload(20);
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
        var from = origin switch { PacketOrigin.Pod => SampleNode.PodA, PacketOrigin.Host => SampleNode.Gateway, _ => SampleNode.RemotePod };
        var packet = PacketBuilder.IPv4(from, SampleNode.PodB);
        return name switch
        {
            "tcp" => packet.Tcp(40_000, 80, TcpHeader.Syn).Payload(8),
            "tcp options" => packet.Tcp(40_000, 80, TcpHeader.Syn, options: 12).Payload(8),
            "ip options" => packet.IpOptions(16).Tcp(40_000, 80, TcpHeader.Syn).Payload(8),
            "udp" => packet.Udp(40_000, 80).Payload(8),
            "icmp" => packet.Icmp(IcmpHeader.EchoRequest, 0, 0x0007_0001).Payload(8),
            "icmp error" => packet.Icmp(IcmpHeader.DestinationUnreachable, 1).Payload(PacketBuilder.IPv4(SampleNode.PodB, from).Udp(99, 98).Payload(8).BuildIp()),
            "sctp" => packet.Sctp(40_000, 80).Payload(8),
            "fragment" => packet.Fragment(1480, more: false).Protocol(IpProtocol.Udp).Payload(8),
            _ => packet.Protocol(253).Payload(8),
        };
    }

    private PathResult Send(byte[] frame, PacketOrigin origin) => origin switch
    {
        PacketOrigin.Pod => _path.FromPod(SampleNode.PodAPort, frame),
        PacketOrigin.Host => _path.FromHost(frame),
        _ => _path.FromOverlay(PacketBuilder.IPv4(SampleNode.RemoteNode, SampleNode.NodeAddress).Udp(51_000, SampleNode.VxlanPort).NoChecksum()
            .Payload([VxlanHeader.VniFlag, 0, 0, 0, 0, 0, 1, 0, .. frame]).Build()),
    };
}
