using System.Net;
using System.Net.Sockets;
using Dataplane.Headers;
using Dataplane.Testing;
using Xunit;
using OpenNamespace = Xdp.Interop.Links.NetworkNamespace;

namespace Xdp.Interop.Tests;

/// <summary>
/// K27: what the uplink's program takes of IPv6 for services and for translated sources. Cases are lines of "what it is: taken or passed", so that a
/// failure names them.
/// </summary>
public sealed class ServiceSteering6Tests
{
    private const uint Dropped = 2; // enum counter of maps.h
    private const byte HopByHop = IPv6Header.HopByHop, Destination = IPv6Header.DestinationOptions, Routing = IPv6Header.Routing;
    private static readonly IPAddress Client = IPAddress.Parse("2001:db8:c::5"), Node = IPAddress.Parse("2001:db8:9::9"), External = IPAddress.Parse("2001:db8:e::7");
    private static readonly IPAddress PlainAddress = IPAddress.Parse("2001:db8:9::8"), NodePortOnly = IPAddress.Parse("2001:db8:9::7"), NatOnly = IPAddress.Parse("2001:db8:9::6");

    [RequiresRootFact]
    public void K27_K8_K10_FrontendsAreTakenByAddressPortAndProtocol()
    {
        using var uplink = Open();
        Check(uplink,
            ("TCP to a node port", To(Node).Tcp(40_000, 30080), true),
            ("UDP to a node port", To(Node).Udp(40_000, 30053), true),
            ("SCTP to a node port", To(Node).Sctp(40_000, 30090), true),
            ("node port at an address that has nothing else", To(NodePortOnly).Tcp(40_000, 30080), true),
            ("external IP", To(External).Tcp(40_000, 443), true),
            ("host port of one address", To(Node).Udp(40_000, 53), true),
            ("segment of 40 kB", To(Node).Tcp(40_000, 30080, payload: 40_000), true),
            ("another port", To(Node).Tcp(40_000, 30081), false),
            ("SSH", To(Node).Tcp(40_000, 22), false),
            ("the port as source", To(Node).Tcp(30080, 40_000), false),
            ("another protocol's port", To(Node).Udp(40_000, 30080), false),
            ("another address's port", To(Node).Tcp(40_000, 443), false),
            ("another external address", To(IPAddress.Parse("2001:db8:e::8")).Tcp(40_000, 443), false),
            ("an address that begins like the external one", To(IPAddress.Parse("2001:db8:e::7:0")).Tcp(40_000, 443), false),
            ("another port of the external IP", To(External).Tcp(40_000, 444), false),
            ("host port at another address", To(NodePortOnly).Udp(40_000, 53), false),
            ("node port at an address not served", To(PlainAddress).Tcp(40_000, 30080), false),
            ("node port at an address for translation", To(NatOnly).Tcp(40_000, 30080), false),
            ("node port at no address of the node", To(External).Tcp(40_000, 30080), false),
            ("node port of IPv4", To(Node).Tcp(40_000, 31080), false),
            ("another protocol whose bytes are the port", To(Node).Payload(253, [0, 0, 0x75, 0x80, 0, 0, 0, 0]), false),
            ("VXLAN: tunnels are IPv4", To(Node).Udp(40_000, 4789, payload: 60), false));
        uplink.AddFrontend("0.0.0.0", 31080, IpProtocol.Tcp);
        Assert.False(uplink.IsTaken(To(Node).Tcp(40_000, 31080).Build()));
    }

