using System.Net;
using System.Net.Sockets;
using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing;
using Dataplane.Testing.Packets;
using Xunit;
using OpenNamespace = Xdp.Interop.Links.NetworkNamespace;

namespace Xdp.Interop.Tests;

/// <summary>
/// What the uplink's program takes for services and for translated sources. Cases are lines of "what it is: taken or passed", so that a
/// failure names them.
/// </summary>
public sealed class ServiceSteeringTests
{
    private const uint Passed = 1, Dropped = 2; // enum counter of maps.h
    private const int Remembered = 8192;
    private static readonly IPv4Address Client = new(198, 51, 100, 5), Node = new(10, 9, 0, 9), External = new(203, 0, 113, 7);
    private static readonly IPv4Address PlainAddress = new(10, 9, 0, 8), NodePortOnly = new(10, 9, 0, 7), NatOnly = new(10, 9, 0, 6);

    [RequiresRootFact]
    public void K8_K10_K26_FrontendsAreTakenByAddressPortAndProtocol()
    {
        using var uplink = Open();
        uplink.AddFrontend("0.0.0.0", 0x0101, IpProtocol.Tcp); // what no-operation options look like
        Check(uplink,
            ("TCP to a node port", To(Node).Tcp(40_000, 30080, TcpHeader.Syn), true),
            ("UDP to a node port", To(Node).Udp(40_000, 30053), true),
            ("SCTP to a node port", To(Node).Sctp(40_000, 30090), true),
            ("node port at an address that has nothing else", To(NodePortOnly).Tcp(40_000, 30080), true),
            ("external IP", To(External).Tcp(40_000, 443), true),
            ("host port of one address", To(Node).Udp(40_000, 53), true),
            ("segment of 40 kB", To(Node).Tcp(40_000, 30080).Payload(40_000), true),
            ("4 bytes of IP options", To(Node).IpOptions(4).Tcp(40_000, 30080), true),
            ("40 bytes of IP options", To(External).IpOptions(40).Tcp(40_000, 443), true),
            ("another port", To(Node).Tcp(40_000, 30081), false),
            ("SSH", To(Node).Tcp(40_000, 22), false),
            ("the port as source", To(Node).Tcp(30080, 40_000), false),
            ("another protocol's port", To(Node).Udp(40_000, 30080), false),
            ("another address's port", To(Node).Tcp(40_000, 443), false),
            ("another external address", To(new(203, 0, 113, 8)).Tcp(40_000, 443), false),
            ("another port of the external IP", To(External).Tcp(40_000, 444), false),
            ("host port at another address", To(NodePortOnly).Udp(40_000, 53), false),
            ("node port at an address not served", To(PlainAddress).Tcp(40_000, 30080), false),
            ("node port at an address for translation", To(NatOnly).Tcp(40_000, 30080), false),
            ("node port at no address of the node", To(External).Tcp(40_000, 30080), false),
            ("another protocol whose bytes are the port", To(Node).Protocol(253).Payload([0, 0, 0x75, 0x80, 0, 0, 0, 0]), false),
            ("echo request to the external IP", To(External).Icmp(IcmpHeader.EchoRequest, 0, 0x01bb_01bb), false),
            ("options where a port would be", To(Node).IpOptions(4).Tcp(40_000, 22), false));
    }

    [RequiresRootFact]
    public void AnswersToTranslatedSourcesAreTakenWithinTheRange()
    {
        using var uplink = Open();
        Check(uplink,
            ("TCP, first port", To(Node).Tcp(443, 49152), true),
            ("TCP, last port", To(NatOnly).Tcp(443, 65535), true),
            ("UDP", To(Node).Udp(53, 50_000), true),
            ("SCTP", To(Node).Sctp(36412, 50_000), true),
            ("echo reply", To(Node).Icmp(IcmpHeader.EchoReply, 0, Echo(50_000)), true),
            ("with options", To(Node).IpOptions(8).Udp(53, 50_000), true),
            ("below the range", To(Node).Tcp(443, 49151), false),
            ("an address without translation", To(NodePortOnly).Tcp(443, 50_000), false),
            ("no address of the node", To(External).Tcp(443, 50_000), false),
            ("the range as source", To(Node).Tcp(50_000, 22), false),
            ("echo reply below the range", To(Node).Icmp(IcmpHeader.EchoReply, 0, Echo(49151)), false),
            ("echo reply to an address without translation", To(NodePortOnly).Icmp(IcmpHeader.EchoReply, 0, Echo(50_000)), false),
            ("echo request", To(Node).Icmp(IcmpHeader.EchoRequest, 0, Echo(50_000)), false));

        uplink.Configure(vxlanPort: 4789);
        Check(uplink,
            ("without a range", To(Node).Tcp(443, 50_000), false),
            ("port 0 without a range", To(Node).Tcp(443, 0), false));
    }

