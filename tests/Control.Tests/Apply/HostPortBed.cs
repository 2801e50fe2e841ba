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
    private readonly ApplySandbox _box = new();

    /// <param name="mark">Mark of what the stand-in delivers.</param>
    /// <param name="reversePathFilter">net.ipv4.conf.all.rp_filter of the node.</param>
    public HostPortBed(uint mark = HostFrontends.Mark, string reversePathFilter = "0")
    {
        Sysctl.Write("ipv4/conf/all/rp_filter", reversePathFilter, Node);
        Sysctl.Write("ipv4/conf/default/rp_filter", reversePathFilter, Node);
        World = Join("eth0", "192.0.2.1/24", "192.0.2.254/24");
        Exec(Node, "route add default via 192.0.2.254");
        Backend = Join("be0", null, null, NodeIp, ExternalIp);
        Client = Join("cl0", null, null, ClientIp);
        StandIn = _box.Own(new StandInDataplane());
        Node.Run(() =>
        {
            Veth = HostVeth.Create(new HostVethSpec { Address = Gateway, ClusterCidrs = [IPNetwork.Parse("10.244.0.0/16")], ServiceCidrs = [IPNetwork.Parse("10.96.0.0/12")], RouteMtu = 1450 });
            using var netlink = NetlinkSocket.Open();
            StandIn.Add("host", Veth.PortIndex, XdpProgram.Load(XdpObjects.Host, XdpObjects.HostProgram), Veth.HostMac, mark);
            StandIn.Add("backend", netlink.Links.Get("be0").Index, XdpProgram.Load(XdpObjects.Pod, XdpObjects.PodProgram), MacOf(Backend), 0, NodeIp, ExternalIp);
            StandIn.Add("client", netlink.Links.Get("cl0").Index, XdpProgram.Load(XdpObjects.Pod, XdpObjects.PodProgram), MacOf(Client), 0, ClientIp);
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
    public static HostFrontendsSpec Spec { get; } = new()
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

    public HostFrontends Open() => new("dp-host", StateDirectory);

    /// <summary>Applies a state in the node's namespace.</summary>
    public HostFrontends Apply(HostFrontendsSpec? spec = null, HostFrontends? frontends = null)
    {
        frontends ??= Open();
        Node.Run(() => frontends.Apply(spec ?? Spec));
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
        foreach (var ip in owned) Exec(ns, $"addr add {ip}/32 dev lo");
        if (owned.Length == 0) return ns;
        Exec(ns, "neigh add 169.254.1.1 lladdr 02:00:00:00:00:01 dev eth0");
        Exec(ns, $"route add default via 169.254.1.1 dev eth0 onlink src {owned[0]}");
        return ns;
    }

    private static PhysicalAddress MacOf(NetworkNamespace ns)
    {
        using var netlink = NetlinkSocket.Open(ns);
        return netlink.Links.Get("eth0").MacAddress;
    }
}