    /// <summary>S5: whatever is above IPv6, a pod's packet is the pod's; but nobody routes what a link-local address has sent.</summary>
    [RequiresRootFact]
    public void S5_PacketsToLocalPodsAreTakenWithNativeRoutingOnly()
    {
        using var uplink = Open();
        IPAddress pod = IPAddress.Parse("fd00:10:244:1::7");
        uplink.Program.Map("local_pods6").Update(new PodPrefix(64, Dataplane.Packets.IPv6Address.Parse("fd00:10:244:1::")), (byte)1);
        Check(uplink, ("without it", To(pod).Udp(40_000, 53), false));
        uplink.Configure(nativeRouting: 1);
        Check(uplink,
            ("UDP", To(pod).Udp(40_000, 53), true),
            ("TCP of 40 kB", To(pod).Tcp(40_000, 22, payload: 40_000), true),
            ("echo request", To(pod).Icmp(Icmpv6.EchoRequest, 7), true),
            ("a later fragment", To(pod).Fragment(8, more: false, 7).Payload(17, new byte[16]), true),
            ("a router's error", Error(Icmpv6.PacketTooBig, new Frame6(pod, Client).Tcp(50_000, 443), To(pod)), true),
            ("the last of the prefix", To(IPAddress.Parse("fd00:10:244:1:ffff:ffff:ffff:ffff")).Udp(40_000, 53), true),
            ("another node's pod", To(IPAddress.Parse("fd00:10:244:2::7")).Udp(40_000, 53), false),
            ("the node", To(Node).Tcp(40_000, 22), false),
            ("from the link", new Frame6(IPAddress.Parse("fe80::1"), pod).Udp(40_000, 53), false));
    }

    [RequiresRootFact]
    public void K27_OptionsAreSkippedAndUnknownHeadersAreTheKernels()
    {
        using var uplink = Open();
        Check(uplink,
            ("hop-by-hop options", To(Node).Options(HopByHop).Tcp(40_000, 30080), true),
            ("options for the destination", To(Node).Options(Destination, 64).Tcp(40_000, 30080), true),
            ("the longest options", To(Node).Options(Destination, 2048).Tcp(40_000, 30080), true),
            ("both", To(Node).Options(HopByHop, 16).Options(Destination, 24).Udp(40_000, 30053), true),
            ("as many as are looked at", Many(4).Tcp(40_000, 30080), true),
            ("one more", Many(5).Tcp(40_000, 30080), false),
            ("a fragment that is alone", To(Node).Fragment(0, more: false, 1).Tcp(40_000, 30080), true),
            ("with options before and behind", To(Node).Options(HopByHop).Fragment(0, more: false, 1).Options(Destination).Tcp(40_000, 30080), true),
            ("an answer to a translated source", To(Node).Options(HopByHop).Udp(53, 50_000), true),
            ("options before SSH", To(Node).Options(HopByHop).Tcp(40_000, 22), false),
            ("routing header", To(Node).Options(Routing, 24).Tcp(40_000, 30080), false),
            ("options, then a routing header", To(Node).Options(HopByHop).Options(Routing, 24).Tcp(40_000, 30080), false),
            ("authentication", To(Node).Authentication().Tcp(40_000, 30080), false),
            ("nothing above", To(Node).Payload(59, [0, 0, 0x75, 0x80, 0, 0, 0, 0]), false),
            ("options and nothing above", To(Node).Options(HopByHop).Payload(59, [0, 0, 0x75, 0x80, 0, 0, 0, 0]), false));
        Assert.False(uplink.IsTaken(To(Node).Options(HopByHop).Payload(IpProtocol.Tcp, []).Build()));

        static Frame6 Many(int headers)
        {
            var frame = To(Node);
            for (int i = 0; i < headers; i++) frame.Options(Destination);
            return frame;
        }
    }

    [RequiresRootFact]
    public void K27_AnswersToTranslatedSourcesAreTakenWithinTheRange()
    {
        using var uplink = Open();
        Check(uplink,
            ("TCP, first port", To(Node).Tcp(443, 49152), true),
            ("TCP, last port", To(NatOnly).Tcp(443, 65535), true),
            ("UDP", To(Node).Udp(53, 50_000), true),
            ("SCTP", To(Node).Sctp(36412, 50_000), true),
            ("echo reply", To(Node).Icmp(Icmpv6.EchoReply, 50_000), true),
            ("below the range", To(Node).Tcp(443, 49151), false),
            ("an address without translation", To(NodePortOnly).Tcp(443, 50_000), false),
            ("no address of the node", To(External).Tcp(443, 50_000), false),
            ("the range as source", To(Node).Tcp(50_000, 22), false),
            ("echo reply below the range", To(Node).Icmp(Icmpv6.EchoReply, 49151), false),
            ("echo reply to an address without translation", To(NodePortOnly).Icmp(Icmpv6.EchoReply, 50_000), false),
            ("echo request", To(Node).Icmp(Icmpv6.EchoRequest, 50_000), false));
        uplink.Configure(vxlanPort: 4789);
        Check(uplink,
            ("without a range", To(Node).Tcp(443, 50_000), false),
            ("port 0 without a range", To(Node).Tcp(443, 0), false));
    }