    [RequiresRootFact]
    public void K31_IcmpErrorsAboutWhatOurEndsSentAreTaken()
    {
        using var uplink = Open();
        var answer = From(Node).Tcp(30080, 40_000).Payload(100);
        Check(uplink,
            ("unreachable, about an answer of a node port", Error(IcmpHeader.DestinationUnreachable, answer), true),
            ("source quench", Error(IcmpHeader.SourceQuench, answer), true),
            ("time exceeded", Error(IcmpHeader.TimeExceeded, answer), true),
            ("parameter problem", Error(IcmpHeader.ParameterProblem, answer), true),
            ("about an answer of an external IP", Error(IcmpHeader.DestinationUnreachable, From(External).Tcp(443, 40_000)), true),
            ("about UDP", Error(IcmpHeader.DestinationUnreachable, From(Node).Udp(30053, 40_000)), true),
            ("about SCTP", Error(IcmpHeader.DestinationUnreachable, From(Node).Sctp(30090, 40_000)), true),
            ("about a translated source", Error(IcmpHeader.DestinationUnreachable, From(Node).Tcp(50_000, 443)), true),
            ("about a translated echo", Error(IcmpHeader.TimeExceeded, From(Node).Icmp(IcmpHeader.EchoRequest, 0, Echo(50_000))), true),
            ("about a first fragment", Error(IcmpHeader.DestinationUnreachable, From(Node).Fragment(0, more: true).Udp(50_000, 53)), true),
            ("about a packet with options", Error(IcmpHeader.DestinationUnreachable, From(Node).IpOptions(40).Tcp(50_000, 443)), true),
            ("with options itself", Error(IcmpHeader.DestinationUnreachable, answer, outer => outer.IpOptions(12)), true),
            ("both with options", Error(IcmpHeader.DestinationUnreachable, From(Node).IpOptions(4).Tcp(50_000, 443), outer => outer.IpOptions(40)), true),
            ("redirect", Error(IcmpHeader.Redirect, answer), false),
            ("about SSH", Error(IcmpHeader.DestinationUnreachable, From(Node).Tcp(22, 40_000)), false),
            ("about what was sent to our port", Error(IcmpHeader.DestinationUnreachable, From(Node).Tcp(40_000, 30080)), false),
            ("about a port below the range", Error(IcmpHeader.DestinationUnreachable, From(Node).Udp(49151, 53)), false),
            ("about an address without translation", Error(IcmpHeader.DestinationUnreachable, From(NodePortOnly).Udp(50_000, 53)), false),
            ("about an echo of the node", Error(IcmpHeader.TimeExceeded, From(Node).Icmp(IcmpHeader.EchoRequest, 0, Echo(7))), false),
            ("about an echo reply", Error(IcmpHeader.TimeExceeded, From(Node).Icmp(IcmpHeader.EchoReply, 0, Echo(50_000))), false),
            ("about a later fragment", Error(IcmpHeader.DestinationUnreachable, From(Node).Fragment(8, more: true).Udp(50_000, 53)), false),
            ("about our tunnel", Error(IcmpHeader.DestinationUnreachable, From(Node).Udp(50_000, 4789)), false),
            ("about another protocol", Error(IcmpHeader.DestinationUnreachable, From(Node).Protocol(253).Payload([0x75, 0x80, 0, 0, 0, 0, 0, 0])), false),
            ("a fragment", Error(IcmpHeader.DestinationUnreachable, answer, outer => outer.Fragment(0, more: true)), false));
    }

