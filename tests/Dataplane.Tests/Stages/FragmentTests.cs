using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Stages;

/// <summary>Fragments (P35): later ones go the way of their first, or nowhere.</summary>
public abstract class FragmentTests<TAddress> : FamilyTests<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private static readonly int FragmentHeader = Either(0, 8);
    private readonly PathHarnessOf<TAddress> _path = new();

    [Fact]
    public void LaterFragmentsAreTranslatedLikeTheirFirst()
    {
        byte[] whole = Ip(PodA, PodB).Udp(40_000, 5353).Payload(64).TimeToLive(63).Build();
        var first = _path.FromPodA(First(DnsService, 53, 64));
        PathAssert.Forwarded(PodBPort, first);
        var last = _path.FromPodA(Ip(PodA, DnsService).Protocol(IpProtocol.Udp).Payload(whole.AsSpan(Headers + 40)).Fragment(40, more: false));
        PathAssert.Forwarded(PodBPort, last);
        Assert.Equal((PodA, PodB), (Source(last.Packet), Destination(last.Packet)));

        // Put together they are the packet as if it had come whole, its checksum right.
        byte[] together = [.. whole.AsSpan(0, Headers), .. first.Bytes.AsSpan(Headers + FragmentHeader), .. last.Bytes.AsSpan(Headers + FragmentHeader)];
        PacketAssert.Equal(whole, together);
    }

    [Fact]
    public void LaterFragmentsGoThroughTheTunnel()
    {
        PathAssert.Forwarded(UplinkPort, _path.FromPodA(First(RemoteService, 80, 64)));
        var inner = PathAssert.Forwarded(UplinkPort, _path.FromPodA(Later(RemoteService))).Inner!;
        Assert.Equal((RemotePod, (ushort)5), (Destination(inner), inner.Fragment));
    }

    [Fact]
    public void P35_DropsLaterFragmentsWhoseFirstDidNotCome() => PathAssert.Dropped(DropReason.FragmentFirstMissing, _path.FromPodA(Later(DnsService)));

    [Fact]
    public void P35_DropsLaterFragmentsOfOtherPackets()
    {
        _path.FromPodA(First(DnsService, 53, 64));
        PathAssert.Dropped(DropReason.FragmentFirstMissing, _path.FromPodA(Later(DnsService).Identification(0x1235)));
        PathAssert.Dropped(DropReason.FragmentFirstMissing, _path.FromPodA(Later(PodB)));
    }

    [Fact]
    public void DropsLaterFragmentsThatComeTooLate()
    {
        _path.FromPodA(First(DnsService, 53, 64));
        _path.Now += 30;
        PathAssert.Dropped(DropReason.FragmentFirstMissing, _path.FromPodA(Later(DnsService)));
    }

    [Fact]
    public void P35_LaterFragmentsOfDeniedPacketsAreDenied()
    {
        PathAssert.Dropped(DropReason.PolicyDenied, _path.FromPodB(First(Guarded, 53, 64, PodB)));
        PathAssert.Dropped(DropReason.PolicyDenied, _path.FromPodB(Later(Guarded, PodB)));
    }

    [Fact]
    public void P35_ALaterFragmentOpensNoTcpConnection()
    {
        _path.FromPodA(Ip(PodA, PodB).Tcp(40_000, 80).Payload(4).Fragment(0, more: true)); // no SYN
        PathAssert.Dropped(DropReason.ConntrackNoFlow, _path.FromPodA(Ip(PodA, PodB).Protocol(IpProtocol.Tcp).Payload(24).Fragment(24, more: false)));
    }

    /// <summary>A pseudo-header's sum in a fragment is a checksum like any other: who fragments has completed it.</summary>
    [Fact]
    public void FragmentsAreNeverCompleted()
    {
        var result = _path.FromPodA(First(DnsService, 53, 32).PartialChecksum());
        Assert.Equal(PacketFlags.None, result.Info.Flags & PacketFlags.PartialChecksum);
    }

    // 32 bytes of payload of a datagram that has more; its checksum is that of the whole.
    private static PacketBuilder First(TAddress to, int port, int payload, TAddress? from = null)
    {
        byte[] whole = Ip(from ?? PodA, to).Udp(40_000, port).Payload(payload).Build();
        return Ip(from ?? PodA, to).Protocol(IpProtocol.Udp).Payload(whole.AsSpan(Headers, 40)).Fragment(0, more: true);
    }

    private static PacketBuilder Later(TAddress to, TAddress? from = null) =>
        Ip(from ?? PodA, to).Protocol(IpProtocol.Udp).Payload(32).Fragment(40, more: false);
}
