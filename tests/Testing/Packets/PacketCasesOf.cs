using Dataplane.Headers;
using Dataplane.Packets;

namespace Dataplane.Testing.Packets;

/// <summary>Packets of every kind that the path treats differently.</summary>
public static class PacketCases
{
    private const int SourcePort = 34; // of TCP and UDP behind IPv4 without options
    private const int InnerSourcePort = 50 + SourcePort;

    /// <summary>All of them; made anew on each call, since repeating one changes its bytes.</summary>
    public static IReadOnlyList<PacketCase> All() =>
    [
        // Established flows.
        PodToPod(), PodToServiceOnThisNode(), ServiceToPod(), PodToServiceOnAnotherNode(), OverlayToPod(),
        PodToServiceOnAnotherNode(1400) with { Name = "pod to ClusterIP to another node, 1,400 bytes" },
        FromPod("partial checksum to another node", Tcp(SampleNode.RemoteService, 80).PartialChecksum().Payload(1400)) with { Before = [Opening(SampleNode.RemoteService, 80)] },
        FromPod("super-packet to a pod", Tcp(SampleNode.PodB, 80).PartialChecksum().Payload(60_000)) with { Before = [Opening(SampleNode.PodB, 80)] },
        FromPod("super-packet to another node", Tcp(SampleNode.RemotePod, 80).PartialChecksum().Payload(60_000)) with { Before = [Opening(SampleNode.RemotePod, 80)] },
        FromPod("udp to a service", PacketBuilder.IPv4(SampleNode.PodA, SampleNode.DnsService).Udp(40_000, 53).Payload(40)),
        FromPod("udp without checksum", PacketBuilder.IPv4(SampleNode.PodA, SampleNode.DnsService).Udp(40_000, 53).NoChecksum().Payload(40)),
        FromPod("echo", PacketBuilder.IPv4(SampleNode.PodA, SampleNode.PodB).Icmp(IcmpHeader.EchoRequest, 0, 0x0007_0001).Payload(56)),
        FromPod("sctp", PacketBuilder.IPv4(SampleNode.PodA, SampleNode.PodB).Sctp(40_000, 80).Payload(16)),
        FromPod("another protocol", PacketBuilder.IPv4(SampleNode.PodA, SampleNode.PodB).Protocol(253).Payload(16)),
        FromPod("to the world", PacketBuilder.IPv4(SampleNode.PodA, SampleNode.World).Udp(40_000, 443).Payload(16)),
        FromPod("first fragment", PacketBuilder.IPv4(SampleNode.PodA, SampleNode.DnsService).Udp(40_000, 53).Payload(40).Fragment(0, more: true)),
        FromPod("later fragment", PacketBuilder.IPv4(SampleNode.PodA, SampleNode.DnsService).Protocol(IpProtocol.Udp).Payload(40).Fragment(48, more: false)) with
        {
            Before = [FromPod("first fragment", PacketBuilder.IPv4(SampleNode.PodA, SampleNode.DnsService).Udp(40_000, 53).Payload(40).Fragment(0, more: true))],
        },
        FromHost("host to a pod", PacketBuilder.IPv4(SampleNode.Gateway, SampleNode.PodA).Udp(40_000, 53).Payload(16)),

        // Flows that open.
        FromPod("new connection to a service", Tcp(SampleNode.WebService, 80, TcpHeader.Syn)) with { VaryAt = SourcePort },
        FromPod("new connection to itself", Tcp(SampleNode.SelfService, 80, TcpHeader.Syn)) with { VaryAt = SourcePort },
        FromPod("new connection to another node", Tcp(SampleNode.RemotePod, 80, TcpHeader.Syn)) with { VaryAt = SourcePort },
        FromHost("new connection of the host", PacketBuilder.IPv4(SampleNode.Gateway, SampleNode.WebService).Tcp(0, 80, TcpHeader.Syn)) with { VaryAt = SourcePort },
        FromOverlay("new connection from the tunnel", PacketBuilder.IPv4(SampleNode.RemotePod, SampleNode.PodA).Tcp(0, 80, TcpHeader.Syn)) with { VaryAt = InnerSourcePort },

        // Answers.
        FromPod("arp", PacketBuilder.Arp(ArpHeader.Request, SampleNode.MacOf(SampleNode.PodA), SampleNode.PodA, SampleNode.Gateway), VerdictKind.Reply),
        FromPod("to a service without endpoint", Tcp(SampleNode.EmptyService, 80, TcpHeader.Syn), VerdictKind.Reply),
        FromPod("ttl ends", PacketBuilder.IPv4(SampleNode.PodA, SampleNode.PodB).TimeToLive(1).Udp(40_000, 80), VerdictKind.Reply),
        FromPod("too large", PacketBuilder.IPv4(SampleNode.PodA, SampleNode.RemotePod).DontFragment().Udp(40_000, 80).Payload(1500), VerdictKind.Reply),
        TranslatedError(),

        // Drops.
        FromPod("spoofed", PacketBuilder.IPv4(SampleNode.PodB, SampleNode.PodA).Udp(40_000, 80), VerdictKind.Drop),
        FromPod("denied", PacketBuilder.IPv4(SampleNode.PodA, SampleNode.Guarded).Udp(40_000, 80), VerdictKind.Drop) with { VaryAt = SourcePort },
        FromPod("no flow", Tcp(SampleNode.PodB, 80), VerdictKind.Drop) with { VaryAt = SourcePort },
        FromPod("cut short", Tcp(SampleNode.PodB, 80).TotalLength(400), VerdictKind.Drop),
        FromPod("ipv6", Tcp(SampleNode.PodB, 80).EtherType(EtherTypes.IPv6), VerdictKind.Drop),
        FromPod("multicast", PacketBuilder.IPv4(SampleNode.PodA, new IPv4Address(224, 0, 0, 251)).Udp(5353, 5353), VerdictKind.Drop),
        FromOverlay("unknown vni", PacketBuilder.IPv4(SampleNode.RemotePod, SampleNode.PodA).Udp(40_000, 80).InVxlan(vni: 7), VerdictKind.Drop),
    ];