    [RequiresRootFact]
    public void K27_ConnectionsToPortsOfTheRangeAndToFrontendsThatLingerAreTheNodes()
    {
        using var uplink = Open();
        uplink.AddFrontend("::", 30081, IpProtocol.Tcp, UplinkBed.Lingers);
        uplink.AddFrontend(External.ToString(), 444, IpProtocol.Tcp, UplinkBed.Lingers);
        Check(uplink,
            ("SYN", To(Node).Tcp(40_000, 50_000, flags: TcpHeader.Syn), false),
            ("SYN behind options", To(Node).Options(HopByHop).Options(Destination, 24).Tcp(40_000, 50_000, flags: TcpHeader.Syn), false),
            ("SYN-ACK", To(Node).Tcp(443, 50_000, flags: TcpHeader.Syn | TcpHeader.Ack), true),
            ("SYN to a service", To(Node).Tcp(40_000, 30080, flags: TcpHeader.Syn), true),
            ("SYN to a node port that lingers", To(Node).Tcp(40_000, 30081, flags: TcpHeader.Syn), false),
            ("segment to it", To(Node).Tcp(40_000, 30081), true),
            ("SYN to an external IP that lingers", To(External).Tcp(40_000, 444, flags: TcpHeader.Syn), false),
            ("segment to it", To(External).Tcp(40_000, 444), true));
    }

    /// <summary>Only the node's own stack knows which link such an address is of.</summary>
    [RequiresRootFact]
    public void K27_WhatLinkLocalAddressesSendIsTheNodes()
    {
        using var uplink = Open();
        foreach (string address in (string[])["fe80::1", "febf::1"])
        {
            var neighbor = IPAddress.Parse(address);
            Frame6 ToNode() => new(neighbor, Node);
            Check(uplink,
                ("datagram to the range", ToNode().Udp(40_000, 50_000), false),
                ("segment to the range", ToNode().Tcp(40_000, 50_000), false),
                ("echo reply", ToNode().Icmp(Icmpv6.EchoReply, 50_000), false),
                ("SYN to a node port", ToNode().Tcp(40_000, 30080, flags: TcpHeader.Syn), false),
                ("a router's error", Error(Icmpv6.PacketTooBig, From(Node).Tcp(50_000, 443), ToNode()), true));
        }
        Check(uplink, ("from an address that only looks like one", new Frame6(IPAddress.Parse("fec0::1"), Node).Udp(40_000, 50_000), true));
    }

    [RequiresRootFact]
    public void K27_WhatTheLinkNeedsStaysWithTheKernel()
    {
        using var uplink = Open();
        // As the bytes stand, each would be an echo reply or an error about one of our ends.
        byte[] quote = From(Node).Tcp(50_000, 443).BuildIp();
        foreach (byte type in (byte[])[
            Icmpv6.ListenerQuery, Icmpv6.ListenerReport, Icmpv6.ListenerDone, Icmpv6.RouterSolicitation, Icmpv6.RouterAdvertisement, Icmpv6.NeighborSolicitation,
            Icmpv6.NeighborAdvertisement, Icmpv6.Redirect, Icmpv6.ListenerReportV2, Icmpv6.EchoRequest, 0, 5, 100, 127, 255])
        {
            Assert.Equal((type, false), (type, uplink.IsTaken(To(Node).Icmp(type, 50_000, quote).Build())));
            Assert.Equal((type, false), (type, uplink.IsTaken(To(Node).Options(HopByHop).Icmp(type, 50_000, quote).Build())));
        }
    }