    [RequiresRootFact]
    public void HeadersThatAreCutShortOrNotIPv4ArePassed()
    {
        using var uplink = Open();
        byte[] whole = To(Node).Tcp(40_000, 30080).Build(), options = To(Node).IpOptions(40).Tcp(40_000, 30080).Build();
        byte[] error = Error(IcmpHeader.DestinationUnreachable, From(Node).IpOptions(40).Tcp(50_000, 443)).Build();
        const int ethernet = 14, ip = 20, transport = 8, icmp = 8;
        for (int length = ethernet; length < whole.Length; length++)
            Assert.Equal((length, length >= ethernet + ip + transport), (length, uplink.IsTaken(whole[..length])));
        for (int length = ethernet + ip; length < options.Length; length++)
            Assert.Equal((length, length >= ethernet + ip + 40 + transport), (length, uplink.IsTaken(options[..length])));
        for (int length = ethernet + ip + transport; length < error.Length; length++)
            Assert.Equal((length, length >= ethernet + ip + icmp + ip + 40 + transport), (length, uplink.IsTaken(error[..length])));
        Check(uplink,
            ("version 5", To(Node).IpVersion(5).Tcp(40_000, 30080), false),
            ("header of 16 bytes", To(Node).IpHeaderWords(4).Tcp(40_000, 30080), false),
            ("IPv6", To(Node).EtherType(EtherTypes.IPv6).Tcp(40_000, 30080), false));
        // The kernel takes the tag off before the tap sees the frame.
        ulong passed = uplink.Program.Map("counters").SumPerCpu(Passed);
        byte[] tagged = [.. whole[..12], 0x81, 0, 0, 7, .. whole[12..]];
        uplink.Send(tagged);
        Assert.True(SpinWait.SpinUntil(() => uplink.Program.Map("counters").SumPerCpu(Passed) == passed + 1, TimeSpan.FromSeconds(5)));
        Assert.False(uplink.IsTaken(Error(IcmpHeader.DestinationUnreachable, From(Node).IpVersion(6).Tcp(50_000, 443)).Build()));
        Assert.False(uplink.IsTaken(Error(IcmpHeader.DestinationUnreachable, From(Node).IpHeaderWords(4).Tcp(50_000, 443)).Build()));
    }

    [RequiresRootFact]
    public void LaterFragmentsFollowTheFirst()
    {
        using var uplink = Open();
        PacketBuilder Later(ushort id, byte protocol) => To(Node).Identification(id).Protocol(protocol).Payload(64).Fragment(1000, more: false);
        Check(uplink,
            ("first to a node port", To(Node).Identification(1).Udp(40_000, 30053).Payload(992).Fragment(0, more: true), true),
            ("middle", To(Node).Identification(1).Protocol(IpProtocol.Udp).Payload(64).Fragment(1000, more: true), true),
            ("last", To(Node).Identification(1).Protocol(IpProtocol.Udp).Payload(64).Fragment(1064, more: false), true),
            ("last, with options", To(Node).IpOptions(4).Identification(1).Protocol(IpProtocol.Udp).Payload(64).Fragment(1064, more: false), true),
            ("of another packet", Later(2, IpProtocol.Udp), false),
            ("of another protocol", Later(1, IpProtocol.Tcp), false),
            ("to another address", PacketBuilder.IPv4(Client, PlainAddress).Identification(1).Protocol(IpProtocol.Udp).Payload(64).Fragment(1000, more: false), false),
            ("from another source", PacketBuilder.IPv4(External, Node).Identification(1).Protocol(IpProtocol.Udp).Payload(64).Fragment(1000, more: false), false),
            ("first to a translated source", To(Node).IpOptions(8).Identification(3).Udp(53, 50_000).Payload(992).Fragment(0, more: true), true),
            ("its last", Later(3, IpProtocol.Udp), true),
            ("first of an echo reply", To(Node).Identification(4).Icmp(IcmpHeader.EchoReply, 0, Echo(50_000)).Payload(992).Fragment(0, more: true), true),
            ("its last", Later(4, IpProtocol.Icmp), true),
            ("first to a port of the node", To(Node).Identification(5).Udp(40_000, 5353).Payload(992).Fragment(0, more: true), false),
            ("its last", Later(5, IpProtocol.Udp), false),
            ("first of VXLAN", To(Node).Identification(6).Udp(40_000, 4789).Payload(992).Fragment(0, more: true), false),
            ("its last", Later(6, IpProtocol.Udp), false),
            ("last before the first", Later(7, IpProtocol.Udp), false),
            // The identification of a packet that was ours comes round for one that is not.
            ("first to a port of the node, known number", To(Node).Identification(1).Udp(40_000, 5353).Payload(992).Fragment(0, more: true), false),
            ("its last", Later(1, IpProtocol.Udp), false));
        Assert.Equal(Remembered, uplink.Program.Map("fragments").MaxEntries);
    }

