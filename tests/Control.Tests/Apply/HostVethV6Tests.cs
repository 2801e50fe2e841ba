using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Dataplane.Control.Apply;
using Dataplane.Testing;
using Xdp.Interop;
using Xdp.Interop.Links;
using Xunit;

namespace Dataplane.Control.Tests.Apply;

/// <summary>K27: the host port with an address of each family.</summary>
public sealed class HostVethV6Tests : IDisposable
{
    private static readonly IPAddress Gateway = IPAddress.Parse("fd00:10:244:1::1"), Pod = IPAddress.Parse("fd00:10:244:7::9"), HostPeer = IPAddress.Parse("fd00:10:244:1::");

    private static readonly HostVethSpec Spec = new()
    {
        Address = IPAddress.Parse("10.244.1.1"), AddressV6 = Gateway, RouteMtu = 1450,
        ClusterCidrs = [IPNetwork.Parse("10.244.0.0/16"), IPNetwork.Parse("fd00:10:244::/48")], ServiceCidrs = [IPNetwork.Parse("10.96.0.0/12"), IPNetwork.Parse("fd00:10:96::/112")],
    };

    private static readonly HostVethSpec OnlyV4 = Spec with { AddressV6 = null, ClusterCidrs = [Spec.ClusterCidrs[0]], ServiceCidrs = [Spec.ServiceCidrs[0]] };

    private static readonly string[] Wanted =
    [
        "fd00:10:244:1::1 dev dp-host proto kernel metric 256 pref medium",
        "fd00:10:244::/48 via fe80::77:1 dev dp-host proto 77 src fd00:10:244:1::1 metric 1 mtu 1450 advmss 1390 pref medium",
        "fd00:10:96::/112 via fe80::77:1 dev dp-host proto 77 src fd00:10:244:1::1 metric 1 mtu 1450 advmss 1390 pref medium",
    ];

    private readonly ApplySandbox? _sandbox = Privileges.MissingForNetworkNamespaces is null ? new ApplySandbox() : null;

    private ApplySandbox Box => _sandbox!;

    public void Dispose() => _sandbox?.Dispose();

    [RequiresRootTheory]
    [InlineData("0")]
    [InlineData("1")] // IPv6 is off for new devices
    public void K27_TheHostReachesPodsAndServicesOfBothFamilies(string disabled)
    {
        Sysctl.Write("ipv6/conf/default/disable_ipv6", disabled, Box.Node);
        var veth = Up(Spec);
        Assert.Equal(Wanted, Routes());
        var lookup = Box.Netlink.Routes.Get(IPAddress.Parse("fd00:10:96::a"))!;
        Assert.Equal((veth.HostIndex, Gateway, 1450), (lookup.Interface, lookup.Source, lookup.Mtu));
        Assert.Equal(RouteType.Local, Box.Netlink.Routes.Get(Gateway)!.Type);
        Assert.Equal(veth.HostIndex, Box.Netlink.Routes.Get(HostPeer)!.Interface); // what stands for the node itself comes back
        Assert.Equal([Spec.Address, Gateway], Box.Netlink.Addresses.List(veth.HostIndex).Select(a => a.Address)); // none of the link
        Assert.Equal("1", Sysctl.Read("ipv6/conf/dp-host-x/disable_ipv6", Box.Node));
        Assert.Equal("0", Sysctl.Read("ipv6/conf/dp-host/accept_ra", Box.Node));
        Assert.Equal(veth.HostIndex, Box.Netlink.Routes.Get(IPAddress.Parse("10.96.0.10"))!.Interface);
    }

    [RequiresRootFact]
    public void K27_FramesOfTheHostGoToTheGatewayWithoutNeighbourDiscovery()
    {
        var sniffer = Box.Sniff(Box.Node);
        var veth = Up(Spec);
        using var client = Box.Node.Run(() => new UdpClient(AddressFamily.InterNetworkV6));
        client.Send([1, 2, 3], new IPEndPoint(Pod, 53));
        var frame = new byte[2000];
        int length;
        do
        {
            length = sniffer.Receive(frame);
            Assert.False(length > 54 && frame[12] == 0x86 && frame[20] == 58 && frame[54] is 133 or 135, "the host asks for a router or a neighbour");
        }
        while (length < 54 || frame[12] != 0x86 || frame[20] != 17);
        Assert.Equal(veth.GatewayMac.GetAddressBytes(), frame[..6]);
        Assert.Equal(Gateway.GetAddressBytes(), frame[22..38]);
    }

