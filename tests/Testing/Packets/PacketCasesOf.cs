using Dataplane.Headers;
using Dataplane.Packets;

namespace Dataplane.Testing.Packets;

/// <summary>Packets of every kind that the path treats differently.</summary>
public class PacketCasesOf<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private static readonly int SourcePort = 14 + Family<TAddress>.HeaderLength; // of TCP and UDP behind an IP header without options
    private static readonly int Fitting = Family<TAddress>.Either(1400, 1380); // bytes of TCP payload that go through the tunnel whole
    private static readonly int InnerSourcePort = 50 + SourcePort;

    /// <summary>All of them; made anew on each call, since repeating one changes its bytes.</summary>
    public static IReadOnlyList<PacketCase> All() =>
    [
        // Established flows.
        PodToPod(), PodToServiceOnThisNode(), ServiceToPod(), PodToServiceOnAnotherNode(), OverlayToPod(),
        PodToServiceOnAnotherNode(Fitting) with { Name = "pod to ClusterIP to another node, large" },
        FromPod("partial checksum to another node", Tcp(SampleNodeOf<TAddress>.RemoteService, 80).PartialChecksum().Payload(Fitting)) with { Before = [Opening(SampleNodeOf<TAddress>.RemoteService, 80)] },
        FromPod("super-packet to a pod", Tcp(SampleNodeOf<TAddress>.PodB, 80).PartialChecksum().Payload(60_000)) with { Before = [Opening(SampleNodeOf<TAddress>.PodB, 80)] },
        FromPod("super-packet to another node", Tcp(SampleNodeOf<TAddress>.RemotePod, 80).PartialChecksum().Payload(60_000)) with { Before = [Opening(SampleNodeOf<TAddress>.RemotePod, 80)] },
        FromPod("udp to a service", Packet(SampleNodeOf<TAddress>.DnsService).Udp(40_000, 53).Payload(40)),
        FromPod("udp without checksum", Packet(SampleNodeOf<TAddress>.DnsService).Udp(40_000, 53).NoChecksum().Payload(40)),
        FromPod("echo", Packet(SampleNodeOf<TAddress>.PodB).EchoRequest().Payload(56)),
        FromPod("sctp", Packet(SampleNodeOf<TAddress>.PodB).Sctp(40_000, 80).Payload(16)),
        FromPod("options", Packet(SampleNodeOf<TAddress>.PodB).IpOptions(24).Udp(40_000, 80).Payload(16)),
        FromPod("another protocol", Packet(SampleNodeOf<TAddress>.PodB).Protocol(253).Payload(16)),
        FromPod("to the world", Packet(SampleNodeOf<TAddress>.World).Udp(40_000, 443).Payload(16)),
        FromPod("first fragment", Packet(SampleNodeOf<TAddress>.DnsService).Udp(40_000, 53).Payload(40).Fragment(0, more: true)),
        FromPod("later fragment", Packet(SampleNodeOf<TAddress>.DnsService).Protocol(IpProtocol.Udp).Payload(40).Fragment(48, more: false)) with
        {
            Before = [FromPod("first fragment", Packet(SampleNodeOf<TAddress>.DnsService).Udp(40_000, 53).Payload(40).Fragment(0, more: true))],
        },
        FromHost("host to a pod", PacketBuilder.Ip(SampleNodeOf<TAddress>.Gateway, SampleNodeOf<TAddress>.PodA).Udp(40_000, 53).Payload(16)),

        // Flows that open.
        FromPod("new connection to a service", Tcp(SampleNodeOf<TAddress>.WebService, 80, TcpHeader.Syn)) with { VaryAt = SourcePort },
        FromPod("new connection to itself", Tcp(SampleNodeOf<TAddress>.SelfService, 80, TcpHeader.Syn)) with { VaryAt = SourcePort },
        FromPod("new connection to another node", Tcp(SampleNodeOf<TAddress>.RemotePod, 80, TcpHeader.Syn)) with { VaryAt = SourcePort },
        FromHost("new connection of the host", PacketBuilder.Ip(SampleNodeOf<TAddress>.Gateway, SampleNodeOf<TAddress>.WebService).Tcp(0, 80, TcpHeader.Syn)) with { VaryAt = SourcePort },
        FromOverlay("new connection from the tunnel", PacketBuilder.Ip(SampleNodeOf<TAddress>.RemotePod, SampleNodeOf<TAddress>.PodA).Tcp(0, 80, TcpHeader.Syn)) with { VaryAt = InnerSourcePort },

        // Answers.
        FromPod("who has the gateway", WhoHas(), VerdictKind.Reply),
        FromPod("to a service without endpoint", Tcp(SampleNodeOf<TAddress>.EmptyService, 80, TcpHeader.Syn), VerdictKind.Reply),
        FromPod("ttl ends", Packet(SampleNodeOf<TAddress>.PodB).TimeToLive(1).Udp(40_000, 80), VerdictKind.Reply),
        FromPod("too large", Packet(SampleNodeOf<TAddress>.RemotePod).DontFragment().Udp(40_000, 80).Payload(1500), VerdictKind.Reply),
        TranslatedError(),

        // Drops.
        FromPod("spoofed", PacketBuilder.Ip(SampleNodeOf<TAddress>.PodB, SampleNodeOf<TAddress>.PodA).Udp(40_000, 80), VerdictKind.Drop),
        FromPod("denied", Packet(SampleNodeOf<TAddress>.Guarded).Udp(40_000, 80), VerdictKind.Drop) with { VaryAt = SourcePort },
        FromPod("no flow", Tcp(SampleNodeOf<TAddress>.PodB, 80), VerdictKind.Drop) with { VaryAt = SourcePort },
        FromPod("cut short", Tcp(SampleNodeOf<TAddress>.PodB, 80).TotalLength(400), VerdictKind.Drop),
        FromPod("of the other family", Tcp(SampleNodeOf<TAddress>.PodB, 80).EtherType(Family<TAddress>.Either(EtherTypes.IPv6, EtherTypes.IPv4)), VerdictKind.Drop),
        FromPod("multicast", PacketBuilder.Ip(SampleNodeOf<TAddress>.PodA, Family<TAddress>.Address("224.0.0.251", "ff0e::fb")).Udp(5353, 5353), VerdictKind.Drop),
        FromOverlay("unknown vni", PacketBuilder.Ip(SampleNodeOf<TAddress>.RemotePod, SampleNodeOf<TAddress>.PodA).Udp(40_000, 80).InVxlan(vni: 7), VerdictKind.Drop),
        .. Family<TAddress>.IsV6 ? OnlyV6() : [],
    ];

    private static PacketCase[] OnlyV6() =>
    [
        FromPod("extension headers", Packet(SampleNodeOf<TAddress>.WebService).HopByHop(16).Routing(0).DestinationOptions(264).Tcp(40_000, 80, TcpHeader.Syn)) with { VaryAt = SourcePort + 16 + 24 + 264 },
        FromPod("atomic fragment", Packet(SampleNodeOf<TAddress>.DnsService).Fragment(0, more: false).Udp(40_000, 53)),
        FromPod("no next header", Packet(SampleNodeOf<TAddress>.PodB).Protocol(IPv6Packets.NoNextHeader)),
        FromPod("source routed", Packet(SampleNodeOf<TAddress>.PodB).Routing(1).Udp(40_000, 80), VerdictKind.Drop),
        FromPod("too many extension headers", Packet(SampleNodeOf<TAddress>.PodB).HopByHop().HopByHop().HopByHop().HopByHop().HopByHop().HopByHop().HopByHop().HopByHop().HopByHop().Udp(1, 2), VerdictKind.Drop),
        FromPod("probe for a duplicate", IPv6Packets.NeighborSolicitation(default, V6(SampleNodeOf<TAddress>.PodA), null), VerdictKind.Drop),
        FromPod("neighbour solicitation from afar", IPv6Packets.NeighborSolicitation(V6(SampleNodeOf<TAddress>.PodA), V6(SampleNodeOf<TAddress>.Gateway), null).TimeToLive(254), VerdictKind.Drop),
        FromPod("listener report", IPv6Packets.Link(default, IPv6Address.Parse("ff02::16")).RouterAlert().Icmp(143).Payload(20), VerdictKind.Drop),
    ];

    private static IPv6Address V6(TAddress address) => address.Widen();

    private static PacketBuilder WhoHas() => Family<TAddress>.IsV6
        ? IPv6Packets.NeighborSolicitation(V6(SampleNodeOf<TAddress>.PodA), V6(SampleNodeOf<TAddress>.Gateway), SampleNode.MacOf(SampleNodeOf<TAddress>.PodA))
        : PacketBuilder.Arp(ArpHeader.Request, SampleNode.MacOf(SampleNode.PodA), SampleNode.PodA, SampleNode.Gateway);

    private static PacketBuilder Packet(TAddress to) => PacketBuilder.Ip(SampleNodeOf<TAddress>.PodA, to);

    /// <summary>A hot flow between two pods of the node.</summary>
    public static PacketCase PodToPod(int payload = 10) => FromPod("pod to pod", Tcp(SampleNodeOf<TAddress>.PodB, 80).Payload(payload)) with { Before = [Opening(SampleNodeOf<TAddress>.PodB, 80)] };

    /// <summary>A hot flow to a ClusterIP whose backend is on this node.</summary>
    public static PacketCase PodToServiceOnThisNode(int payload = 10) =>
        FromPod("pod to ClusterIP to pod", Tcp(SampleNodeOf<TAddress>.WebService, 80).Payload(payload)) with { Before = [Opening(SampleNodeOf<TAddress>.WebService, 80)] };

    /// <summary>The answers of <see cref="PodToServiceOnThisNode"/>.</summary>
    public static PacketCase ServiceToPod(int payload = 10) =>
        new("pod to pod, translated back", PacketOrigin.Pod, SampleNodeOf<TAddress>.PodBPort, PacketBuilder.Ip(SampleNodeOf<TAddress>.PodB, SampleNodeOf<TAddress>.PodA).Tcp(8080, 40_000).Payload(payload).Build(), VerdictKind.Forward)
        {
            Before = [Opening(SampleNodeOf<TAddress>.WebService, 80)],
        };

    /// <summary>A hot flow to a ClusterIP whose backend is on another node.</summary>
    public static PacketCase PodToServiceOnAnotherNode(int payload = 10) =>
        FromPod("pod to ClusterIP to another node", Tcp(SampleNodeOf<TAddress>.RemoteService, 80).Payload(payload)) with { Before = [Opening(SampleNodeOf<TAddress>.RemoteService, 80)] };

    /// <summary>A hot flow out of the tunnel.</summary>
    public static PacketCase OverlayToPod(int payload = 10) =>
        FromOverlay("tunnel to pod", PacketBuilder.Ip(SampleNodeOf<TAddress>.RemotePod, SampleNodeOf<TAddress>.PodA).Tcp(40_000, 80).Payload(payload)) with
        {
            Before = [FromOverlay("syn", PacketBuilder.Ip(SampleNodeOf<TAddress>.RemotePod, SampleNodeOf<TAddress>.PodA).Tcp(40_000, 80, TcpHeader.Syn))],
        };

    private static PacketCase TranslatedError()
    {
        byte[] quote = Packet(SampleNodeOf<TAddress>.PodB).TimeToLive(63).Udp(40_000, 5353).Payload(40).BuildIp();
        byte[] error = PacketBuilder.Ip(SampleNodeOf<TAddress>.PodB, SampleNodeOf<TAddress>.PodA).Error(IcmpError.PortUnreachable).Payload(quote).Build();
        return new("error about a translated flow", PacketOrigin.Pod, SampleNodeOf<TAddress>.PodBPort, error, VerdictKind.Forward)
        {
            Before = [FromPod("udp", Packet(SampleNodeOf<TAddress>.DnsService).Udp(40_000, 53).Payload(40))],
        };
    }

    private static PacketCase Opening(TAddress to, int port) => FromPod("syn", Tcp(to, port, TcpHeader.Syn));

    private static PacketBuilder Tcp(TAddress to, int port, int flags = TcpHeader.Ack) => Packet(to).Tcp(40_000, port, flags);

    private static PacketCase FromPod(string name, PacketBuilder packet, VerdictKind expected = VerdictKind.Forward) => new(name, PacketOrigin.Pod, SampleNodeOf<TAddress>.PodAPort, packet.Build(), expected);

    private static PacketCase FromHost(string name, PacketBuilder packet) => new(name, PacketOrigin.Host, SampleNodeOf<TAddress>.HostPort, packet.Build(), VerdictKind.Forward);

    private static PacketCase FromOverlay(string name, PacketBuilder packet, VerdictKind expected = VerdictKind.Forward) =>
        new(name, PacketOrigin.Uplink, SampleNodeOf<TAddress>.UplinkPort, (expected == VerdictKind.Forward ? packet.InVxlan() : packet).Build(), expected);
}