    [RequiresRootFact]
    public void K27_K31_IcmpErrorsAboutWhatOurEndsSentAreTaken()
    {
        using var uplink = Open();
        var answer = From(Node).Tcp(30080, 40_000, payload: 100);
        Check(uplink,
            ("unreachable, about an answer of a node port", Error(Icmpv6.DestinationUnreachable, answer), true),
            ("packet too big", Error(Icmpv6.PacketTooBig, answer), true),
            ("time exceeded", Error(Icmpv6.TimeExceeded, answer), true),
            ("parameter problem", Error(Icmpv6.ParameterProblem, answer), true),
            ("about an answer of an external IP", Error(Icmpv6.PacketTooBig, From(External).Tcp(443, 40_000)), true),
            ("about UDP", Error(Icmpv6.DestinationUnreachable, From(Node).Udp(30053, 40_000)), true),
            ("about SCTP", Error(Icmpv6.DestinationUnreachable, From(Node).Sctp(30090, 40_000)), true),
            ("about a translated source", Error(Icmpv6.PacketTooBig, From(Node).Tcp(50_000, 443)), true),
            ("about a translated echo", Error(Icmpv6.TimeExceeded, From(Node).Icmp(Icmpv6.EchoRequest, 50_000)), true),
            ("about a first fragment", Error(Icmpv6.PacketTooBig, From(Node).Fragment(0, more: true, 7).Udp(50_000, 53)), true),
            ("about a packet with options", Error(Icmpv6.PacketTooBig, From(Node).Options(HopByHop, 40).Options(Destination).Tcp(50_000, 443)), true),
            ("with options itself", Error(Icmpv6.PacketTooBig, answer, To(Node).Options(Destination, 16)), true),
            ("both with options", Error(Icmpv6.PacketTooBig, From(Node).Options(Destination).Tcp(50_000, 443), To(Node).Options(HopByHop)), true),
            ("about SSH", Error(Icmpv6.PacketTooBig, From(Node).Tcp(22, 40_000)), false),
            ("about what was sent to our port", Error(Icmpv6.PacketTooBig, From(Node).Tcp(40_000, 30080)), false),
            ("about a port below the range", Error(Icmpv6.PacketTooBig, From(Node).Udp(49151, 53)), false),
            ("about an address without translation", Error(Icmpv6.PacketTooBig, From(NodePortOnly).Udp(50_000, 53)), false),
            ("about an echo of the node", Error(Icmpv6.TimeExceeded, From(Node).Icmp(Icmpv6.EchoRequest, 7)), false),
            ("about an echo reply", Error(Icmpv6.TimeExceeded, From(Node).Icmp(Icmpv6.EchoReply, 50_000)), false),
            ("about a later fragment", Error(Icmpv6.PacketTooBig, From(Node).Fragment(8, more: true, 7).Udp(50_000, 53)), false),
            ("about a routed packet", Error(Icmpv6.PacketTooBig, From(Node).Options(Routing, 24).Tcp(50_000, 443)), false),
            ("about another protocol", Error(Icmpv6.PacketTooBig, From(Node).Payload(253, [0x75, 0x80, 0, 0, 0, 0, 0, 0])), false),
            ("about a packet of another version", Error(Icmpv6.PacketTooBig, From(Node).Version(4).Tcp(50_000, 443)), false),
            ("a fragment", Error(Icmpv6.PacketTooBig, answer, To(Node).Fragment(0, more: true, 9)), false));
    }

