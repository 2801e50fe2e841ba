using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>Frames from the underlay: what is taken out of the tunnel, and what is not taken for one.</summary>
public abstract class VxlanDecapTests<TAddress> : FamilyTests<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private readonly PathHarnessOf<TAddress> _path = new();

    [Fact]
    public void TakesThePacketOutOfTheTunnel()
    {
        var result = _path.FromOverlay(ToPodA());
        PathAssert.Forwarded(PodAPort, result);
        PacketAssert.Equal(ToPodA().TimeToLive(63).Ethernet(MacOf(PodA), SampleNode.GatewayMac).Build(), result.Bytes);
    }

    [Fact]
    public void TakesOuterHeadersWithOptions() =>
        PathAssert.Forwarded(PodAPort, _path.FromOverlay(ToPodA().InVxlan().IpOptions(8).Build()));

    [Fact]
    public void TakesOuterChecksumsAsTheyAre()
    {
        PathAssert.Forwarded(PodAPort, _path.FromOverlay(ToPodA().InVxlan().WrongChecksum().Build()));
        PathAssert.Forwarded(PodAPort, _path.FromOverlay(ToPodA().InVxlan().PartialChecksum().Build()));
    }

    [Fact]
    public void DropsThePaddingOfTheOuterFrame()
    {
        var result = _path.FromOverlay(ToPodA().InVxlan().Padding(40).Build());
        PathAssert.Forwarded(PodAPort, result);
        Assert.Equal(ToPodA().Build().Length, result.Bytes.Length);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(2u)]
    [InlineData(0xffffffu)]
    public void DropsFramesOfOtherVirtualNetworks(uint vni) => PathAssert.Dropped(DropReason.VniUnknown, _path.FromOverlay(ToPodA().InVxlan(vni).Build()));

    [Fact]
    public void DropsFramesThatSayTheyHaveNoVni() => PathAssert.Dropped(DropReason.VniUnknown, _path.FromOverlay(ToPodA().InVxlan(flags: 0).Build()));

    [Theory]
    [InlineData("192.168.0.99")]
    [InlineData("192.168.0.1")]
    [InlineData("10.244.2.20")]
    public void DropsFramesFromAddressesThatAreNoNodes(string from) => PathAssert.Dropped(
        DropReason.VtepUnknown, _path.FromOverlay(ToPodA().InVxlan(from: IPv4Address.Parse(from)).Build()));

    [Fact]
    public void DropsFramesForOtherNodes() => PathAssert.Dropped(
        DropReason.RouteNotLocal, _path.FromOverlay(ToPodA().InVxlan(to: SampleNode.LostNode).Build()));

    [Theory]
    [InlineData(4790)]
    [InlineData(8472)]
    public void LeavesFramesForOtherPortsToTheNode(int port) =>
        PathAssert.Forwarded(HostPort, _path.FromOverlay(ToPodA().InVxlan().Udp(51_000, port).Build()));

    [Fact]
    public void LeavesFragmentsOfTheUnderlayToTheNode()
    {
        PathAssert.Forwarded(HostPort, _path.FromOverlay(ToPodA().InVxlan().Fragment(0, more: true).Build()));
        PathAssert.Forwarded(HostPort, _path.FromOverlay(ToPodA().InVxlan().Fragment(1480, more: false).Build()));
    }

    [Fact]
    public void LeavesWhatIsNotUdpToTheNode() => PathAssert.Forwarded(
        HostPort, _path.FromOverlay(Ip(RemoteNode, NodeAddress).Tcp(51_000, 4789).Payload(60).Build()));

    [Fact]
    public void DropsOuterFramesThatAreNotIPv4() => PathAssert.Dropped(
        Either(DropReason.EtherTypeUnsupported, DropReason.IpHeaderInvalid), _path.FromOverlay(ToPodA().InVxlan().EtherType(0x86dd).Build()));

    [Theory]
    [InlineData(15)] // shorter than its own header and that of VXLAN
    [InlineData(200)] // longer than the IP packet
    public void DropsOuterUdpOfImpossibleLength(int length) => PathAssert.Dropped(
        DropReason.VxlanHeaderInvalid, _path.FromOverlay(ToPodA().InVxlan().UdpLength(length).Build()));

    [Fact]
    public void DropsOuterPacketsOfImpossibleLength()
    {
        PathAssert.Dropped(DropReason.VxlanHeaderInvalid, _path.FromOverlay(ToPodA().InVxlan().TotalLength(35).Build()));
        PathAssert.Dropped(DropReason.VxlanHeaderInvalid, _path.FromOverlay(ToPodA().InVxlan().TotalLength(2000).Build()));
        PathAssert.Dropped(DropReason.IpHeaderInvalid, _path.FromOverlay(ToPodA().InVxlan().IpVersion(6).Build()));
        PathAssert.Dropped(DropReason.IpHeaderInvalid, _path.FromOverlay(ToPodA().InVxlan().IpHeaderWords(4).Build()));
    }

    /// <summary>RFC 6040, section 4.2, figure 4.</summary>
    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(0, 2, 0)]
    [InlineData(1, 2, 1)]
    [InlineData(2, 0, 2)]
    [InlineData(3, 0, 3)]
    [InlineData(1, 3, 3)]
    [InlineData(2, 3, 3)]
    [InlineData(3, 3, 3)]
    public void CarriesCongestionMarksIn(byte inner, byte outer, byte expected)
    {
        var result = _path.FromOverlay(ToPodA().TypeOfService((byte)(0xb8 | inner)).InVxlan().TypeOfService(outer).Build());
        Assert.Equal(0xb8 | expected, PathAssert.Forwarded(PodAPort, result).TypeOfService);
    }

    [Fact]
    public void DropsMarkedPacketsThatCannotCarryTheMark() => PathAssert.Dropped(
        DropReason.EcnInvalid, _path.FromOverlay(ToPodA().TypeOfService(0).InVxlan().TypeOfService(3).Build()));

    private static PacketBuilder ToPodA() => Ip(RemotePod, PodA).Udp(40_000, 5000).Payload(33);
}
