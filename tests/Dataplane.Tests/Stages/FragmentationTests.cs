using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Dataplane.Tests.Workers;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>Packets that are too large for the tunnel and whose sender lets routers fragment them: each fragment fits, and together they are what was sent.</summary>
public sealed class FragmentationTests : IDisposable
{
    private const int Piece = (SampleNode.PathMtu - IPv4Header.Size) / 8 * 8;
    private readonly PathHarness _path = new();
    private readonly TransmitterBed _bed = new();

    public void Dispose() => _bed.Dispose();

    [Theory]
    [InlineData(SampleNode.PathMtu - 28 + 1, 0, false)]
    [InlineData(SampleNode.PathMtu - 28 + 1, 0, true)]
    [InlineData(3 * Piece - 8, 0, true)] // fits exactly
    [InlineData(3 * Piece - 8 + 1, 0, true)]
    [InlineData(3 * Piece, 40, true)]
    [InlineData(20_001, 0, true)] // of several frames
    [InlineData(65_400, 40, false)]
    public void K31_WhatMayBeFragmentedIsCutIntoWhatFits(int payload, int ipOptions, bool partial)
    {
        int piece = (SampleNode.PathMtu - IPv4Header.Size - ipOptions) / 8 * 8;
        var packet = PacketBuilder.IPv4(SampleNode.PodA, SampleNode.RemoteService).IpOptions(ipOptions).Udp(40_000, 80).Identification(0x1234).Payload(payload);
        byte[] sent = (partial ? packet.PartialChecksum() : packet).Build();
        Assert.Equal(VerdictKind.Forward, _path.FromPod(SampleNode.PodAPort, sent).Verdict.Kind);
        Assert.Equal(DropReason.None, _bed.Send(_path, sent));
        var fragments = _bed.Sent().ConvertAll(frame => new DecodedPacket(frame).Inner!);

        Assert.Equal((UdpHeader.Size + payload + piece - 1) / piece, fragments.Count);
        var together = new List<byte>();
        for (int i = 0; i < fragments.Count; i++)
        {
            var fragment = fragments[i];
            bool last = i == fragments.Count - 1;
            Assert.Equal((SampleNode.PodA, SampleNode.RemotePod, (ushort)0x1234, true), (fragment.Source, fragment.Destination, fragment.Identification, fragment.IpChecksumIsRight));
            Assert.Equal(i * piece / 8 | (last ? 0 : IPv4Header.MoreFragments), fragment.Fragment);
            Assert.InRange(fragment.IpLength, IPv4Header.Size + ipOptions + 1, SampleNode.PathMtu);
            together.AddRange(fragment.Bytes.AsSpan(EthernetHeader.Size + IPv4Header.Size + ipOptions));
        }
        // The datagram as a whole, its checksum completed over all of it.
        byte[] expected = PacketBuilder.IPv4(SampleNode.PodA, SampleNode.RemotePod).Udp(40_000, 8080).Payload(payload).BuildIp()[IPv4Header.Size..];
        PacketAssert.Equal(expected, together.ToArray());
        Assert.True(_bed.NoFrameIsLost);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(2960, true)]
    [InlineData(5920, false)]
    public void AFragmentsFragmentsBeginWhereItDoes(int offset, bool more)
    {
        if (offset > 0) _path.FromPodA(Datagram(0, true, 1480)); // the ports are in the first one
        var fragment = Datagram(offset, more, 1480);
        byte[] sent = fragment.Build();
        Assert.Equal(VerdictKind.Forward, _path.FromPod(SampleNode.PodAPort, sent).Verdict.Kind);
        Assert.Equal(DropReason.None, _bed.Send(_path, sent));
        var pieces = _bed.Sent().ConvertAll(frame => new DecodedPacket(frame).Inner!);

        Assert.Equal(2, pieces.Count);
        Assert.Equal(offset / 8 | IPv4Header.MoreFragments, pieces[0].Fragment);
        Assert.Equal((offset + Piece) / 8 | (more ? IPv4Header.MoreFragments : 0), pieces[1].Fragment);
        Assert.Equal(1480, pieces.Sum(p => p.IpLength - IPv4Header.Size));
    }

    [Fact]
    public void TcpThatIsFragmentedAlreadyIsCutLikeAnythingElse()
    {
        byte[] sent = PacketBuilder.IPv4(SampleNode.PodA, SampleNode.RemotePod).Tcp(40_000, 80, TcpHeader.Syn).Payload(1480).Fragment(0, more: true).Build();
        var result = _path.FromPod(SampleNode.PodAPort, sent);
        Assert.Equal((VerdictKind.Forward, Piece), (result.Verdict.Kind, result.Info.SegmentSize));
    }

    [Fact]
    public void DropsWhatNoFragmentWouldFit()
    {
        var path = new PathHarness(new SampleNode { Mtu = IPv4Header.Size + 7 }.Build());
        PathAssert.Dropped(DropReason.FragmentationNeeded, path.FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.RemotePod).Udp(40_000, 80).Payload(1)));
    }

    private static PacketBuilder Datagram(int offset, bool more, int bytes) =>
        offset == 0
            ? PacketBuilder.IPv4(SampleNode.PodA, SampleNode.RemotePod).Identification(7).Udp(40_000, 80).Payload(bytes - UdpHeader.Size).Fragment(0, more)
            : PacketBuilder.IPv4(SampleNode.PodA, SampleNode.RemotePod).Identification(7).Protocol(IpProtocol.Udp).Payload(bytes).Fragment(offset, more);
}
