using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>
/// Bytes after translation, against the same packet built for the other addresses: addresses, ports and both checksums are right, and
/// nothing else has changed.
/// </summary>
public abstract class NatRewriteTests<TAddress> : FamilyTests<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private readonly PathHarnessOf<TAddress> _path = new();

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
        PacketBuilder Packet(TAddress to, int port) =>
            Finish(Ip(PodA, to).IpOptions(options).Tcp(40_000, port, TcpHeader.Syn, options: options).Payload(payload), partial);
        var result = _path.FromPodA(Packet(WebService, 80));
        PathAssert.Forwarded(PodBPort, result);
        PacketAssert.Equal(Delivered(Packet(PodB, 8080), PodB), result.Bytes);
        Assert.Equal(partial, (result.Info.Flags & PacketFlags.PartialChecksum) != 0);
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void TranslatesUdpToTheBackendAndBack(int payload, bool partial, int options)
    {
        PacketBuilder Packet(TAddress from, int source, TAddress to, int port) =>
            Finish(Ip(from, to).IpOptions(options).Udp(source, port).Payload(payload), partial);
        var forth = _path.FromPodA(Packet(PodA, 40_000, DnsService, 53));
        PathAssert.Forwarded(PodBPort, forth);
        PacketAssert.Equal(Delivered(Packet(PodA, 40_000, PodB, 5353), PodB), forth.Bytes);

        var back = _path.FromPodB(Packet(PodB, 5353, PodA, 40_000));
        PathAssert.Forwarded(PodAPort, back);
        PacketAssert.Equal(Delivered(Packet(DnsService, 53, PodA, 40_000), PodA), back.Bytes);
    }

    /// <summary>Zero means no checksum (RFC 768), and stays zero.</summary>
    [Fact]
    public void LeavesUdpWithoutChecksumAlone()
    {
        var result = _path.FromPodA(Ip(PodA, DnsService).Udp(40_000, 53).Payload(30).NoChecksum());
        Assert.Equal(ChecksumKind.None, PathAssert.Forwarded(PodBPort, result).Checksum);
        PacketAssert.Equal(Delivered(Ip(PodA, PodB).Udp(40_000, 5353).Payload(30).NoChecksum(), PodB), result.Bytes);
    }

    /// <summary>A sum that comes out as zero is sent as its other form, all ones: zero would mean that there is none.</summary>
    [Fact]
    public void NeverMakesAUdpChecksumOfZero()
    {
        int zeros = 0;
        for (int value = 0; value < 65_536; value++)
        {
            var translated = Ip(PodA, PodB).Udp(40_000, 5353).Payload([(byte)(value >> 8), (byte)value]);
            byte[] expected = translated.Build();
            if ((expected[Headers + 6], expected[Headers + 7]) != (0xff, 0xff)) continue;
            zeros++;
            var result = _path.FromPodA(Ip(PodA, DnsService).Udp(40_000, 53).Payload([(byte)(value >> 8), (byte)value]));
            PacketAssert.Equal(Delivered(translated, PodB), result.Bytes);
        }
        Assert.NotEqual(0, zeros);
    }

    /// <summary>A packet that was damaged on its way must not be given a right checksum.</summary>
    [Fact]
    public void KeepsWrongChecksumsWrong()
    {
        var result = _path.FromPodA(Ip(PodA, WebService).Tcp(40_000, 80, TcpHeader.Syn).Payload(30).WrongChecksum());
        Assert.Equal((VerdictKind.Forward, ChecksumKind.Wrong), (result.Verdict.Kind, result.Packet.Checksum));
    }

    /// <summary>
    /// Every value that the checksum field of a valid packet can have, before and after. One of them is the pseudo-header's sum: that
    /// packet counts as partial from then on, and completing it gives the right checksum too.
    /// </summary>
    [Fact]
    public void IsRightForEveryChecksum()
    {
        int partial = 0, addresses = Headers - 2 * TAddress.ByteLength, sum = Headers + UdpHeader.ChecksumOffset, data = Headers + UdpHeader.Size;
        byte[] frame = Ip(PodA, DnsService).Udp(40_000, 53).Payload(2).Build();
        for (int value = 0; value < 65_536; value++)
        {
            (frame[data], frame[data + 1]) = ((byte)(value >> 8), (byte)value);
            (frame[sum], frame[sum + 1]) = (0, 0);
            ushort pseudo = PlainChecksum.PseudoHeader(frame.AsSpan(addresses, 2 * TAddress.ByteLength), IpProtocol.Udp, 10);
            ushort checksum = (ushort)~PlainChecksum.Add(pseudo, frame.AsSpan(Headers));
            if (checksum == 0) checksum = 0xffff;
            (frame[sum], frame[sum + 1]) = ((byte)(checksum >> 8), (byte)checksum);
            Assert.Equal(VerdictKind.Forward, _path.Run(frame, PacketOrigin.Pod, PodAPort).Kind);
            var udp = _path.Chunk.Slice(PathHarness.Headroom + Headers, 10);
            ushort after = PlainChecksum.PseudoHeader(_path.Chunk.Slice(PathHarness.Headroom + addresses, 2 * TAddress.ByteLength), IpProtocol.Udp, 10);
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
    public void ChangesNothingBetweenPodsButTheLinkAndTheHopLimit()
    {
        var packet = Ip(PodA, PodB).TypeOfService(0xb9).FlowLabel(0xabcde).DontFragment().IpOptions(4).Tcp(1, 2, TcpHeader.Syn, options: 8).Payload(77).WrongChecksum();
        byte[] actual = _path.FromPodA(packet).Bytes;
        PacketAssert.Equal(Delivered(packet, PodB), actual);
    }

    private static PacketBuilder Finish(PacketBuilder packet, bool partial) => partial ? packet.PartialChecksum() : packet;
}