    /// <summary>A hot flow between two pods of the node.</summary>
    public static PacketCase PodToPod(int payload = 10) => FromPod("pod to pod", Tcp(SampleNode.PodB, 80).Payload(payload)) with { Before = [Opening(SampleNode.PodB, 80)] };

    /// <summary>A hot flow to a ClusterIP whose backend is on this node.</summary>
    public static PacketCase PodToServiceOnThisNode(int payload = 10) =>
        FromPod("pod to ClusterIP to pod", Tcp(SampleNode.WebService, 80).Payload(payload)) with { Before = [Opening(SampleNode.WebService, 80)] };

    /// <summary>The answers of <see cref="PodToServiceOnThisNode"/>.</summary>
    public static PacketCase ServiceToPod(int payload = 10) =>
        new("pod to pod, translated back", PacketOrigin.Pod, SampleNode.PodBPort, PacketBuilder.IPv4(SampleNode.PodB, SampleNode.PodA).Tcp(8080, 40_000).Payload(payload).Build(), VerdictKind.Forward)
        {
            Before = [Opening(SampleNode.WebService, 80)],
        };

    /// <summary>A hot flow to a ClusterIP whose backend is on another node.</summary>
    public static PacketCase PodToServiceOnAnotherNode(int payload = 10) =>
        FromPod("pod to ClusterIP to another node", Tcp(SampleNode.RemoteService, 80).Payload(payload)) with { Before = [Opening(SampleNode.RemoteService, 80)] };

    /// <summary>A hot flow out of the tunnel.</summary>
    public static PacketCase OverlayToPod(int payload = 10) =>
        FromOverlay("tunnel to pod", PacketBuilder.IPv4(SampleNode.RemotePod, SampleNode.PodA).Tcp(40_000, 80).Payload(payload)) with
        {
            Before = [FromOverlay("syn", PacketBuilder.IPv4(SampleNode.RemotePod, SampleNode.PodA).Tcp(40_000, 80, TcpHeader.Syn))],
        };

    private static PacketCase TranslatedError()
    {
        byte[] quote = PacketBuilder.IPv4(SampleNode.PodA, SampleNode.PodB).TimeToLive(63).Udp(40_000, 5353).Payload(40).BuildIp();
        byte[] error = PacketBuilder.IPv4(SampleNode.PodB, SampleNode.PodA).Icmp(IcmpHeader.DestinationUnreachable, IcmpHeader.PortUnreachable).Payload(quote).Build();
        return new("error about a translated flow", PacketOrigin.Pod, SampleNode.PodBPort, error, VerdictKind.Forward)
        {
            Before = [FromPod("udp", PacketBuilder.IPv4(SampleNode.PodA, SampleNode.DnsService).Udp(40_000, 53).Payload(40))],
        };
    }

    private static PacketCase Opening(IPv4Address to, int port) => FromPod("syn", Tcp(to, port, TcpHeader.Syn));

    private static PacketBuilder Tcp(IPv4Address to, int port, int flags = TcpHeader.Ack) => PacketBuilder.IPv4(SampleNode.PodA, to).Tcp(40_000, port, flags);

    private static PacketCase FromPod(string name, PacketBuilder packet, VerdictKind expected = VerdictKind.Forward) => new(name, PacketOrigin.Pod, SampleNode.PodAPort, packet.Build(), expected);

    private static PacketCase FromHost(string name, PacketBuilder packet) => new(name, PacketOrigin.Host, SampleNode.HostPort, packet.Build(), VerdictKind.Forward);

    private static PacketCase FromOverlay(string name, PacketBuilder packet, VerdictKind expected = VerdictKind.Forward) =>
        new(name, PacketOrigin.Uplink, SampleNode.UplinkPort, (expected == VerdictKind.Forward ? packet.InVxlan() : packet).Build(), expected);
}
