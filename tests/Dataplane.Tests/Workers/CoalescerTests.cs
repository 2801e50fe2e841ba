using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Dataplane.Workers;
using Xdp.Interop;
using Xunit;

namespace Dataplane.Tests.Workers;

/// <summary>Segments out of the tunnel that follow each other leave as one packet, and nothing else does.</summary>
public abstract class CoalescerTests<TAddress> : FamilyTests<TAddress>, IDisposable
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private const int Size = 1000;
    private readonly PathHarnessOf<TAddress> _path = new();
    private readonly TransmitterBed _bed = new();
    private readonly Coalescer<TAddress> _coalescer;

    protected CoalescerTests()
    {
        _coalescer = new Coalescer<TAddress>(_bed.Transmitter, _bed.Umem, _bed.Counters);
        Open(40_000);
    }

    /// <summary>Changes to a segment that make it another's: one that the first cannot be continued by.</summary>
    public static TheoryData<string> Differences
    {
        get
        {
            var data = new TheoryData<string>
            {
                "gap", "overlap", "acknowledgment", "window", "tcp options", "other tcp options", "type of service", "ttl", "fin", "urgent flag", "no payload", "wrong checksum", "ip options",
            };
            if (IsV6)
                foreach (string own in new[] { "flow label", "atomic fragment", "another extension header" }) data.Add(own);
            return data;
        }
    }

    public void Dispose()
    {
        _bed.Dispose();
        GC.SuppressFinalize(this);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(18)]
    public void MergesSegmentsThatFollowEachOther(int count)
    {
        for (int i = 0; i < count; i++) Offer(Part(i, last: i == count - 1));
        Assert.Empty(_bed.Sent());
        _coalescer.Flush();
        byte[] merged = Assert.Single(_bed.Sent(out var options));
        byte[] expected = Delivered(Segment(0, TcpHeader.Ack | TcpHeader.Psh).Payload(Payload(0, count * Size)).PartialChecksum(), PodA);
        PacketAssert.Equal(expected, merged);
        Assert.Equal(XdpDescriptor.TxMetadata, options[0] & XdpDescriptor.TxMetadata);
        Assert.Equal((1ul, (ulong)count), (_bed.Counters.CoalescedPackets, _bed.Counters.CoalescedSegments));
        Assert.True(_bed.NoFrameIsLost);
    }

    [Fact]
    public void LeavesASegmentThatIsAloneAsItIs()
    {
        Offer(Part(0, last: false));
        _coalescer.Flush();
        PacketAssert.Equal(Delivered(Part(0, last: false), PodA), Assert.Single(_bed.Sent()));
    }

    [Theory]
    [MemberData(nameof(Differences))]
    public void LeavesSegmentsThatDifferApart(string difference)
    {
        var (first, second) = (Part(0, last: false), Different(difference));
        byte[][] expected = [Delivered(Part(0, last: false), PodA), Delivered(Different(difference), PodA)];
        if (difference == "ttl") expected[1] = Different(difference).Ethernet(MacOf(PodA), SampleNode.GatewayMac).TimeToLive(99).Build();
        Offer(first);
        Offer(second);
        _coalescer.Flush();
        var sent = _bed.Sent();
        Assert.Equal(2, sent.Count);
        for (int i = 0; i < 2; i++) PacketAssert.Equal(expected[i], sent[i]);
        Assert.Equal(0ul, _bed.Counters.CoalescedPackets);
        Assert.True(_bed.NoFrameIsLost);
    }

    [Fact]
    public void MergesBehindTheSameOptions()
    {
        for (int i = 0; i < 3; i++) Offer(Part(i, last: false).IpOptions(8));
        _coalescer.Flush();
        var merged = new DecodedPacket(Assert.Single(_bed.Sent()));
        Assert.Equal((IpHeader + 8, 3 * Size, ChecksumKind.Partial), (merged.IpHeaderLength, merged.Payload.Length, merged.Checksum));
    }

    [Fact]
    public void NothingFollowsAPush()
    {
        Offer(Part(0, last: false));
        Offer(Part(1, last: true));
        Offer(Part(2, last: false));
        _coalescer.Flush();
        Assert.Equal([2 * Size, Size], _bed.Sent().Select(s => new DecodedPacket(s).Payload.Length));
    }

    [Fact]
    public void NoPacketHasMoreFramesThanTheKernelTakes()
    {
        for (int i = 0; i < 20; i++) Offer(Part(i, last: false));
        _coalescer.Flush();
        Assert.Equal([18 * Size, 2 * Size], _bed.Sent().Select(s => new DecodedPacket(s).Payload.Length));
    }

    /// <summary>Its length field has 16 bits, and nobody takes BIG TCP: eighteen segments of 3,700 bytes are too many.</summary>
    [Fact]
    public void NoPacketIsLongerThanItsLengthFieldHolds()
    {
        const int Large = 3700;
        for (int i = 0; i < 18; i++) Offer(Segment(i * Large, TcpHeader.Ack).Payload(Large));
        _coalescer.Flush();
        var sent = _bed.Sent().ConvertAll(s => new DecodedPacket(s));
        Assert.Equal([17 * Large, Large], sent.ConvertAll(s => s.Payload.Length));
        Assert.All(sent, s => Assert.Equal(s.Bytes.Length - 14, s.IpLength));
    }

    [Fact]
    public void FlowsAreMergedEachByItself()
    {
        const int Flows = 11; // more than are held at once
        for (int flow = 1; flow < Flows; flow++) Open(40_000 + flow);
        for (int i = 0; i < 2; i++)
        {
            for (int flow = 0; flow < Flows; flow++) Offer(Part(i, last: false, 40_000 + flow));
        }
        _coalescer.Flush();
        var sent = _bed.Sent().ConvertAll(s => new DecodedPacket(s));
        foreach (var flow in sent.GroupBy(p => p.SourcePort))
            Assert.Equal(Payload(0, 2 * Size), flow.SelectMany(p => p.Payload).ToArray()); // in order, whether merged or not
        Assert.Equal(Flows, sent.Select(p => p.SourcePort).Distinct().Count());
        Assert.True(_bed.NoFrameIsLost);
    }

    private void Open(int port)
    {
        PathAssert.Forwarded(PodAPort, _path.FromOverlay(Ip(RemotePod, PodA).Tcp(port, 80, TcpHeader.Syn)));
        PathAssert.Forwarded(UplinkPort, _path.FromPodA(Ip(PodA, RemotePod).Tcp(80, port, TcpHeader.Syn | TcpHeader.Ack)));
    }

    // As BatchCarrier offers it, and sends what it does not take.
    private void Offer(PacketBuilder packet)
    {
        byte[] frame = packet.InVxlan().Build();
        Assert.Equal(VerdictKind.Forward, _path.FromOverlay(frame).Verdict.Kind);
        var info = _path.Info;
        var frames = _bed.Place(_path, frame, new XdpDescriptor[2]);
        if (!_coalescer.Offer(_bed.Port, frames, ref info)) Assert.Equal(DropReason.None, _bed.Transmitter.Send(_bed.Port, frames, ref info));
    }

    private PacketBuilder Part(int index, bool last, int port = 40_000) =>
        Segment(index * Size, TcpHeader.Ack | (last ? TcpHeader.Psh : 0), port).Payload(Payload(index * Size, Size));

    private static PacketBuilder Segment(int offset, int flags, int port = 40_000, uint acknowledgment = 7, int window = 512, byte[]? options = null) =>
        Ip(RemotePod, PodA).TypeOfService(0xba).FlowLabel(0xabcde).Tcp(port, 80, flags, uint.MaxValue - 1500 + (uint)offset, acknowledgment, window: window, optionBytes: options ?? [1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8]);

    private PacketBuilder Different(string difference) => difference switch
    {
        "gap" => Segment(Size + 1, TcpHeader.Ack).Payload(Size),
        "overlap" => Segment(Size - 1, TcpHeader.Ack).Payload(Size),
        "acknowledgment" => Segment(Size, TcpHeader.Ack, acknowledgment: 8).Payload(Size),
        "window" => Segment(Size, TcpHeader.Ack, window: 513).Payload(Size),
        "tcp options" => Segment(Size, TcpHeader.Ack, options: []).Payload(Size),
        "other tcp options" => Segment(Size, TcpHeader.Ack, options: [1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 9]).Payload(Size),
        "type of service" => Segment(Size, TcpHeader.Ack).TypeOfService(0xb9).Payload(Size),
        "ttl" => Segment(Size, TcpHeader.Ack).TimeToLive(100).Payload(Size),
        "fin" => Segment(Size, TcpHeader.Ack | TcpHeader.Fin).Payload(Size),
        "urgent flag" => Segment(Size, TcpHeader.Ack | 0x20).Payload(Size),
        "no payload" => Segment(Size, TcpHeader.Ack),
        "wrong checksum" => Segment(Size, TcpHeader.Ack).Payload(Size).WrongChecksum(),
        "ip options" => Segment(Size, TcpHeader.Ack).IpOptions(8).Payload(Size),
        "flow label" => Segment(Size, TcpHeader.Ack).FlowLabel(0xabcdf).Payload(Size),
        "atomic fragment" => Segment(Size, TcpHeader.Ack).Fragment(0, more: false).Payload(Size),
        "another extension header" => Segment(Size, TcpHeader.Ack).HopByHop().Payload(Size),
        _ => throw new ArgumentException(difference),
    };

    private static byte[] Payload(int offset, int length) => [.. Enumerable.Range(offset, length).Select(i => (byte)(i * 31 + (i >> 7)))];
}
