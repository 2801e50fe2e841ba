using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>The TTL, and what is said where it ends.</summary>
public sealed class HopLimitTests
{
    private readonly PathHarness _path = new();

    [Theory]
    [InlineData(64)]
    [InlineData(2)]
    [InlineData(255)]
    public void TakesOneWhereItRoutes(byte hops)
    {
        Assert.Equal(hops - 1, PathAssert.Forwarded(SampleNode.PodBPort, _path.FromPodA(Datagram(SampleNode.PodA, SampleNode.PodB).TimeToLive(hops))).TimeToLive);
        Assert.Equal(hops - 1, PathAssert.Forwarded(SampleNode.UplinkPort, _path.FromPodA(Datagram(SampleNode.PodA, SampleNode.RemotePod).TimeToLive(hops))).Inner!.TimeToLive);
        Assert.Equal(hops - 1, PathAssert.Forwarded(SampleNode.PodAPort, _path.FromOverlay(Datagram(SampleNode.RemotePod, SampleNode.PodA).TimeToLive(hops))).TimeToLive);
    }

    /// <summary>The carry of the header checksum, for every identification and so for every checksum.</summary>
    [Fact]
    public void KeepsTheHeaderChecksumRight()
    {
        byte[] frame = Datagram(SampleNode.PodA, SampleNode.PodB).Build();
        for (int id = 0; id < 65_536; id++)
        {
            (frame[18], frame[19], frame[24], frame[25]) = ((byte)(id >> 8), (byte)id, 0, 0);
            ushort checksum = PlainChecksum.Of(frame.AsSpan(14, 20));
            (frame[24], frame[25]) = ((byte)(checksum >> 8), (byte)checksum);
            _path.Run(frame, PacketOrigin.Pod, SampleNode.PodAPort);
            if (PlainChecksum.Of(_path.Chunk.Slice(PathHarness.Headroom + 14, 20)) != 0) Assert.Fail($"wrong for identification {id:x4}");
        }
    }

    /// <summary>The host's stack is the router there, and counts by itself.</summary>
    [Fact]
    public void TakesNoneBetweenAPodAndTheHost()
    {
        Assert.Equal(1, PathAssert.Forwarded(SampleNode.HostPort, _path.FromPodA(Datagram(SampleNode.PodA, SampleNode.World).TimeToLive(1))).TimeToLive);
        Assert.Equal(1, PathAssert.Forwarded(SampleNode.PodAPort, _path.FromHost(Datagram(SampleNode.Gateway, SampleNode.PodA).TimeToLive(1))).TimeToLive);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0)]
    public void TellsTheSenderWhereTheTtlEnds(byte hops)
    {
        byte[] sent = Datagram(SampleNode.PodA, SampleNode.RemotePod).TimeToLive(hops).Payload(200).Build();
        var result = _path.FromPod(SampleNode.PodAPort, sent);
        var packet = PathAssert.Replied(SampleNode.PodAPort, result);
        Assert.Equal(DropReason.HopLimitExceeded, result.Info.ReplyReason);
        byte[] expected = PacketBuilder.IPv4(SampleNode.Gateway, SampleNode.PodA).Ethernet(SampleNode.MacOf(SampleNode.PodA), SampleNode.GatewayMac)
            .Identification(packet.Identification).Icmp(IcmpHeader.TimeExceeded).Payload(sent.AsSpan(14)).Build();
        PacketAssert.Equal(expected, result.Bytes);
    }

    [Fact]
    public void TellsASenderBehindTheTunnel()
    {
        var outer = PathAssert.Replied(SampleNode.UplinkPort, _path.FromOverlay(Datagram(SampleNode.RemotePod, SampleNode.PodA).TimeToLive(1)));
        Assert.Equal((SampleNode.Gateway, SampleNode.RemotePod, IcmpHeader.TimeExceeded), (outer.Inner!.Source, outer.Inner.Destination, outer.Inner.IcmpType));
    }

    private static PacketBuilder Datagram(IPv4Address from, IPv4Address to) => PacketBuilder.IPv4(from, to).Udp(40_000, 5000);
}
