using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>Fragments (P35): later ones go the way of their first, or nowhere.</summary>
public sealed class FragmentTests
{
    private readonly PathHarness _path = new();

    [Fact]
    public void LaterFragmentsAreTranslatedLikeTheirFirst()
    {
        byte[] whole = PacketBuilder.IPv4(SampleNode.PodA, SampleNode.PodB).Udp(40_000, 5353).Payload(64).TimeToLive(63).Build();
        var first = _path.FromPodA(First(SampleNode.DnsService, 53, 64));
        PathAssert.Forwarded(SampleNode.PodBPort, first);
        var last = _path.FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.DnsService).Protocol(IpProtocol.Udp).Payload(whole.AsSpan(14 + 20 + 40)).Fragment(40, more: false));
        PathAssert.Forwarded(SampleNode.PodBPort, last);
        Assert.Equal((SampleNode.PodA, SampleNode.PodB), (last.Packet.Source, last.Packet.Destination));

        // Put together they are the packet as if it had come whole, its checksum right.
        byte[] together = [.. whole.AsSpan(0, 34), .. first.Bytes.AsSpan(34), .. last.Bytes.AsSpan(34)];
        PacketAssert.Equal(whole, together);
    }

    [Fact]
    public void LaterFragmentsGoThroughTheTunnel()
    {
        PathAssert.Forwarded(SampleNode.UplinkPort, _path.FromPodA(First(SampleNode.RemoteService, 80, 64)));
        var inner = PathAssert.Forwarded(SampleNode.UplinkPort, _path.FromPodA(Later(SampleNode.RemoteService))).Inner!;
        Assert.Equal((SampleNode.RemotePod, (ushort)5), (inner.Destination, inner.Fragment));
    }

    [Fact]
    public void DropsLaterFragmentsWhoseFirstDidNotCome() => PathAssert.Dropped(DropReason.FragmentFirstMissing, _path.FromPodA(Later(SampleNode.DnsService)));

    [Fact]
    public void DropsLaterFragmentsOfOtherPackets()
    {
        _path.FromPodA(First(SampleNode.DnsService, 53, 64));
        PathAssert.Dropped(DropReason.FragmentFirstMissing, _path.FromPodA(Later(SampleNode.DnsService).Identification(0x1235)));
        PathAssert.Dropped(DropReason.FragmentFirstMissing, _path.FromPodA(Later(SampleNode.PodB)));
    }

    [Fact]
    public void DropsLaterFragmentsThatComeTooLate()
    {
        _path.FromPodA(First(SampleNode.DnsService, 53, 64));
        _path.Now += 30;
        PathAssert.Dropped(DropReason.FragmentFirstMissing, _path.FromPodA(Later(SampleNode.DnsService)));
    }

    [Fact]
    public void LaterFragmentsOfDeniedPacketsAreDenied()
    {
        PathAssert.Dropped(DropReason.PolicyDenied, _path.FromPodB(First(SampleNode.Guarded, 53, 64, SampleNode.PodB)));
        PathAssert.Dropped(DropReason.PolicyDenied, _path.FromPodB(Later(SampleNode.Guarded, SampleNode.PodB)));
    }

    [Fact]
    public void ALaterFragmentOpensNoTcpConnection()
    {
        _path.FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.PodB).Tcp(40_000, 80).Payload(4).Fragment(0, more: true)); // no SYN
        PathAssert.Dropped(DropReason.ConntrackNoFlow, _path.FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.PodB).Protocol(IpProtocol.Tcp).Payload(24).Fragment(24, more: false)));
    }

    /// <summary>A pseudo-header's sum in a fragment is a checksum like any other: who fragments has completed it.</summary>
    [Fact]
    public void FragmentsAreNeverCompleted()
    {
        var result = _path.FromPodA(First(SampleNode.DnsService, 53, 32).PartialChecksum());
        Assert.Equal(PacketFlags.None, result.Info.Flags & PacketFlags.PartialChecksum);
    }

    // 32 bytes of payload of a datagram that has more; its checksum is that of the whole.
    private static PacketBuilder First(IPv4Address to, int port, int payload, IPv4Address? from = null)
    {
        byte[] whole = PacketBuilder.IPv4(from ?? SampleNode.PodA, to).Udp(40_000, port).Payload(payload).Build();
        return PacketBuilder.IPv4(from ?? SampleNode.PodA, to).Protocol(IpProtocol.Udp).Payload(whole.AsSpan(34, 40)).Fragment(0, more: true);
    }

    private static PacketBuilder Later(IPv4Address to, IPv4Address? from = null) =>
        PacketBuilder.IPv4(from ?? SampleNode.PodA, to).Protocol(IpProtocol.Udp).Payload(32).Fragment(40, more: false);
}