    [RequiresRootFact]
    public void K27_HeadersThatAreCutShortOrNotIPv6ArePassed()
    {
        using var uplink = Open();
        byte[] whole = To(Node).Tcp(40_000, 30080).Build(), options = To(Node).Options(HopByHop, 24).Options(Destination, 16).Tcp(40_000, 30080).Build();
        byte[] fragment = To(Node).Fragment(0, more: false, 1).Udp(40_000, 30053, payload: 8).Build();
        byte[] error = Error(Icmpv6.PacketTooBig, From(Node).Options(Destination, 24).Tcp(50_000, 443)).Build();
        const int headers = Frame6.Ethernet + Frame6.Ip, transport = 8, icmp = 8;
        CheckEveryLength(uplink, whole, headers + transport);
        CheckEveryLength(uplink, options, headers + 24 + 16 + transport);
        CheckEveryLength(uplink, fragment, headers + 8 + transport);
        CheckEveryLength(uplink, error, headers + icmp + Frame6.Ip + 24 + transport);
        Check(uplink,
            ("version 4", To(Node).Version(4).Tcp(40_000, 30080), false),
            ("version 7", To(Node).Version(7).Tcp(40_000, 30080), false));
        byte[] asIPv4 = To(Node).Tcp(40_000, 30080).Build();
        (asIPv4[12], asIPv4[13]) = (8, 0);
        Assert.False(uplink.IsTaken(asIPv4));
        // A length that lies: options that are longer than the frame.
        byte[] lies = To(Node).Options(HopByHop, 8).Tcp(40_000, 30080).Build();
        lies[headers + 1] = 255;
        Assert.False(uplink.IsTaken(lies));
    }

    [RequiresRootFact]
    public void K27_LaterFragmentsFollowTheFirst()
    {
        using var uplink = Open();
        byte[] data = new byte[64];
        Frame6 Later(uint id, IPAddress? source = null, IPAddress? destination = null, byte protocol = IpProtocol.Udp, bool more = false) =>
            new Frame6(source ?? Client, destination ?? Node).Fragment(1000, more, id).Payload(protocol, data);
        Check(uplink,
            ("first to a node port", To(Node).Fragment(0, more: true, 1).Udp(40_000, 30053, payload: 992), true),
            ("middle", Later(1, more: true), true),
            ("last", Later(1), true),
            ("last that says another protocol", Later(1, protocol: IpProtocol.Tcp), true), // the first one's counts
            ("last, with options", To(Node).Options(HopByHop).Fragment(1064, more: false, 1).Payload(IpProtocol.Udp, data), true),
            ("last of two bytes", To(Node).Fragment(1064, more: false, 1).Payload(IpProtocol.Udp, [1, 2]), true),
            ("of another packet", Later(2), false),
            ("to another address", Later(1, destination: PlainAddress), false),
            ("from another source", Later(1, source: External), false),
            ("first to a translated source, with options", To(Node).Options(Destination).Fragment(0, more: true, 3).Udp(53, 50_000, payload: 992), true),
            ("its last", Later(3), true),
            ("first of an echo reply", To(Node).Fragment(0, more: true, 4).Icmp(Icmpv6.EchoReply, 50_000, new byte[992]), true),
            ("its last", Later(4, protocol: IpProtocol.IcmpV6), true),
            ("first to a port of the node", To(Node).Fragment(0, more: true, 5).Udp(40_000, 5353, payload: 992), false),
            ("its last", Later(5), false),
            ("last before the first", Later(7), false),
            ("first without ports", To(Node).Fragment(0, more: true, 8).Payload(IpProtocol.Udp, [1, 2, 3, 4]), false),
            ("its last", Later(8), false),
            // The identification of a packet that was ours comes round for one that is not.
            ("first to a port of the node, known number", To(Node).Fragment(0, more: true, 1).Udp(40_000, 5353, payload: 992), false),
            ("its last", Later(1), false));
    }

