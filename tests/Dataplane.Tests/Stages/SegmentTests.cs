using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Dataplane.Tests.Workers;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>Super-packets on their way into the tunnel: each segment is what a NIC with TSO would make, and together they are what was sent.</summary>
public abstract class SegmentTests<TAddress> : FamilyTests<TAddress>, IDisposable
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private const uint Sequence = 0xffff_f000; // wraps on the way
    private const ushort Identification = 0xfff0;
    private const byte TypeOfService = 0xba;
    private const uint FlowLabel = 0xabcde;
    private readonly PathHarnessOf<TAddress> _path = new();
    private readonly TransmitterBed _bed = new();

    public void Dispose()
    {
        _bed.Dispose();
        GC.SuppressFinalize(this);
    }

    public static TheoryData<int, int, int, bool> Shapes()
    {
        var data = new TheoryData<int, int, int, bool>();
        foreach (int payload in new[] { 1411, 1410 * 2, 1410 * 2 + 1, 3770, 3787, 3800, 10_000, 65_495 })
        {
            foreach (var (tcp, ip) in new[] { (0, 0), (12, 0), (40, 40) })
            {
                data.Add(payload, tcp, ip, true);
                data.Add(payload, tcp, ip, false);
            }
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void CutsASuperPacketIntoWhatFits(int payload, int tcpOptions, int ipOptions, bool partial)
    {
        const int Flags = TcpHeader.Ack | TcpHeader.Psh | TcpHeader.Fin | TcpHeader.Cwr;
        int headers = IpHeader + ipOptions + TcpHeader.Size + tcpOptions;
        payload = Math.Min(payload, 65_535 - headers);
        Open(RemoteService, 80);
        byte[] sent = Finish(To(RemoteService, 80, Flags, tcpOptions, ipOptions).Payload(payload), partial).Build();
        byte[] plain = Finish(To(RemotePod, 8080, Flags, tcpOptions, ipOptions).Payload(payload), partial).TimeToLive(63).Build();
        var result = _path.FromPod(PodAPort, sent);
        Assert.Equal((VerdictKind.Forward, SampleNode.PathMtu - headers), (result.Verdict.Kind, result.Info.SegmentSize));
        Assert.Equal(DropReason.None, _bed.Send(_path, sent));
        var segments = _bed.Sent();

        int size = result.Info.SegmentSize;
        Assert.Equal((payload + size - 1) / size, segments.Count);
        var together = new List<byte>();
        ushort outerIdentification = new DecodedPacket(segments[0]).Identification;
        for (int i = 0; i < segments.Count; i++)
        {
            bool last = i == segments.Count - 1;
            var outer = new DecodedPacket(segments[i]);
            var inner = outer.Inner!;
            Assert.Equal((SampleNode.RemoteNode, (ushort)(outerIdentification + i)), (outer.Destination, outer.Identification));
            Assert.Equal((segments[i].Length - 14, true, ChecksumKind.None), (outer.IpLength, outer.IpChecksumIsRight, outer.Checksum));
            Assert.Equal((RemotePod, (ushort)8080, true), (Destination(inner), inner.DestinationPort, inner.IpChecksumIsRight));
            Assert.Equal(ChecksumKind.Complete, inner.Checksum);
            if (!IsV6) Assert.Equal((ushort)(Identification + i), inner.Identification);
            Assert.Equal((TypeOfService, IsV6 ? FlowLabel : 0), (inner.TypeOfService, inner.FlowLabel));
            Assert.Equal(Sequence + (uint)(i * size), inner.Sequence);
            Assert.Equal(TcpHeader.Ack | (last ? TcpHeader.Psh | TcpHeader.Fin : 0) | (i == 0 ? TcpHeader.Cwr : 0), inner.TcpFlags);
            Assert.Equal(last ? payload - i * size : size, inner.Payload.Length);
            // Options are repeated as they are.
            PacketAssert.Equal(plain.AsSpan(Headers, ipOptions), inner.Bytes.AsSpan(Headers, ipOptions));
            PacketAssert.Equal(plain.AsSpan(Headers + TcpHeader.Size + ipOptions, tcpOptions), inner.Bytes.AsSpan(Headers + TcpHeader.Size + ipOptions, tcpOptions));
            together.AddRange(inner.Payload);
        }
        Assert.Equal(plain.AsSpan(14 + headers).ToArray(), together.ToArray());
        Assert.True(_bed.NoFrameIsLost);
        Assert.Equal((1ul, (ulong)segments.Count), (_bed.Counters.SegmentedPackets, _bed.Counters.Segments));
    }

    [Fact]
    public void LeavesIdentificationsForTheNextPacket()
    {
        Open(RemotePod, 80);
        byte[] sent = To(RemotePod, 80, TcpHeader.Ack).Payload(10_000).Build();
        ushort first = _path.FromPod(PodAPort, sent).Packet.Identification;
        Assert.Equal(first + 8, _path.FromPod(PodAPort, sent).Packet.Identification);
    }

    /// <summary>An underlay of 9,000 bytes: a segment must still fit into the frame that it is made in.</summary>
    [Theory]
    [InlineData(9000)]
    [InlineData(65_000)]
    public void CutsForLargeMtusToWhatAFrameHolds(int payload)
    {
        _path.Tables = new SampleNodeOf<TAddress> { Mtu = 8950 }.Build();
        Open(RemotePod, 80);
        byte[] sent = To(RemotePod, 80, TcpHeader.Ack, tcpOptions: 12).Payload(payload).PartialChecksum().Build();
        _path.FromPod(PodAPort, sent);
        Assert.Equal(DropReason.None, _bed.Send(_path, sent));
        var segments = _bed.Sent();
        Assert.All(segments, s => Assert.InRange(s.Length, 1, PathHarness.FrameLength));
        Assert.All(segments, s => Assert.Equal(ChecksumKind.Complete, new DecodedPacket(s).Inner!.Checksum));
        Assert.Equal(sent.AsSpan(Headers + TcpHeader.Size + 12).ToArray(), segments.SelectMany(s => new DecodedPacket(s).Inner!.Payload).ToArray());
    }

    /// <summary>What fits the MTU, but not one frame, goes as it is; its checksum is over all of its frames.</summary>
    [Theory]
    [InlineData(IpProtocol.Tcp, true)]
    [InlineData(IpProtocol.Tcp, false)]
    [InlineData(IpProtocol.Udp, true)]
    [InlineData(IpProtocol.Udp, false)]
    public void SendsLargePacketsThatFitInSeveralFrames(byte protocol, bool partial)
    {
        _path.Tables = new SampleNodeOf<TAddress> { Mtu = 8950 }.Build();
        Open(RemoteService, 80);
        var packet = protocol == IpProtocol.Tcp
            ? To(RemoteService, 80, TcpHeader.Ack)
            : Ip(PodA, RemoteService).Udp(40_000, 80);
        byte[] sent = Finish(packet.Payload(8801), partial).Build();
        var result = _path.FromPod(PodAPort, sent);
        Assert.Equal((VerdictKind.Forward, 0), (result.Verdict.Kind, result.Info.SegmentSize));
        Assert.Equal(DropReason.None, _bed.Send(_path, sent));
        var inner = new DecodedPacket(Assert.Single(_bed.Sent())).Inner!;
        Assert.Equal((RemotePod, (ushort)8080, ChecksumKind.Complete), (Destination(inner), inner.DestinationPort, inner.Checksum));
    }

    /// <summary>What the node's own stack routes on must fit its way out: it could not cut it either.</summary>
    [Fact]
    public void CutsWhatLeavesTheClusterWithoutATunnel()
    {
        _path.Tables = new SampleNodeOf<TAddress> { WorldMtu = 1500 }.Build();
        Open(World, 80);
        byte[] sent = To(World, 80, TcpHeader.Ack | TcpHeader.Psh).Payload(3000).PartialChecksum().Build();
        _path.FromPod(PodAPort, sent);
        Assert.Equal(DropReason.None, _bed.Send(_path, sent));
        var segments = _bed.Sent().ConvertAll(s => new DecodedPacket(s));
        Assert.Equal([1500, 1500, Either(120, 180)], segments.ConvertAll(s => s.IpLength));
        Assert.All(segments, s => Assert.Equal((SampleNode.HostMac, true, ChecksumKind.Complete), (s.DestinationMac, s.IpChecksumIsRight, s.Checksum)));
        Assert.Equal(sent.AsSpan(Headers + TcpHeader.Size).ToArray(), segments.SelectMany(s => s.Payload).ToArray());
        Assert.Equal([TcpHeader.Ack, TcpHeader.Ack, TcpHeader.Ack | TcpHeader.Psh], segments.ConvertAll(s => s.TcpFlags));
    }

    private void Open(TAddress to, int port) => _path.FromPodA(Ip(PodA, to).Tcp(40_000, port, TcpHeader.Syn));

    private static PacketBuilder To(TAddress to, int port, int flags, int tcpOptions = 0, int ipOptions = 0) =>
        Ip(PodA, to).Identification(Identification).TypeOfService(TypeOfService).FlowLabel(FlowLabel).IpOptions(ipOptions).Tcp(40_000, port, flags, Sequence, options: tcpOptions);

    private static PacketBuilder Finish(PacketBuilder packet, bool partial) => partial ? packet.PartialChecksum() : packet;
}
