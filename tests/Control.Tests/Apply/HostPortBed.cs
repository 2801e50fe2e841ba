using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Dataplane.Control.Compile;
using Dataplane.Control.Apply;
using Dataplane.Headers;
using Dataplane.Packets;
using Xdp.Interop;
using Xdp.Interop.Links;

namespace Dataplane.Control.Tests.Apply;

/// <summary>
/// A node (192.0.2.1, default route to <see cref="World"/>) with a host port, and a stand-in for the dataplane behind it, which leads what the node sends
/// there to <see cref="Backend"/>, where the frontends' addresses are, and to <see cref="Client"/>, somebody outside (198.51.100.5).
/// </summary>
internal sealed class HostPortBed : IDisposable
{
    public static readonly IPAddress NodeIp = IPAddress.Parse("192.0.2.1"), Gateway = IPAddress.Parse("10.244.1.1");
    public static readonly IPAddress ExternalIp = IPAddress.Parse("203.0.113.7"), ClientIp = IPAddress.Parse("198.51.100.5");

    /// <summary>The same of IPv6, where a test asks for it.</summary>
    public static readonly IPAddress NodeIpV6 = IPAddress.Parse("2001:db8:2::1"), GatewayV6 = IPAddress.Parse("fd00:10:244:1::1");
    public static readonly IPAddress ExternalIpV6 = IPAddress.Parse("2001:db8:e::7"), ClientIpV6 = IPAddress.Parse("2001:db8:c::5");
    private readonly ApplySandbox _box = new();
    private readonly bool _dualStack;

    /// <param name="mark">Mark of what the stand-in delivers.</param>
    /// <param name="reversePathFilter">net.ipv4.conf.all.rp_filter of the node.</param>
    /// <param name="dualStack">Whether there is IPv6 as well.</param>
    public HostPortBed(uint mark = HostFrontends.Mark, string reversePathFilter = "0", bool dualStack = false)
    {
        _dualStack = dualStack;
        Sysctl.Write("ipv4/conf/all/rp_filter", reversePathFilter, Node);
        Sysctl.Write("ipv4/conf/default/rp_filter", reversePathFilter, Node);
        World = Join("eth0", "192.0.2.1/24", "192.0.2.254/24");
        Exec(Node, "route add default via 192.0.2.254");
        if (dualStack)
        {
            AddV6(Node, NodeIpV6 + "/64", "eth0");
            AddV6(World, "2001:db8:2::fe/64", "eth0");
            Exec(Node, "-6 route add default via 2001:db8:2::fe");
        }
        Backend = Join("be0", null, null, dualStack ? [NodeIp, ExternalIp, NodeIpV6, ExternalIpV6] : [NodeIp, ExternalIp]);
        Client = Join("cl0", null, null, dualStack ? [ClientIp, ClientIpV6] : [ClientIp]);
        StandIn = _box.Own(new StandInDataplane());
        Node.Run(() =>
        {
            Veth = HostVeth.Create(VethSpec(dualStack));
            using var netlink = NetlinkSocket.Open();
            StandIn.Add("host", Veth.PortIndex, XdpProgram.Load(XdpObjects.Host, XdpObjects.HostProgram), Veth.HostMac, mark);
            StandIn.Add("backend", netlink.Links.Get("be0").Index, XdpProgram.Load(XdpObjects.Pod, XdpObjects.PodProgram), MacOf(Backend), 0, NodeIp, ExternalIp, NodeIpV6, ExternalIpV6);
            StandIn.Add("client", netlink.Links.Get("cl0").Index, XdpProgram.Load(XdpObjects.Pod, XdpObjects.PodProgram), MacOf(Client), 0, ClientIp, ClientIpV6);
            Veth.Activate();
        });
        // The stand-in completes no checksums.
        ApplySandbox.Exec(Node, "ethtool", "-K", "dp-host", "tx", "off");
        foreach (var ns in (NetworkNamespace[])[Backend, Client]) ApplySandbox.Exec(ns, "ethtool", "-K", "eth0", "tx", "off");
        StandIn.Start();
        Tap = _box.Sniff(World);
    }

    public NetworkNamespace Node => _box.Node;

    public NetlinkSocket Netlink => _box.Netlink;

    public NetworkNamespace World { get; }

    public NetworkNamespace Backend { get; }

    public NetworkNamespace Client { get; }

    public StandInDataplane StandIn { get; }

    public HostVeth Veth { get; private set; } = null!;

    /// <summary>Sees every frame on the wire to <see cref="World"/>.</summary>
    public Socket Tap { get; }

    /// <summary>Where the settings' note is.</summary>
    public string StateDirectory { get; } = Directory.CreateTempSubdirectory("dpt-state-").FullName;

    /// <summary>What the tests serve, unless they say otherwise: a node port of TCP and one of UDP, a host port, an external IP.</summary>
    public static HostFrontendsSpec<IPv4Address> Spec { get; } = new()
    {
        Gateway = IPv4Address.Parse("10.244.1.1"),
        RouteMtu = 1450,
        LocalAddresses = [IPv4Address.Parse("192.0.2.1"), IPv4Address.Parse("10.244.1.1")],
        NodePortAddresses = [IPv4Address.Parse("192.0.2.1")],
        NatPorts = (49152, 65535),
        Frontends = new HashSet<ExternalFrontend<IPv4Address>>
        {
            new(default, 30080, IpProtocol.Tcp), new(default, 30053, IpProtocol.Udp), new(IPv4Address.Parse("192.0.2.1"), 8080, IpProtocol.Tcp),
            new(IPv4Address.Parse("203.0.113.7"), 443, IpProtocol.Tcp),
        },
    };

