using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>How large the segments are into which a super-packet is cut: as its receiver and the routers on the way have asked.</summary>
public sealed class SegmentLimitTests
{
    private readonly PathHarness _path = new SampleServices().Path();

    [Fact]
    public void CutsToTheWaysMtuWhenNobodyAskedForLess()
    {
        Open(mss: null, answer: null);
        Assert.Equal(1460, SegmentsToWorld());
    }

    [Fact]
    public void CutsToTheReceiversMss()
    {
        Open(mss: 1410, answer: 1360);
        Assert.Equal(1360, SegmentsToWorld());
    }

    [Fact]
    public void AnMssAboveTheWaysMtuChangesNothing()
    {
        Open(mss: 1410, answer: 8960);
        Assert.Equal(1460, SegmentsToWorld());
    }

    [Fact]
    public void TheSendersOwnMssIsAboutTheOtherDirection()
    {
        Open(mss: 1000, answer: 1360);
        Assert.Equal(1360, SegmentsToWorld());
    }

    [Fact]
    public void K31_ARoutersReportIsRememberedForTheFlow()
    {
        int port = Open(mss: 1410, answer: 1460);
        Report(port, 1300);
        Assert.Equal(1300 - 40, SegmentsToWorld());
        Report(port, 1400); // a larger one later does not raise it
        Assert.Equal(1300 - 40, SegmentsToWorld());
    }

    [Theory]
    [InlineData(0, 1460)] // does not say
    [InlineData(68, 552 - 40)] // forged, or absurd
    public void ReportsCannotMakeSegmentsTiny(int mtu, int expected)
    {
        int port = Open(mss: 1410, answer: 1460);
        Report(port, mtu);
        Assert.Equal(expected, SegmentsToWorld());
    }

    [Fact]
    public void OddOptionsAreNoHarm()
    {
        byte[][] odd = [[2], [2, 3, 5], [2, 4, 5], [1, 1, 1, 2], [8, 0], [8, 99, 1], [0, 2, 4, 1, 1], [2, 4, 0, 1]];
        for (int i = 0; i < odd.Length; i++)
        {
            var result = _path.FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.World).Tcp(1000 + i, 443, TcpHeader.Syn, optionBytes: odd[i]));
            Assert.Equal(VerdictKind.Forward, result.Verdict.Kind);
        }
    }

    private int Open(int? mss, int? answer)
    {
        int port = PathAssert.Forwarded(SampleNode.UplinkPort, _path.FromPodA(Syn(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.World), 40_000, 443, TcpHeader.Syn, mss))).SourcePort;
        PathAssert.Forwarded(SampleNode.PodAPort, _path.FromUplink(Syn(PacketBuilder.IPv4(SampleNode.World, SampleNode.NodeAddress), 443, port, TcpHeader.Syn | TcpHeader.Ack, answer)));
        return port;
    }

    private static PacketBuilder Syn(PacketBuilder packet, int source, int port, byte flags, int? mss) =>
        packet.Tcp(source, port, flags, optionBytes: mss is { } m ? [1, 1, 2, 4, (byte)(m >> 8), (byte)m, 1, 0] : []);

    private int SegmentsToWorld()
    {
        var result = _path.FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.World).Tcp(40_000, 443).Payload(3500));
        Assert.Equal(VerdictKind.Forward, result.Verdict.Kind);
        return result.Info.SegmentSize;
    }

    private void Report(int port, int mtu) => PathAssert.Forwarded(SampleNode.PodAPort, _path.FromUplink(
        PacketBuilder.IPv4(new(192, 0, 2, 1), SampleNode.NodeAddress).Icmp(IcmpHeader.DestinationUnreachable, IcmpHeader.FragmentationNeeded, (uint)mtu)
            .Payload(PacketBuilder.IPv4(SampleNode.NodeAddress, SampleNode.World).Tcp(port, 443).BuildIp())));
}