    /// <summary>A segment that opens a connection answers nobody: it is to a process of the node.</summary>
    [RequiresRootFact]
    public void ConnectionsToPortsOfTheRangeAreTheNodes()
    {
        using var uplink = Open();
        uplink.AddFrontend("0.0.0.0", 50_001, IpProtocol.Tcp);
        Check(uplink,
            ("SYN", To(Node).Tcp(40_000, 50_000, TcpHeader.Syn), false),
            ("SYN with options of IP", To(Node).IpOptions(8).Tcp(40_000, 50_000, TcpHeader.Syn), false),
            ("SYN that asks for ECN", To(Node).Tcp(40_000, 50_000, TcpHeader.Syn | 0xc0), false),
            ("SYN-ACK", To(Node).Tcp(443, 50_000, TcpHeader.Syn | TcpHeader.Ack), true),
            ("reset", To(Node).Tcp(443, 50_000, TcpHeader.Rst), true),
            ("FIN", To(Node).Tcp(443, 50_000, TcpHeader.Fin | TcpHeader.Ack), true),
            ("SYN to a service there", To(Node).Tcp(40_000, 50_001, TcpHeader.Syn), true));
    }

    [RequiresRootFact]
    public void K18_ConnectionsToAFrontendThatLingersAreTheNodes()
    {
        using var uplink = Open();
        uplink.AddFrontend("0.0.0.0", 30080, IpProtocol.Tcp, UplinkBed.Lingers);
        uplink.AddFrontend("0.0.0.0", 30053, IpProtocol.Udp, UplinkBed.Lingers);
        uplink.AddFrontend(External.ToString(), 443, IpProtocol.Tcp, UplinkBed.Lingers);
        uplink.AddFrontend(Node.ToString(), 444, IpProtocol.Tcp, UplinkBed.Lingers);
        uplink.AddFrontend("0.0.0.0", 444, IpProtocol.Tcp);
        Check(uplink,
            ("SYN to a node port", To(Node).Tcp(40_000, 30080, TcpHeader.Syn), false),
            ("SYN to an external IP", To(External).Tcp(40_000, 443, TcpHeader.Syn), false),
            ("segment", To(Node).Tcp(40_000, 30080, TcpHeader.Ack), true),
            ("segment to the external IP", To(External).Tcp(40_000, 443, TcpHeader.Ack | TcpHeader.Fin), true),
            ("datagram", To(Node).Udp(40_000, 30053), true),
            ("error", Error(IcmpHeader.DestinationUnreachable, From(Node).Tcp(30080, 40_000)), true),
            ("SYN where another service has all addresses", To(Node).Tcp(40_000, 444, TcpHeader.Syn), true));
        uplink.AddFrontend("0.0.0.0", 30080, IpProtocol.Tcp);
        Check(uplink, ("SYN once a service has it again", To(Node).Tcp(40_000, 30080, TcpHeader.Syn), true));
    }

    /// <summary>A promiscuous device sees what a switch floods for others, which may have been translated before.</summary>
    [RequiresRootFact]
    public void FramesForOtherStationsAndGroupsAreLeftAlone()
    {
        using var uplink = Open();
        var other = new MacAddress([0x0e, 0x64, 0x0a, 0xf4, 1, 2]);
        PacketBuilder Frame(MacAddress to) => To(External).Ethernet(to, SampleNode.NextHopMac).Tcp(40_000, 443);
        Check(uplink,
            ("to another station", Frame(other), false),
            ("to all", Frame(MacAddress.Broadcast), false),
            ("to a group", Frame(new([1, 0, 0x5e, 0, 0, 1])), false),
            ("VXLAN to another station", To(Node).Ethernet(other, SampleNode.NextHopMac).Udp(40_000, 4789).Payload(UplinkBed.InTunnel(60)), false),
            ("to this device", Frame(SampleNode.GatewayMac), true));
        uplink.SetDeviceAddress(other);
        Check(uplink, ("to a further address of this device", Frame(other), true));
    }

    /// <summary>Flannel, Cilium or a lab may have tunnels of their own at the same port.</summary>
    [RequiresRootFact]
    public void TunnelsOfOtherNetworksAreTheKernels()
    {
        using var uplink = Open();
        PacketBuilder Tunnel(byte[] payload) => To(Node).Udp(40_000, 4789).Payload(payload);
        Check(uplink,
            ("our network", Tunnel(UplinkBed.InTunnel(60)), true),
            ("ours, with bits that are reserved", Tunnel(UplinkBed.InTunnel(60, flags: 0x88)), true),
            ("ours, and nothing in it", Tunnel(UplinkBed.InTunnel(8)), true),
            ("another network", Tunnel(UplinkBed.InTunnel(60, UplinkBed.Vni + 1)), false),
            ("a network that is ours but for the highest byte", Tunnel(UplinkBed.InTunnel(60, UplinkBed.Vni ^ 0x800000)), false),
            ("without a network", Tunnel(UplinkBed.InTunnel(60, flags: 0)), false),
            ("cut short", Tunnel(UplinkBed.InTunnel(60)[..7]), false),
            ("empty", Tunnel([]), false));
    }

