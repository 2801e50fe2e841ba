using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>How large the segments are into which a super-packet is cut: as its receiver and the routers on the way have asked.</summary>
public abstract class SegmentLimitTests<TAddress> : FamilyTests<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private static readonly int Overhead = IpHeader + TcpHeader.Size;
    private readonly PathHarnessOf<TAddress> _path = new SampleServicesOf<TAddress>().Path();

    [Fact]
    public void CutsToTheWaysMtuWhenNobodyAskedForLess()
    {
        Open(mss: null, answer: null);
        Assert.Equal(1500 - Overhead, SegmentsToWorld());
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
        Assert.Equal(1500 - Overhead, SegmentsToWorld());
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
        Assert.Equal(1300 - Overhead, SegmentsToWorld());
        Report(port, 1400); // a larger one later does not raise it
        Assert.Equal(1300 - Overhead, SegmentsToWorld());
    }

    [Theory]
    [InlineData(0, 1500, 1500)] // does not say
    [InlineData(68, 552, 1280)] // forged, or absurd
    public void ReportsCannotMakeSegmentsTiny(int mtu, int v4, int v6)
    {
        int port = Open(mss: 1410, answer: 1460);
        Report(port, mtu);
        Assert.Equal(Either(v4, v6) - Overhead, SegmentsToWorld());
    }

    [Fact]
    public void OddOptionsAreNoHarm()
    {
        byte[][] odd = [[2], [2, 3, 5], [2, 4, 5], [1, 1, 1, 2], [8, 0], [8, 99, 1], [0, 2, 4, 1, 1], [2, 4, 0, 1]];
        for (int i = 0; i < odd.Length; i++)
        {
            var result = _path.FromPodA(Ip(PodA, World).Tcp(1000 + i, 443, TcpHeader.Syn, optionBytes: odd[i]));
            Assert.Equal(VerdictKind.Forward, result.Verdict.Kind);
        }
    }

    private int Open(int? mss, int? answer)
    {
        int port = PathAssert.Forwarded(UplinkPort, _path.FromPodA(Syn(Ip(PodA, World), 40_000, 443, TcpHeader.Syn, mss))).SourcePort;
        PathAssert.Forwarded(PodAPort, _path.FromUplink(Syn(Ip(World, NodeAddress), 443, port, TcpHeader.Syn | TcpHeader.Ack, answer)));
        return port;
    }

    private static PacketBuilder Syn(PacketBuilder packet, int source, int port, byte flags, int? mss) =>
        packet.Tcp(source, port, flags, optionBytes: mss is { } m ? [1, 1, 2, 4, (byte)(m >> 8), (byte)m, 1, 0] : []);

    private int SegmentsToWorld()
    {
        var result = _path.FromPodA(Ip(PodA, World).Tcp(40_000, 443).Payload(3500));
        Assert.Equal(VerdictKind.Forward, result.Verdict.Kind);
        return result.Info.SegmentSize;
    }

    private void Report(int port, int mtu) => PathAssert.Forwarded(PodAPort, _path.FromUplink(
        Ip(Router, NodeAddress).Error(IcmpError.PacketTooBig, mtu)
            .Payload(Ip(NodeAddress, World).Tcp(port, 443).BuildIp())));
}