    [RequiresRootTheory]
    [InlineData("fd00:10:244:1::")]   // stands for the node itself
    [InlineData("fd00:10:244:7::9")]  // a pod behind a tunnel
    [InlineData("2001:db8:c::5")]     // somebody outside, to whom there is no other way here
    public void K27_TheHostStackTakesFramesFromThePortAndAnswers(string sender)
    {
        var veth = Up(Spec);
        if (sender.StartsWith("2001", StringComparison.Ordinal)) ApplySandbox.Exec(Box.Node, "ip", "-6", "route", "add", "default", "via", "fe80::77:1", "dev", "dp-host");
        using var server = Box.Node.Run(() => new UdpClient(new IPEndPoint(Gateway, 5353)));
        server.Client.ReceiveTimeout = 3000;
        var sniffer = Box.Sniff(Box.Node);
        ApplySandbox.Exec(Box.Node, "python3", "-c", $"""
            import socket, struct
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            s.bind(("dp-host-x", 0))
            a, b = socket.inet_pton(socket.AF_INET6, "{sender}"), socket.inet_pton(socket.AF_INET6, "{Gateway}")
            def sum16(d):
                d += b"\0" * (len(d) % 2)
                t = sum(struct.unpack("!%dH" % (len(d) // 2), d))
                while t >> 16: t = (t & 0xffff) + (t >> 16)
                return 0xffff & ~t
            udp = struct.pack("!HHHH", 1111, 5353, 11, 0) + b"abc"
            udp = udp[:6] + struct.pack("!H", sum16(a + b + struct.pack("!II", len(udp), 17) + udp)) + udp[8:]
            s.send(bytes.fromhex("{veth.HostMac}") + bytes.fromhex("{veth.GatewayMac}") + b"\x86\xdd" + struct.pack("!IHBB", 6 << 28, len(udp), 17, 64) + a + b + udp)
            """);
        var from = new IPEndPoint(IPAddress.IPv6Any, 0);
        Assert.Equal("abc"u8.ToArray(), server.Receive(ref from!));
        Assert.Equal(new IPEndPoint(IPAddress.Parse(sender), 1111), from);

        server.Send([7, 7, 7], from);
        var frame = new byte[2000];
        int length;
        do length = sniffer.Receive(frame);
        while (length != 65 || frame[62] != 7);
        Assert.Equal(veth.GatewayMac.GetAddressBytes(), frame[..6]);
        Assert.Equal(IPAddress.Parse(sender).GetAddressBytes(), frame[38..54]);
    }

    [RequiresRootFact]
    public void K27_RemoveLeavesTheNodeAsItWas()
    {
        var before = Snapshot();
        var veth = Up(Spec);
        Assert.NotEqual(before, Snapshot());
        Assert.True(Box.Node.Run(veth.Remove));
        Assert.Equal(before, Snapshot());
    }

    [RequiresRootFact]
    public void K27_APairIsTakenOverWhateverFamiliesItHad()
    {
        var first = Up(Spec with { ServiceCidrs = [IPNetwork.Parse("10.96.0.0/12"), IPNetwork.Parse("fd00:10:97::/112")], RouteMtu = 1400 });
        Assert.Contains("fd00:10:97::/112 via fe80::77:1 dev dp-host proto 77 src fd00:10:244:1::1 metric 1 mtu 1400 advmss 1340 pref medium", Routes());
        var second = Up(Spec);
        Assert.Equal((true, first.HostIndex), (second.WasTakenOver, second.HostIndex));
        Assert.Equal(Wanted, Routes());

        Up(OnlyV4);
        Assert.Equal([], Routes());
        Assert.Equal([Spec.Address], Box.Netlink.Addresses.List(first.HostIndex).Select(a => a.Address));
        Assert.Equal("1", Sysctl.Read("ipv6/conf/dp-host/disable_ipv6", Box.Node));

        Assert.True(Up(Spec).WasTakenOver);
        Assert.Equal(Wanted, Routes());
        Assert.Equal([Spec.Address, Gateway], Box.Netlink.Addresses.List(first.HostIndex).Select(a => a.Address));
    }