    [RequiresRootTheory]
    [InlineData(XdpMode.Generic)]
    [InlineData(XdpMode.Native)]
    public void K27_TheNodesOwnConnectionsGoOnBesideServices(XdpMode mode)
    {
        using var uplink = Open(mode);
        foreach (var ns in (NetworkNamespace[])[uplink.Bed.Node, uplink.Bed.Pods[0]])
        {
            string device = ns == uplink.Bed.Node ? "v0" : "eth0";
            ns.Sysctl($"net.ipv6.conf.{device}.disable_ipv6", "0");
            ns.Ip($"address add {(ns == uplink.Bed.Node ? Node : IPAddress.Parse("2001:db8:9::1"))}/64 dev {device} nodad");
        }
        using var network = OpenNamespace.Open(uplink.Bed.Pods[0].Path);
        using var ssh = uplink.Bed.InNode(() => new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp));
        ssh.Bind(new IPEndPoint(IPAddress.IPv6Any, 22));
        ssh.Listen();
        using var client = network.Run(() => new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp));
        client.Connect(Node, 22); // which includes neighbour discovery
        using var accepted = ssh.Accept();
        client.Send("SSH-2.0"u8);
        var text = new byte[7];
        Assert.Equal(7, accepted.Receive(text));
        Assert.Equal("SSH-2.0"u8.ToArray(), text);
        Assert.Equal(0u, uplink.Socket.Rx.Outstanding);
        Assert.Equal(0, uplink.Bed.Pods[0].Try(TimeSpan.FromSeconds(10), "ping", "-6", "-c", "1", "-W", "5", Node.ToString()).ExitCode);
    }

    [RequiresRootFact]
    public void K27_WithoutASocketEverythingOfServicesIsPassed()
    {
        using var uplink = Open();
        Check(uplink, ("with the socket", To(Node).Tcp(40_000, 30080), true));
        uplink.Program.Map("ports").Delete((uint)uplink.Socket.Ifindex);
        Check(uplink,
            ("node port", To(Node).Tcp(40_000, 30080), false),
            ("translated source", To(Node).Tcp(443, 50_000), false),
            ("error", Error(Icmpv6.PacketTooBig, From(Node).Tcp(30080, 40_000)), false),
            ("first fragment", To(Node).Fragment(0, more: true, 1).Udp(40_000, 30053, payload: 992), false),
            ("its last", To(Node).Fragment(1000, more: false, 1).Payload(IpProtocol.Udp, new byte[64]), false));
        Assert.Equal(0ul, uplink.Program.Map("counters").SumPerCpu(Dropped));
    }

    private static UplinkBed Open(XdpMode mode = XdpMode.Generic)
    {
        var uplink = new UplinkBed(mode);
        uplink.Configure(vxlanPort: 4789, natFirst: 49152, natLast: 65535);
        uplink.SetAddress(Node.ToString(), UplinkBed.NodePort | UplinkBed.Nat);
        uplink.SetAddress(NodePortOnly.ToString(), UplinkBed.NodePort);
        uplink.SetAddress(NatOnly.ToString(), UplinkBed.Nat);
        uplink.AddFrontend("::", 30080, IpProtocol.Tcp);
        uplink.AddFrontend("::", 30053, IpProtocol.Udp);
        uplink.AddFrontend("::", 30090, IpProtocol.Sctp);
        uplink.AddFrontend(External.ToString(), 443, IpProtocol.Tcp);
        uplink.AddFrontend(Node.ToString(), 53, IpProtocol.Udp);
        return uplink;
    }

    private static Frame6 To(IPAddress address) => new(Client, address);

    private static Frame6 From(IPAddress address) => new(address, Client);

    /// <summary>A router's error that quotes the whole packet.</summary>
    private static Frame6 Error(byte type, Frame6 about, Frame6? outer = null) => (outer ?? To(Node)).Icmp(type, quote: about.BuildIp());

    private static void CheckEveryLength(UplinkBed uplink, byte[] frame, int least)
    {
        for (int length = Frame6.Ethernet; length < frame.Length; length++) Assert.Equal((length, length >= least), (length, uplink.IsTaken(frame[..length])));
    }

    private static void Check(UplinkBed uplink, params (string What, Frame6 Packet, bool Taken)[] cases) => Assert.Equal(
        cases.Select(c => $"{c.What}: {(c.Taken ? "taken" : "passed")}"),
        cases.Select(c => $"{c.What}: {(uplink.IsTaken(c.Packet.Build()) ? "taken" : "passed")}").ToList());

    // struct ipv6_prefix of uplink6.h
    private readonly record struct PodPrefix(uint Length, Dataplane.Packets.IPv6Address Address);
}
