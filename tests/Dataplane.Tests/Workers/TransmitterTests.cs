using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Dataplane.Workers;
using Xdp.Interop;
using Xunit;

namespace Dataplane.Tests.Workers;

/// <summary>What leaves a worker: frames as the path made them, checksums asked for or completed, and no frame lost when it cannot leave.</summary>
public abstract class TransmitterTests<TAddress> : FamilyTests<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private const int OneFrame = 3786; // bytes of TCP payload that fill one frame, behind headers of IPv4
    private readonly PathHarnessOf<TAddress> _path = new();

    protected TransmitterTests() => _path.FromPodA(ToPodB(TcpHeader.Syn));

    [Theory]
    [InlineData(0)]
    [InlineData(OneFrame)]
    [InlineData(OneFrame + 1)]
    [InlineData(60_000)]
    public void SendsAPacketInTheFramesItCameIn(int payload)
    {
        using var bed = new TransmitterBed();
        byte[] sent = ToPodB().Payload(payload == 0 ? 0 : payload - Either(0, 20)).PartialChecksum().Build();
        var result = _path.FromPod(PodAPort, sent);
        Assert.Equal(DropReason.None, bed.Send(_path, sent));
        PacketAssert.Equal(result.Bytes, Assert.Single(bed.Sent(out var options)));
        Assert.Equal(XdpDescriptor.TxMetadata, options[0] & XdpDescriptor.TxMetadata);
        Assert.True(bed.NoFrameIsLost);
    }

    [Fact]
    public void AsksForNothingWhereTheChecksumIsComplete()
    {
        using var bed = new TransmitterBed();
        byte[] sent = ToPodB().Payload(100).Build();
        _path.FromPod(PodAPort, sent);
        bed.Send(_path, sent);
        bed.Sent(out var options);
        Assert.Equal(0u, Assert.Single(options));
    }

    [Theory]
    [InlineData(IpProtocol.Tcp, 0)]
    [InlineData(IpProtocol.Tcp, 101)]
    [InlineData(IpProtocol.Tcp, 20_001)]
    [InlineData(IpProtocol.Udp, 0)]
    [InlineData(IpProtocol.Udp, 101)]
    [InlineData(IpProtocol.Udp, 20_001)]
    public void CompletesChecksumsWhereTheKernelCannot(byte protocol, int payload)
    {
        using var bed = new TransmitterBed(txMetadata: false);
        var packet = protocol == IpProtocol.Tcp ? ToPodB() : Ip(PodA, PodB).Udp(40_000, 80);
        byte[] sent = packet.Payload(payload).PartialChecksum().Build();
        _path.FromPod(PodAPort, sent);
        Assert.Equal(DropReason.None, bed.Send(_path, sent));
        Assert.Equal(ChecksumKind.Complete, new DecodedPacket(Assert.Single(bed.Sent(out var options))).Checksum);
        Assert.Equal(0u, options[0] & XdpDescriptor.TxMetadata);
    }

    /// <summary>An answer to a super-packet is short, and the frames behind its first are free again.</summary>
    [Fact]
    public void FreesFramesThatAReplyDoesNotNeed()
    {
        using var bed = new TransmitterBed();
        byte[] sent = Ip(PodA, EmptyService).Tcp(40_000, 80, TcpHeader.Syn).Payload(30_000).Build();
        PathAssert.Replied(PodAPort, _path.FromPod(PodAPort, sent));
        Assert.Equal(DropReason.None, bed.Send(_path, sent));
        Assert.Equal(Family<TAddress>.LargestError + 14, Assert.Single(bed.Sent()).Length);
        Assert.True(bed.NoFrameIsLost);
    }

    [Fact]
    public void DropsWhatIsForAPortThatIsGone()
    {
        using var bed = new TransmitterBed();
        Assert.True(bed.Pool.TryTake(out ulong address));
        var info = _path.Info;
        Assert.Equal(DropReason.PortGone, bed.Transmitter.Send(null, [new XdpDescriptor(address, 60)], ref info));
        Assert.True(bed.NoFrameIsLost);
    }

    [Fact]
    public void DropsPacketsOfMoreFramesThanTheKernelTakes()
    {
        using var bed = new TransmitterBed();
        byte[] sent = ToPodB().Payload(65_000).Build();
        _path.FromPod(PodAPort, sent);
        _path.Info.TotalLength = sent.Length + 2 * PathHarness.FrameLength; // 19 frames
        Assert.Equal(DropReason.FrameTooLarge, bed.Send(_path, [.. sent, .. new byte[2 * PathHarness.FrameLength]]));
        Assert.True(bed.NoFrameIsLost);
    }

    [Fact]
    public void DropsPacketsOfSeveralFramesForAPortThatTakesOne()
    {
        using var bed = new TransmitterBed(multiBuffer: false);
        byte[] sent = ToPodB().Payload(4000).Build();
        _path.FromPod(PodAPort, sent);
        Assert.Equal(DropReason.FrameTooLarge, bed.Send(_path, sent));
        Assert.True(bed.NoFrameIsLost);
    }

    [Fact]
    public void DropsWhatTheOtherWorkerHasNoRoomFor()
    {
        using var bed = new TransmitterBed(ring: 4);
        byte[] sent = ToPodB().Build();
        _path.FromPod(PodAPort, sent);
        for (int i = 0; i < 4; i++) Assert.Equal(DropReason.None, bed.Send(_path, sent));
        Assert.Equal(DropReason.HandoffRingFull, bed.Send(_path, sent));
        Assert.True(bed.NoFrameIsLost);
        Assert.Equal(4, bed.Sent().Count);
        Assert.Equal(2ul, bed.Transmitter.HandedOver); // worker 1 is to be woken
    }

    [Fact]
    public void DropsTheRestOfASuperPacketWhenFramesRunOut()
    {
        using var bed = new TransmitterBed(frames: 12);
        _path.FromPodA(Ip(PodA, RemotePod).Tcp(40_000, 80, TcpHeader.Syn));
        byte[] sent = Ip(PodA, RemotePod).Tcp(40_000, 80).Payload(20_000).Build();
        _path.FromPod(PodAPort, sent);
        Assert.Equal(DropReason.FramesExhausted, bed.Send(_path, sent));
        Assert.Equal(6, bed.Sent().Count); // of 15; six frames held the packet itself
        Assert.True(bed.NoFrameIsLost);
    }

    private static PacketBuilder ToPodB(int flags = TcpHeader.Ack) => Ip(PodA, PodB).Tcp(40_000, 80, flags);
}
