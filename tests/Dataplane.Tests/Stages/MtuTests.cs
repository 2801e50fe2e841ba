using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>The MTU of the way through the tunnel: TCP is cut, others are told, and between pods of a node there is none.</summary>
public abstract class MtuTests<TAddress> : FamilyTests<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private static readonly int UdpPayload = SampleNode.PathMtu - IpHeader - UdpHeader.Size;
    private static readonly int TcpPayload = SampleNode.PathMtu - IpHeader - TcpHeader.Size;
    private readonly PathHarnessOf<TAddress> _path = new();

    [Fact]
    public void SendsWhatJustFits() => PathAssert.Forwarded(UplinkPort, _path.FromPodA(Udp().Payload(UdpPayload).DontFragment()));

    [Fact]
    public void TellsTheSenderWhatWouldFit()
    {
        byte[] sent = Udp().Payload(UdpPayload + 1).DontFragment().Build();
        var result = _path.FromPod(PodAPort, sent);
        var packet = PathAssert.Replied(PodAPort, result);
        Assert.Equal(DropReason.FragmentationNeeded, result.Info.ReplyReason);
        byte[] expected = Ip(Gateway, PodA).Ethernet(MacOf(PodA), SampleNode.GatewayMac)
            .Identification(packet.Identification).Error(IcmpError.PacketTooBig, SampleNode.PathMtu)
            .Payload(sent.AsSpan(14, Family<TAddress>.LargestError - IpHeader - IcmpHeader.Size)).Build();
        PacketAssert.Equal(expected, result.Bytes);
    }

    /// <summary>A ClusterIP's client must be told about what it sent, not about the backend (K31).</summary>
    [Fact]
    public void QuotesThePacketAsItWasSent()
    {
        byte[] sent = Ip(PodA, RemoteService).Udp(40_000, 80).Payload(UdpPayload + 1).DontFragment().Build();
        var packet = PathAssert.Replied(PodAPort, _path.FromPod(PodAPort, sent));
        PacketAssert.Equal(sent.AsSpan(14, Family<TAddress>.LargestError - IpHeader - IcmpHeader.Size), packet.Payload);
    }

    [Fact]
    public void DoesNotCutFragmentsOfTcp() => PathAssert.Replied(
        PodAPort, _path.FromPodA(Tcp(TcpHeader.Syn).Payload(TcpPayload + 8).DontFragment().Fragment(0, more: true)));

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
        PathAssert.Forwarded(UplinkPort, result);
    }

    [Fact]
    public void PassesSuperPacketsWholeBetweenPodsOfANode()
    {
        _path.FromPodA(Ip(PodA, PodB).Tcp(40_000, 80, TcpHeader.Syn));
        byte[] sent = Ip(PodA, PodB).Tcp(40_000, 80).Payload(60_000).PartialChecksum().Build();
        var result = _path.FromPod(PodAPort, sent);
        Assert.Equal((0, PathHarness.FrameLength, sent.Length), (result.Info.SegmentSize, result.Info.HeadLength, result.Info.TotalLength));
        Assert.Equal(ChecksumKind.Partial, PathAssert.Forwarded(PodBPort, result).Checksum);
    }

    [Fact]
    public void PassesSuperPacketsWholeToTheHost()
    {
        _path.FromPodA(Ip(PodA, World).Tcp(40_000, 80, TcpHeader.Syn));
        PathAssert.Forwarded(HostPort, _path.FromPodA(Ip(PodA, World).Tcp(40_000, 80).Payload(60_000).PartialChecksum()));
    }

    [Fact]
    public void DropsWhatNoPayloadWouldFit() => PathAssert.Dropped(
        DropReason.FragmentationNeeded, new PathHarnessOf<TAddress>(new SampleNodeOf<TAddress> { Mtu = 40 }.Build()).FromPodA(Tcp(TcpHeader.Syn).Payload(1)));

    private static PacketBuilder Udp() => Ip(PodA, RemotePod).Udp(40_000, 5000);

    private static PacketBuilder Tcp(int flags, int options = 0) => Ip(PodA, RemotePod).Tcp(40_000, 80, flags, options: options);
}
