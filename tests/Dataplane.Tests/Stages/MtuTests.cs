using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>The MTU of the way through the tunnel: TCP is cut, others are told, and between pods of a node there is none.</summary>
public sealed class MtuTests
{
    private const int UdpPayload = SampleNode.PathMtu - IPv4Header.Size - UdpHeader.Size;
    private const int TcpPayload = SampleNode.PathMtu - IPv4Header.Size - TcpHeader.Size;
    private readonly PathHarness _path = new();

    [Fact]
    public void SendsWhatJustFits() => PathAssert.Forwarded(SampleNode.UplinkPort, _path.FromPodA(Udp().Payload(UdpPayload).DontFragment()));

    [Fact]
    public void TellsTheSenderWhatWouldFit()
    {
        byte[] sent = Udp().Payload(UdpPayload + 1).DontFragment().Build();
        var result = _path.FromPod(SampleNode.PodAPort, sent);
        var packet = PathAssert.Replied(SampleNode.PodAPort, result);
        Assert.Equal(DropReason.FragmentationNeeded, result.Info.ReplyReason);
        byte[] expected = PacketBuilder.IPv4(SampleNode.Gateway, SampleNode.PodA).Ethernet(SampleNode.MacOf(SampleNode.PodA), SampleNode.GatewayMac)
            .Identification(packet.Identification).Icmp(IcmpHeader.DestinationUnreachable, IcmpHeader.FragmentationNeeded, SampleNode.PathMtu)
            .Payload(sent.AsSpan(14, 576 - 28)).Build();
        PacketAssert.Equal(expected, result.Bytes);
    }

    /// <summary>A ClusterIP's client must be told about what it sent, not about the backend (K31).</summary>
    [Fact]
    public void QuotesThePacketAsItWasSent()
    {
        byte[] sent = PacketBuilder.IPv4(SampleNode.PodA, SampleNode.RemoteService).Udp(40_000, 80).Payload(UdpPayload + 1).DontFragment().Build();
        var packet = PathAssert.Replied(SampleNode.PodAPort, _path.FromPod(SampleNode.PodAPort, sent));
        PacketAssert.Equal(sent.AsSpan(14, 576 - 28), packet.Payload);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(12)]
    public void HasTcpCutToWhatFits(int options)
    {
        _path.FromPodA(Tcp(TcpHeader.Syn));
        var result = _path.FromPodA(Tcp(TcpHeader.Ack, options).Payload(TcpPayload - options + 1));
        Assert.Equal((VerdictKind.Forward, TcpPayload - options), (result.Verdict.Kind, result.Info.SegmentSize));
        result = _path.FromPodA(Tcp(TcpHeader.Ack, options).Payload(TcpPayload - options));
        Assert.Equal(0, result.Info.SegmentSize);
        PathAssert.Forwarded(SampleNode.UplinkPort, result);
    }

    [Fact]
    public void PassesSuperPacketsWholeBetweenPodsOfANode()
    {
        _path.FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.PodB).Tcp(40_000, 80, TcpHeader.Syn));
        byte[] sent = PacketBuilder.IPv4(SampleNode.PodA, SampleNode.PodB).Tcp(40_000, 80).Payload(60_000).PartialChecksum().Build();
        var result = _path.FromPod(SampleNode.PodAPort, sent);
        Assert.Equal((0, PathHarness.FrameLength, sent.Length), (result.Info.SegmentSize, result.Info.HeadLength, result.Info.TotalLength));
        Assert.Equal(ChecksumKind.Partial, PathAssert.Forwarded(SampleNode.PodBPort, result).Checksum);
    }

    [Fact]
    public void PassesSuperPacketsWholeToTheHost()
    {
        _path.FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.World).Tcp(40_000, 80, TcpHeader.Syn));
        PathAssert.Forwarded(SampleNode.HostPort, _path.FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.World).Tcp(40_000, 80).Payload(60_000).PartialChecksum()));
    }

    [Fact]
    public void DropsWhatNoFragmentWouldFit() => PathAssert.Dropped(
        DropReason.FragmentationNeeded, new PathHarness(new SampleNode { Mtu = IPv4Header.Size + 7 }.Build()).FromPodA(Udp().Payload(1)));

    [Fact]
    public void DropsWhatNoPayloadWouldFit() => PathAssert.Dropped(
        DropReason.FragmentationNeeded, new PathHarness(new SampleNode { Mtu = 40 }.Build()).FromPodA(Tcp(TcpHeader.Syn).Payload(1)));

    private static PacketBuilder Udp() => PacketBuilder.IPv4(SampleNode.PodA, SampleNode.RemotePod).Udp(40_000, 5000);

    private static PacketBuilder Tcp(int flags, int options = 0) => PacketBuilder.IPv4(SampleNode.PodA, SampleNode.RemotePod).Tcp(40_000, 80, flags, options: options);
}