    [RequiresRootFact]
    public void VxlanWithOptionsIsTheKernels()
    {
        using var uplink = Open();
        Check(uplink,
            ("VXLAN", To(Node).Udp(40_000, 4789).Payload(UplinkBed.InTunnel(60)), true),
            ("VXLAN with options", To(Node).IpOptions(4).Udp(40_000, 4789).Payload(UplinkBed.InTunnel(60)), false),
            ("VXLAN to an address that has no tunnel", To(NodePortOnly).Udp(40_000, 4789).Payload(UplinkBed.InTunnel(60)), false));
    }

    [RequiresRootTheory]
    [InlineData(XdpMode.Generic)]
    [InlineData(XdpMode.Native)]
    public void TheNodesOwnConnectionsGoOnBesideServices(XdpMode mode)
    {
        using var uplink = Open(mode);
        using var network = OpenNamespace.Open(uplink.Bed.Pods[0].Path);
        using var ssh = uplink.Bed.InNode(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        ssh.Bind(new IPEndPoint(IPAddress.Any, 22));
        ssh.Listen();
        using var client = network.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        client.Connect(IPAddress.Parse("10.9.0.9"), 22);
        using var accepted = ssh.Accept();
        client.Send("SSH-2.0"u8);
        var text = new byte[7];
        Assert.Equal(7, accepted.Receive(text));
        Assert.Equal("SSH-2.0"u8.ToArray(), text);
        Assert.Equal(0u, uplink.Socket.Rx.Outstanding);
    }

    [RequiresRootFact]
    public void WithoutASocketEverythingOfServicesIsPassed()
    {
        using var uplink = Open();
        Check(uplink, ("with the socket", To(Node).Tcp(40_000, 30080), true));
        uplink.Program.Map("ports").Delete((uint)uplink.Socket.Ifindex);
        Check(uplink,
            ("node port", To(Node).Tcp(40_000, 30080), false),
            ("translated source", To(Node).Tcp(443, 50_000), false),
            ("error", Error(IcmpHeader.DestinationUnreachable, From(Node).Tcp(30080, 40_000)), false),
            ("first fragment", To(Node).Udp(40_000, 30053).Payload(992).Fragment(0, more: true), false),
            ("its last", To(Node).Protocol(IpProtocol.Udp).Payload(64).Fragment(1000, more: false), false));
        Assert.Equal(0ul, uplink.Program.Map("counters").SumPerCpu(Dropped));
    }

    private static UplinkBed Open(XdpMode mode = XdpMode.Generic)
    {
        var uplink = new UplinkBed(mode);
        uplink.Configure(vxlanPort: 4789, natFirst: 49152, natLast: 65535);
        uplink.SetAddress(Node.ToString(), UplinkBed.Vxlan | UplinkBed.NodePort | UplinkBed.Nat);
        uplink.SetAddress(NodePortOnly.ToString(), UplinkBed.NodePort);
        uplink.SetAddress(NatOnly.ToString(), UplinkBed.Nat);
        uplink.AddFrontend("0.0.0.0", 30080, IpProtocol.Tcp);
        uplink.AddFrontend("0.0.0.0", 30053, IpProtocol.Udp);
        uplink.AddFrontend("0.0.0.0", 30090, IpProtocol.Sctp);
        uplink.AddFrontend(External.ToString(), 443, IpProtocol.Tcp);
        uplink.AddFrontend(Node.ToString(), 53, IpProtocol.Udp);
        return uplink;
    }

    private static PacketBuilder To(IPv4Address address) => PacketBuilder.IPv4(Client, address);

    private static PacketBuilder From(IPv4Address address) => PacketBuilder.IPv4(address, Client);

    private static uint Echo(ushort identifier) => (uint)identifier << 16 | 1;

    /// <summary>A router's error that quotes the header and 8 bytes.</summary>
    private static PacketBuilder Error(byte type, PacketBuilder about, Func<PacketBuilder, PacketBuilder>? outer = null)
    {
        byte[] packet = about.BuildIp();
        var error = PacketBuilder.IPv4(new(192, 0, 2, 1), Node);
        return (outer?.Invoke(error) ?? error).Icmp(type).Payload(packet.AsSpan(0, ((packet[0] & 15) * 4) + 8));
    }

    private static void Check(UplinkBed uplink, params (string What, PacketBuilder Packet, bool Taken)[] cases) => Assert.Equal(
        cases.Select(c => $"{c.What}: {(c.Taken ? "taken" : "passed")}"),
        cases.Select(c => $"{c.What}: {(uplink.IsTaken(c.Packet.Build()) ? "taken" : "passed")}").ToList());
}
