using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>What only IPv4 headers have: options, a checksum of their own, and routers that may fragment.</summary>
public sealed class IPv4HeaderTests
{
    private readonly PathHarness _path = new();

    /// <summary>The carry of the header checksum, for every identification and so for every checksum.</summary>
    [Fact]
    public void KeepsTheHeaderChecksumRight()
    {
        byte[] frame = ToPodB().Udp(40_000, 5000).Build();
        for (int id = 0; id < 65_536; id++)
        {
            (frame[18], frame[19], frame[24], frame[25]) = ((byte)(id >> 8), (byte)id, 0, 0);
            ushort checksum = PlainChecksum.Of(frame.AsSpan(14, 20));
            (frame[24], frame[25]) = ((byte)(checksum >> 8), (byte)checksum);
            _path.Run(frame, PacketOrigin.Pod, SampleNode.PodAPort);
            if (PlainChecksum.Of(_path.Chunk.Slice(PathHarness.Headroom + 14, 20)) != 0) Assert.Fail($"wrong for identification {id:x4}");
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    [InlineData(15)] // longer than the packet
    public void DropsIpHeadersOfImpossibleLength(int words) => PathAssert.Dropped(DropReason.IpHeaderInvalid, _path.FromPodA(ToPodB().Udp(1, 2).IpHeaderWords(words)));

    [Theory]
    [InlineData(0)]
    [InlineData(19)]
    public void DropsPacketsThatSayTheyAreShorterThanTheirHeader(int length) => PathAssert.Dropped(DropReason.IpHeaderInvalid, _path.FromPodA(ToPodB().Udp(1, 2).TotalLength(length)));

    [Fact]
    public void DropsIPv6WhereTheClusterHasNone() => PathAssert.Dropped(
        DropReason.EtherTypeUnsupported, _path.FromPodA(PacketBuilder.IPv6(SampleNodeOf<IPv6Address>.PodA, SampleNodeOf<IPv6Address>.PodB).Udp(1, 2)));

    private static PacketBuilder ToPodB() => PacketBuilder.IPv4(SampleNode.PodA, SampleNode.PodB);
}