    /// <summary>The same of IPv6.</summary>
    public static HostFrontendsSpec<IPv6Address> SpecV6 { get; } = new()
    {
        Gateway = IPv6Address.Parse("fd00:10:244:1::1"),
        RouteMtu = 1450,
        LocalAddresses = [IPv6Address.Parse("2001:db8:2::1"), IPv6Address.Parse("fd00:10:244:1::1")],
        NodePortAddresses = [IPv6Address.Parse("2001:db8:2::1")],
        NatPorts = (49152, 65535),
        Frontends = new HashSet<ExternalFrontend<IPv6Address>>
        {
            new(default, 30080, IpProtocol.Tcp), new(default, 30053, IpProtocol.Udp), new(IPv6Address.Parse("2001:db8:2::1"), 8080, IpProtocol.Tcp),
            new(IPv6Address.Parse("2001:db8:e::7"), 443, IpProtocol.Tcp),
        },
    };

    /// <summary>The host port.</summary>
    public static HostVethSpec VethSpec(bool dualStack) => new()
    {
        Address = Gateway, AddressV6 = dualStack ? GatewayV6 : null, RouteMtu = 1450,
        ClusterCidrs = dualStack ? [IPNetwork.Parse("10.244.0.0/16"), IPNetwork.Parse("fd00:10:244::/48")] : [IPNetwork.Parse("10.244.0.0/16")],
        ServiceCidrs = dualStack ? [IPNetwork.Parse("10.96.0.0/12"), IPNetwork.Parse("fd00:10:96::/112")] : [IPNetwork.Parse("10.96.0.0/12")],
    };

    public HostFrontends Open() => new("dp-host", StateDirectory);

    /// <summary>Applies a state in the node's namespace.</summary>
    public HostFrontends Apply(HostFrontendsSpec<IPv4Address>? spec = null, HostFrontends? frontends = null)
    {
        frontends ??= Open();
        Node.Run(() => frontends.Apply(spec ?? Spec));
        return frontends;
    }

    /// <summary>Applies a state of both families in the node's namespace.</summary>
    public HostFrontends ApplyBoth(HostFrontendsSpec<IPv6Address>? spec = null, HostFrontends? frontends = null)
    {
        frontends ??= Open();
        Node.Run(() => frontends.Apply(Spec, spec ?? SpecV6));
        return frontends;
    }

    /// <summary>Runs `ip` and returns what it prints.</summary>
    public static string Exec(NetworkNamespace ns, string arguments) => ApplySandbox.Exec(ns, ["ip", .. arguments.Split(' ')]);

    /// <summary>Frames of a protocol that went to <see cref="World"/> so far, as the tap saw them.</summary>
    public int Leaked(byte protocol)
    {
        int count = 0;
        var frame = new byte[65536];
        while (Tap.Available > 0)
        {
            int length = Tap.Receive(frame);
            if (length > 34 && frame[12] == 8 && frame[13] == 0 && frame[23] == protocol) count++;
            const byte firstThatIsNoError = 128; // of ICMPv6, beside which there is neighbour discovery
            if (length > 54 && frame[12] == 0x86 && frame[13] == 0xdd && frame[20] == protocol && (protocol != IpProtocol.IcmpV6 || frame[54] < firstThatIsNoError)) count++;
        }
        return count;
    }

    public void Dispose()
    {
        _box.Dispose();
        Directory.Delete(StateDirectory, recursive: true);
    }

    private NetworkNamespace Join(string device, string? address, string? peerAddress, params IPAddress[] owned)
    {
        var ns = _box.AddNamespace();
        Netlink.Links.CreateVeth(new VethSpec { Name = device, PeerName = "eth0", PeerNamespace = ns });
        Exec(Node, $"link set {device} up");
        Sysctl.Write("ipv4/conf/all/rp_filter", "0", ns);
        Sysctl.Write("ipv4/conf/eth0/rp_filter", "0", ns);
        Exec(ns, "link set eth0 up");
        if (address is not null) Exec(Node, $"addr add {address} dev {device}");
        if (peerAddress is not null) Exec(ns, $"addr add {peerAddress} dev eth0");
        foreach (var ip in owned.Where(IsV4)) Exec(ns, $"addr add {ip}/32 dev lo");
        foreach (var ip in owned.Where(ip => !IsV4(ip))) AddV6(ns, $"{ip}/128", "lo");
        if (owned.Length == 0) return ns;
        Exec(ns, "neigh add 169.254.1.1 lladdr 02:00:00:00:00:01 dev eth0");
        Exec(ns, $"route add default via 169.254.1.1 dev eth0 onlink src {owned[0]}");
        if (!_dualStack) return ns;
        Exec(ns, "neigh add fe80::1 lladdr 02:00:00:00:00:01 dev eth0");
        Exec(ns, $"-6 route add default via fe80::1 dev eth0 src {owned.First(ip => !IsV4(ip))}");
        return ns;
    }

    private static bool IsV4(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork;

    private static void AddV6(NetworkNamespace ns, string address, string device)
    {
        Exec(ns, $"addr add {address} dev {device} nodad");
        using var netlink = NetlinkSocket.Open(ns);
        netlink.Routes.WaitUntilLocal(IPAddress.Parse(address.Split('/')[0]), TimeSpan.FromSeconds(5));
    }

    private static PhysicalAddress MacOf(NetworkNamespace ns)
    {
        using var netlink = NetlinkSocket.Open(ns);
        return netlink.Links.Get("eth0").MacAddress;
    }
}
