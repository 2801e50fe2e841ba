using Dataplane.Conntrack;
using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Stages;
using Dataplane.Tables;
using Dataplane.Testing.Packets;
using Dataplane.Tests.Workers;
using Xdp.Interop;
using Xunit;
using V6 = Dataplane.Testing.Packets.SampleNodeOf<Dataplane.Packets.IPv6Address>;

namespace Dataplane.Tests;

/// <summary>Every reason for which a packet can die, and a packet that dies for it. A reason that is added and never given fails here.</summary>
public sealed class DropReasonTests
{
    /// <summary>Given only by a socket under pressure; the test that brings them about needs root.</summary>
    private static readonly Dictionary<DropReason, string> WithSocket = new()
    {
        [DropReason.TransmitRingFull] = nameof(PortTests.DropsWhatTheRingHasNoRoomFor),
        [DropReason.TransmitFailed] = nameof(PortTests.CountsWhatTheKernelRefuses),
    };

    private static readonly Dictionary<DropReason, Func<DropReason>> Producers = new()
    {
        [DropReason.EthernetTruncated] = () => FromPodA(new byte[13]),
        [DropReason.EtherTypeUnsupported] = () => FromPodA(Udp().EtherType(EtherTypes.IPv6).Build()),
        [DropReason.ArpInvalid] = () => FromPodA(PacketBuilder.Arp(1, default, SampleNode.PodA, SampleNode.Gateway).Build()[..40]),
        [DropReason.ArpIgnored] = () => FromPodA(PacketBuilder.Arp(ArpHeader.Reply, default, SampleNode.PodA, SampleNode.Gateway).Build()),
        [DropReason.NeighborDiscoveryIgnored] = () => FromV6Pod(IPv6Packets.NeighborSolicitation(default, V6.PodA, null)),
        [DropReason.NeighborDiscoveryInvalid] = () => FromV6Pod(IPv6Packets.NeighborSolicitation(V6.PodA, V6.Gateway, null).TimeToLive(254)),
        [DropReason.IpHeaderInvalid] = () => FromPodA(Udp().IpHeaderWords(4).Build()),
        [DropReason.TcpHeaderInvalid] = () => FromPodA(Tcp().TcpHeaderWords(4).Build()),
        [DropReason.UdpHeaderInvalid] = () => FromPodA(Udp().UdpLength(7).Build()),
        [DropReason.IcmpHeaderInvalid] = () => FromPodA(ToPodB().Protocol(IpProtocol.Icmp).Payload(7).Build()),
        [DropReason.SctpHeaderInvalid] = () => FromPodA(ToPodB().Protocol(IpProtocol.Sctp).Payload(11).Build()),
        [DropReason.MulticastUnsupported] = () => FromPodA(PacketBuilder.IPv4(SampleNode.PodA, new IPv4Address(224, 0, 0, 1)).Udp(1, 2).Build()),
        [DropReason.SourceSpoofed] = () => FromPodA(PacketBuilder.IPv4(SampleNode.PodB, SampleNode.PodA).Udp(1, 2).Build()),
        [DropReason.PolicyNotReady] = () => FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.Starting).Udp(1, 2).Build()),
        [DropReason.PolicyDenied] = () => FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.Guarded).Udp(1, 2).Build()),
        [DropReason.ConntrackNoFlow] = () => FromPodA(Tcp().Build()),
        [DropReason.ConntrackFull] = Full,
        [DropReason.ConntrackContended] = () => OpenFlow.Refused(InsertResult.Contended).Reason, // two threads at once: ConntrackStressTests
        [DropReason.NatPortsExhausted] = NoPorts,
        [DropReason.FragmentFirstMissing] = () => FromPodA(ToPodB().Protocol(IpProtocol.Udp).Payload(8).Fragment(64, more: false).Build()),
        [DropReason.ServiceUnknown] = () => FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.NoService).Udp(1, 2).Build()),
        [DropReason.ServiceNoLocalEndpoints] = () => ToService(FrontendKind.ClusterIp),
        [DropReason.ServiceSourceDenied] = () => ToService(FrontendKind.LoadBalancer),
        [DropReason.NatProtocolUnsupported] = () => Reason(new PathHarness(new SampleNode { Masquerade = true }.Build()).FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.World).Protocol(47).Payload(20))),
        [DropReason.ConnectionOrphaned] = Orphaned,
        [DropReason.ServiceNoEndpoints] = () => FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.EmptyService).Tcp(1, 80, TcpHeader.Syn).Build()),
        [DropReason.RouteUnreachable] = () => FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.NoPod).Udp(1, 2).Build()),
        [DropReason.RouteNotLocal] = () => FromOverlay(PacketBuilder.IPv4(SampleNode.RemotePod, SampleNode.World).Udp(1, 2).InVxlan()),
        [DropReason.NeighborUnresolved] = () => FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.LostPod).Udp(1, 2).Build()),
        [DropReason.HopLimitExceeded] = () => FromPodA(Udp().TimeToLive(1).Build()),
        [DropReason.FragmentationNeeded] = () => new PathHarness(new SampleNode { Mtu = 27 }.Build()).FromPod(SampleNode.PodAPort, PacketBuilder.IPv4(SampleNode.PodA, SampleNode.RemotePod).Udp(1, 2).Payload(2000).Build()).Verdict.Reason, // not even 8 bytes fit
        [DropReason.VxlanHeaderInvalid] = () => FromOverlay(Udp().InVxlan().UdpLength(15)),
        [DropReason.VniUnknown] = () => FromOverlay(Udp().InVxlan(vni: 2)),
        [DropReason.VtepUnknown] = () => FromOverlay(Udp().InVxlan(from: SampleNode.World)),
        [DropReason.HeadroomExhausted] = () => Reason(new PathHarness { Start = 0 }.FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.RemotePod).Udp(1, 2))),
        [DropReason.IcmpErrorUnrelated] = () => FromPodA(ToPodB().Icmp(IcmpHeader.DestinationUnreachable).Build()),
        [DropReason.IcmpRateLimited] = TooManyErrors,
        [DropReason.EcnInvalid] = () => FromOverlay(PacketBuilder.IPv4(SampleNode.RemotePod, SampleNode.PodA).Udp(1, 2).InVxlan().TypeOfService(3)),
        [DropReason.PortGone] = PortGone,
        [DropReason.FrameTooLarge] = () => Transmit(new TransmitterBed(multiBuffer: false), 5000),
        [DropReason.FramesExhausted] = () => Transmit(new TransmitterBed(frames: 4), 10_000, SampleNode.RemotePod),
        [DropReason.HandoffRingFull] = () => Transmit(new TransmitterBed(ring: 1), 5000),
    };

    public static TheoryData<DropReason> Reasons()
    {
        var data = new TheoryData<DropReason>();
        foreach (var reason in Producers.Keys) data.Add(reason);
        return data;
    }

    [Theory]
    [MemberData(nameof(Reasons))]
    public void IsGiven(DropReason reason) => Assert.Equal(reason, Producers[reason]());

    [Fact]
    public void EveryReasonHasAPacketThatDiesForIt()
    {
        Assert.Equal(
            Enum.GetValues<DropReason>().Except([DropReason.None]).Order(),
            Producers.Keys.Concat(WithSocket.Keys).Order());
        Assert.All(WithSocket.Values, test => Assert.NotNull(typeof(PortTests).GetMethod(test)));
    }

    private static DropReason Full()
    {
        var path = new PathHarness(flows: 16);
        Verdict verdict = default;
        for (int port = 1000; port < 1020 && verdict.Kind != VerdictKind.Drop; port++) verdict = path.Run(ToPodB().Udp(port, 53).Build(), PacketOrigin.Pod, SampleNode.PodAPort);
        return verdict.Reason;
    }

    private static DropReason NoPorts()
    {
        // Every port from which the gateway could reach the pod is taken.
        var path = new PathHarness(flows: 70_000);
        byte[] frame = PacketBuilder.IPv4(SampleNode.Gateway, SampleNode.PodA).Tcp(0, 8080, TcpHeader.Syn).Build();
        for (int port = 0; port < 65_536; port++)
        {
            (frame[34], frame[35]) = ((byte)(port >> 8), (byte)port);
            path.Run(frame, PacketOrigin.Host, SampleNode.HostPort);
        }
        return Reason(path.FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.SelfService).Tcp(40_000, 80, TcpHeader.Syn)));
    }

    // A service with one endpoint, on another node, whose load balancer's address is for nobody.
    private static DropReason ToService(FrontendKind kind)
    {
        var service = new Service<IPv4Address> { Id = 1, Cluster = SampleNode.Set(SampleNode.At(SampleNode.RemotePod, 80)), Local = SampleNode.Set(), InternalLocal = true, SourceRanges = new PrefixTable<IPv4Address>([]) };
        var node = new SampleNode { Frontends = { new(SampleNode.Partner, IpProtocol.Tcp, 443, kind, service) } };
        return Reason(new PathHarness(node.Build()).FromPodA(PacketBuilder.IPv4(SampleNode.PodA, SampleNode.Partner).Tcp(1, 443, TcpHeader.Syn)));
    }

    private static DropReason Orphaned()
    {
        var path = new PathHarness();
        path.FromPodA(ToPodB().Tcp(1, 2, TcpHeader.Syn));
        path.Conntrack.Reader.Orphan(_ => true);
        return Reason(path.FromPodA(Tcp()));
    }

    private static DropReason TooManyErrors()
    {
        var path = new PathHarness();
        for (int i = 0; i < 1000; i++) path.FromPodA(Udp().TimeToLive(1));
        return Reason(path.FromPodA(Udp().TimeToLive(1)));
    }

    private static DropReason PortGone()
    {
        using var bed = new TransmitterBed();
        bed.Pool.TryTake(out ulong address);
        PacketInfo<IPv4Address> info = default;
        return bed.Transmitter.Send(null, [new XdpDescriptor(address, 60)], ref info);
    }

    private static DropReason Transmit(TransmitterBed bed, int payload, IPv4Address? to = null)
    {
        using (bed)
        {
            var path = new PathHarness();
            var destination = to ?? SampleNode.PodB;
            path.FromPodA(PacketBuilder.IPv4(SampleNode.PodA, destination).Tcp(1, 2, TcpHeader.Syn));
            byte[] frame = PacketBuilder.IPv4(SampleNode.PodA, destination).Tcp(1, 2).Payload(payload).Build();
            path.FromPod(SampleNode.PodAPort, frame);
            return bed.Send(path, frame);
        }
    }

    private static PacketBuilder ToPodB() => PacketBuilder.IPv4(SampleNode.PodA, SampleNode.PodB);

    private static PacketBuilder Udp() => ToPodB().Udp(1, 2);

    private static PacketBuilder Tcp() => ToPodB().Tcp(1, 2);

    private static DropReason FromPodA(byte[] frame) => Reason(new PathHarness().FromPod(SampleNode.PodAPort, frame));

    private static DropReason FromV6Pod(PacketBuilder packet) => new PathHarnessOf<IPv6Address>().FromPodA(packet).Verdict.Reason;

    private static DropReason FromOverlay(PacketBuilder packet) => Reason(new PathHarness().FromOverlay(packet.Build()));

    private static DropReason Reason(PathResult<IPv4Address> result) => result.Verdict.Kind == VerdictKind.Drop ? result.Verdict.Reason : result.Info.ReplyReason;
}