    [RequiresRootFact]
    public void K27_ARouteOfSomebodyElseIsNotDestroyedAndOneOfALesserMetricIsNoObstacle()
    {
        var other = Box.Netlink.Links.CreateVeth(new VethSpec { Name = "cni0", PeerName = "x" });
        Box.Netlink.Links.SetUp(other.Index);
        Box.Netlink.Routes.Add(new Route { Destination = Spec.ClusterCidrs[1], Interface = other.Index, Protocol = RouteProtocol.Static, Metric = 256 });
        var veth = Up(Spec);
        Assert.Equal(veth.HostIndex, Box.Netlink.Routes.Get(Pod)!.Interface);
        Box.Node.Run(veth.Remove);
        Assert.Equal(other.Index, Box.Netlink.Routes.Get(Pod)!.Interface);

        Box.Netlink.Routes.Add(new Route { Destination = Spec.ClusterCidrs[1], Interface = other.Index, Protocol = RouteProtocol.Static, Metric = 1 });
        var e = Assert.Throws<XdpException>(() => Up(Spec));
        Assert.Contains("fd00:10:244::/48", e.Message, StringComparison.Ordinal);
        Assert.Null(Box.Netlink.Links.Find("dp-host"));
        Assert.Equal(other.Index, Box.Netlink.Routes.Get(Pod)!.Interface);
    }

    [RequiresRootFact]
    public void K27_ForwardingIsAnObstacleOfDualStackOnly()
    {
        Sysctl.Write("ipv4/ip_forward", "1", Box.Node);
        Assert.Equal("0", Sysctl.Read("ipv6/conf/all/forwarding", Box.Node));
        Assert.Empty(Box.Node.Run(Up(OnlyV4).FindObstacles));
        var veth = Up(Spec);
        Assert.Contains("net.ipv6.conf.all.forwarding is 0", Assert.Single(Box.Node.Run(veth.FindObstacles)), StringComparison.Ordinal);
        Sysctl.Write("ipv6/conf/all/forwarding", "1", Box.Node);
        Assert.Empty(Box.Node.Run(veth.FindObstacles));
    }

    [RequiresRootTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void RefreshPutsBackWhatOthersTookAway(bool dualStack)
    {
        var veth = Up(dualStack ? Spec : OnlyV4);
        string whole = Snapshot();
        Assert.Empty(Box.Node.Run(veth.Refresh)); // and so says who finds all in place
        Assert.Equal(whole, Snapshot());

        List<string> harms = ["ip route flush proto 77", "ip addr flush dev dp-host", "ip link set dp-host down", "ip neigh del 169.254.77.1 dev dp-host"];
        if (dualStack)
        {
            harms.AddRange([
                "ip -6 route flush proto 77", "ip -6 addr flush dev dp-host", "ip neigh del fe80::77:1 dev dp-host", "sysctl -q -w net.ipv6.conf.dp-host.disable_ipv6=1", "sysctl -q -w net.ipv6.conf.dp-host.accept_ra=2"]);
        }
        foreach (string harm in harms)
        {
            ApplySandbox.Exec(Box.Node, harm.Split(' '));
            Assert.NotEqual((harm, whole), (harm, Snapshot()));
            Assert.NotEmpty(Box.Node.Run(veth.Refresh));
            Assert.Equal((harm, whole), (harm, Snapshot()));
        }
    }

    private IEnumerable<string> Routes() => ApplySandbox.Exec(Box.Node, "ip", "-6", "route", "show").Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(l => string.Join(' ', l.Split(' ', StringSplitOptions.RemoveEmptyEntries))).Where(l => l.Contains("dev dp-host", StringComparison.Ordinal)).Order(StringComparer.Ordinal);

    private string Snapshot() => string.Join('\n',
        ApplySandbox.Exec(Box.Node, "ip", "addr", "show", "dev", "lo"), Sorted("ip", "-br", "addr"), Sorted("ip", "-4", "route", "show", "table", "all"),
        Sorted("ip", "-6", "route", "show", "table", "all"), Sorted("ip", "neigh", "show", "nud", "permanent"),
        ApplySandbox.Exec(Box.Node, "sysctl", "-a", "-r", "net.ipv[46].conf.(all|default|lo|dp-host)|ip_forward"));

    private string Sorted(params string[] command) => string.Join('\n', ApplySandbox.Exec(Box.Node, command).Split('\n').Select(line => line.Trim()).Order(StringComparer.Ordinal));

    private HostVeth Up(HostVethSpec spec) => Box.Node.Run(() =>
    {
        var veth = HostVeth.Create(spec);
        veth.Activate();
        return veth;
    });
}
