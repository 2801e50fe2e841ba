using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>
/// Bytes after translation, against the same packet built for the other addresses: addresses, ports and both checksums are right, and
/// nothing else has changed.
/// </summary>
public sealed class NatRewriteTests
{
    private readonly PathHarness _path = new();

    public static TheoryData<int, bool, int> Sizes()
    {
        var data = new TheoryData<int, bool, int>();
        foreach (int payload in new[] { 0, 1, 2, 7, 100, 1000, 1001, 1400 })
        {
            foreach (bool partial in new[] { false, true })
            {
                data.Add(payload, partial, 0);
                data.Add(payload, partial, 12);
            }
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void TranslatesTcpToTheBackend(int payload, bool partial, int options)
    {
        PacketBuilder Packet(IPv4Address to, int port) =>
            Finish(PacketBuilder.IPv4(SampleNode.PodA, to).IpOptions(options).Tcp(40_000, port, TcpHeader.Syn, options: options).Payload(payload), partial);
        var result = _path.FromPodA(Packet(SampleNode.WebService, 80));
        PathAssert.Forwarded(SampleNode.PodBPort, result);
        PacketAssert.Equal(Delivered(Packet(SampleNode.PodB, 8080), SampleNode.PodB), result.Bytes);
        Assert.Equal(partial, (result.Info.Flags & PacketFlags.PartialChecksum) != 0);
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void TranslatesUdpToTheBackendAndBack(int payload, bool partial, int options)
    {
        PacketBuilder Packet(IPv4Address from, int source, IPv4Address to, int port) =>
            Finish(PacketBuilder.IPv4(from, to).IpOptions(options).Udp(source, port).Payload(payload), partial);
        var forth = _path.FromPodA(Packet(SampleNode.PodA, 40_000, SampleNode.DnsService, 53));
        PathAssert.Forwarded(SampleNode.PodBPort, forth);
        PacketAssert.Equal(Delivered(Packet(SampleNode.PodA, 40_000, SampleNode.PodB, 5353), SampleNode.PodB), forth.Bytes);

        var back = _path.FromPodB(Packet(SampleNode.PodB, 5353, SampleNode.PodA, 40_000));
        PathAssert.Forwarded(SampleNode.PodAPort, back);
        PacketAssert.Equal(Delivered(Packet(SampleNode.DnsService, 53, SampleNode.PodA, 40_000), SampleNode.PodA), back.Bytes);
    }

    /// <summary>Zero means no checksum (RFC 768), and stays zero.</summary>
    [Fact]
    public void LeavesUdpWithoutChecksumAlone()
    {
        var result = _path.FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.DnsService).Udp(40_000, 53).Payload(30).NoChecksum());
        Assert.Equal(ChecksumKind.None, PathAssert.Forwarded(SampleNode.PodBPort, result).Checksum);
        PacketAssert.Equal(Delivered(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.PodB).Udp(40_000, 5353).Payload(30).NoChecksum(), SampleNode.PodB), result.Bytes);
    }

    /// <summary>A sum that comes out as zero is sent as its other form, all ones: zero would mean that there is none.</summary>
    [Fact]
    public void NeverMakesAUdpChecksumOfZero()
    {
        int zeros = 0;
        for (int value = 0; value < 65_536; value++)
        {
            var translated = PacketBuilder.IPv4(SampleNode.PodA, SampleNode.PodB).Udp(40_000, 5353).Payload([(byte)(value >> 8), (byte)value]);
            byte[] expected = translated.Build();
            if ((expected[40], expected[41]) != (0xff, 0xff)) continue;
            zeros++;
            var result = _path.FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.DnsService).Udp(40_000, 53).Payload([(byte)(value >> 8), (byte)value]));
            PacketAssert.Equal(Delivered(translated, SampleNode.PodB), result.Bytes);
        }
        Assert.NotEqual(0, zeros);
    }

    /// <summary>A packet that was damaged on its way must not be given a right checksum.</summary>
    [Fact]
    public void KeepsWrongChecksumsWrong()
    {
        var result = _path.FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.WebService).Tcp(40_000, 80, TcpHeader.Syn).Payload(30).WrongChecksum());
        Assert.Equal((VerdictKind.Forward, ChecksumKind.Wrong), (result.Verdict.Kind, result.Packet.Checksum));
    }

    /// <summary>
    /// Every value that the checksum field of a valid packet can have, before and after. One of them is the pseudo-header's sum: that
    /// packet counts as partial from then on, and completing it gives the right checksum too.
    /// </summary>
    [Fact]
    public void IsRightForEveryChecksum()
    {
        int partial = 0;
        byte[] frame = PacketBuilder.IPv4(SampleNode.PodA, SampleNode.DnsService).Udp(40_000, 53).Payload(2).Build();
        for (int value = 0; value < 65_536; value++)
        {
            (frame[42], frame[43]) = ((byte)(value >> 8), (byte)value);
            (frame[40], frame[41]) = (0, 0);
            ushort pseudo = PlainChecksum.PseudoHeader(frame.AsSpan(26, 8), IpProtocol.Udp, 10);
            ushort checksum = (ushort)~PlainChecksum.Add(pseudo, frame.AsSpan(34));
            if (checksum == 0) checksum = 0xffff;
            (frame[40], frame[41]) = ((byte)(checksum >> 8), (byte)checksum);
            Assert.Equal(VerdictKind.Forward, _path.Run(frame, PacketOrigin.Pod, SampleNode.PodAPort).Kind);
            var udp = _path.Chunk.Slice(PathHarness.Headroom + 34, 10);
            ushort after = PlainChecksum.PseudoHeader(_path.Chunk.Slice(PathHarness.Headroom + 26, 8), IpProtocol.Udp, 10);
            if ((_path.Info.Flags & PacketFlags.PartialChecksum) != 0)
            {
                partial++;
                Assert.Equal(after, udp[6] << 8 | udp[7]);
            }
            else if ((ushort)~PlainChecksum.Add(after, udp) != 0 || (udp[6] | udp[7]) == 0) Assert.Fail($"wrong for payload {value:x4}");
        }
        Assert.Equal(1, partial);
    }

    [Fact]
    public void ChangesNothingBetweenPodsButTheLinkAndTheTtl()
    {
        var packet = PacketBuilder.IPv4(SampleNode.PodA, SampleNode.PodB).TypeOfService(0xb9).DontFragment().IpOptions(4).Tcp(1, 2, TcpHeader.Syn, options: 8).Payload(77).WrongChecksum();
        byte[] actual = _path.FromPodA(packet).Bytes;
        PacketAssert.Equal(Delivered(packet, SampleNode.PodB), actual);
    }

    private static PacketBuilder Finish(PacketBuilder packet, bool partial) => partial ? packet.PartialChecksum() : packet;

    private static byte[] Delivered(PacketBuilder packet, IPv4Address pod) => packet.Ethernet(SampleNode.MacOf(pod), SampleNode.GatewayMac).TimeToLive(63).Build();
}
