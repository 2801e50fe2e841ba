using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>The TTL, and what is said where it ends.</summary>
public abstract class HopLimitTests<TAddress> : FamilyTests<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private readonly PathHarnessOf<TAddress> _path = new();

    [Theory]
    [InlineData(64)]
    [InlineData(2)]
    [InlineData(255)]
    public void TakesOneWhereItRoutes(byte hops)
    {
        Assert.Equal(hops - 1, PathAssert.Forwarded(PodBPort, _path.FromPodA(Datagram(PodA, PodB).TimeToLive(hops))).TimeToLive);
        Assert.Equal(hops - 1, PathAssert.Forwarded(UplinkPort, _path.FromPodA(Datagram(PodA, RemotePod).TimeToLive(hops))).Inner!.TimeToLive);
        Assert.Equal(hops - 1, PathAssert.Forwarded(PodAPort, _path.FromOverlay(Datagram(RemotePod, PodA).TimeToLive(hops))).TimeToLive);
    }

    /// <summary>The host's stack is the router there, and counts by itself.</summary>
    [Fact]
    public void TakesNoneBetweenAPodAndTheHost()
    {
        Assert.Equal(1, PathAssert.Forwarded(HostPort, _path.FromPodA(Datagram(PodA, World).TimeToLive(1))).TimeToLive);
        Assert.Equal(1, PathAssert.Forwarded(PodAPort, _path.FromHost(Datagram(Gateway, PodA).TimeToLive(1))).TimeToLive);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0)]
    public void TellsTheSenderWhereTheTtlEnds(byte hops)
    {
        byte[] sent = Datagram(PodA, RemotePod).TimeToLive(hops).Payload(200).Build();
        var result = _path.FromPod(PodAPort, sent);
        var packet = PathAssert.Replied(PodAPort, result);
        Assert.Equal(DropReason.HopLimitExceeded, result.Info.ReplyReason);
        byte[] expected = Ip(Gateway, PodA).Ethernet(MacOf(PodA), SampleNode.GatewayMac)
            .Identification(packet.Identification).Error(IcmpError.TimeExceeded).Payload(sent.AsSpan(14)).Build();
        PacketAssert.Equal(expected, result.Bytes);
    }

    [Fact]
    public void TellsASenderBehindTheTunnel()
    {
        var outer = PathAssert.Replied(UplinkPort, _path.FromOverlay(Datagram(RemotePod, PodA).TimeToLive(1)));
        Assert.Equal((Gateway, RemotePod, NumbersOf(IcmpError.TimeExceeded).Type), (Source(outer.Inner!), Destination(outer.Inner!), outer.Inner!.IcmpType));
    }

    private static PacketBuilder Datagram(TAddress from, TAddress to) => Ip(from, to).Udp(40_000, 5000);
}
