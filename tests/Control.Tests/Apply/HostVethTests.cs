using System.Net;
using System.Net.Sockets;
using Dataplane.Control.Apply;
using Dataplane.Testing;
using Xdp.Interop;
using Xdp.Interop.Links;
using Xunit;

namespace Dataplane.Control.Tests.Apply;

public sealed class HostVethTests : IDisposable
{
    private static readonly HostVethSpec Spec = new()
    {
        Address = IPAddress.Parse("10.244.1.1"), ClusterCidrs = [IPNetwork.Parse("10.244.0.0/16")], ServiceCidrs = [IPNetwork.Parse("10.96.0.0/12")], RouteMtu = 1450,
    };

    private readonly ApplySandbox? _sandbox = Privileges.MissingForNetworkNamespaces is null ? new ApplySandbox() : null;

    private ApplySandbox Box => _sandbox!;

    public void Dispose() => _sandbox?.Dispose();

    [RequiresRootFact]
    public void TheHostReachesPodsAndServicesThroughThePair()
    {
        var veth = Up(Spec);
        Assert.Equal(
            ["10.96.0.0/12 via 169.254.77.1 dev dp-host proto 77 src 10.244.1.1 mtu 1450 advmss 1410",
             "10.244.0.0/16 via 169.254.77.1 dev dp-host proto 77 src 10.244.1.1 mtu 1450 advmss 1410",
             "169.254.77.1 dev dp-host proto 77 scope link src 10.244.1.1 mtu 1450"], Routes());
        var lookup = Box.Netlink.Routes.Get(IPAddress.Parse("10.96.0.10"))!;
        Assert.Equal((veth.HostIndex, IPAddress.Parse("10.244.1.1"), 1450), (lookup.Interface, lookup.Source, lookup.Mtu));
        Assert.Equal(RouteType.Local, Box.Netlink.Routes.Get(IPAddress.Parse("10.244.1.1"))!.Type);
        Assert.Equal("2", Sysctl.Read("ipv4/conf/dp-host/rp_filter", Box.Node));
        Assert.All(["dp-host", "dp-host-x"], n => Assert.Equal("1", Sysctl.Read($"ipv6/conf/{n}/disable_ipv6", Box.Node)));
        Assert.Equal((veth.PortIndex, veth.GatewayMac), (Box.Netlink.Links.Get("dp-host-x").Index, Box.Netlink.Links.Get("dp-host-x").MacAddress));
        using var ethtool = Ethtool.Open(Box.Node);
        Assert.False(ethtool.GetFeatures("dp-host")["tx-udp-segmentation"].Active);
    }

    [RequiresRootFact]
    public void FramesOfTheHostGoToTheGatewayWithoutArp()
    {
        var sniffer = Box.Sniff(Box.Node);
        var veth = Up(Spec);
        using var client = Box.Node.Run(() => new UdpClient());
        client.Send([1, 2, 3], new IPEndPoint(IPAddress.Parse("10.244.7.9"), 53));
        var frame = new byte[2000];
        var length = sniffer.Receive(frame);
        Assert.Equal((45, 8, 0), (length, frame[12], frame[13]));
        Assert.Equal(veth.GatewayMac.GetAddressBytes(), frame[..6]);
        Assert.Equal(IPAddress.Parse("10.244.1.1").GetAddressBytes(), frame[26..30]);
    }

    [RequiresRootFact]
    public void TheHostStackTakesFramesFromThePort()
    {
        var veth = Up(Spec);
        using var server = Box.Node.Run(() => new UdpClient(new IPEndPoint(IPAddress.Parse("10.244.1.1"), 5353)));
        server.Client.ReceiveTimeout = 3000;
        // From a remote node's own address, whose route is not by this pair (there is none at all here): loose needs one.
        Box.Netlink.Routes.Add(new Route { Destination = IPNetwork.Parse("0.0.0.0/0"), Interface = 1, Scope = RouteScope.Link });
        using var sender = Box.Sniff(Box.Node);
        ApplySandbox.Exec(Box.Node, "python3", "-c", $"""
            import socket, struct
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            s.bind(("dp-host-x", 0))
            def sum16(b):
                t = sum(struct.unpack("!%dH" % (len(b) // 2), b)); t = (t & 0xffff) + (t >> 16); return 0xffff & ~(t + (t >> 16))
            ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 31, 0, 0, 64, 17, 0, bytes([192, 0, 2, 7]), bytes([10, 244, 1, 1]))
            ip = ip[:10] + struct.pack("!H", sum16(ip)) + ip[12:]
            s.send(bytes.fromhex("{veth.HostMac}") + bytes.fromhex("{veth.GatewayMac}") + b"\x08\x00" + ip + struct.pack("!HHHH", 1111, 5353, 11, 0) + b"abc")
            """);
        var from = new IPEndPoint(IPAddress.Any, 0);
        Assert.Equal("abc"u8.ToArray(), server.Receive(ref from!));
        Assert.Equal(new IPEndPoint(IPAddress.Parse("192.0.2.7"), 1111), from);
    }

    [RequiresRootFact]
    public void RemoveLeavesTheNodeAsItWas()
    {
        var before = Snapshot();
        var veth = Up(Spec);
        Assert.NotEqual(before, Snapshot());
        Assert.True(Box.Node.Run(veth.Remove));
        Assert.False(Box.Node.Run(veth.Remove));
        Assert.Equal(before, Snapshot());
    }

    [RequiresRootFact]
    public void APairOfAnEarlierRunIsTakenOverAndItsStaleRoutesGo()
    {
        var first = Up(Spec with { ServiceCidrs = [IPNetwork.Parse("10.112.0.0/12")], RouteMtu = 1400, Address = IPAddress.Parse("10.244.1.1") });
        var second = Up(Spec);
        Assert.Equal((true, first.HostIndex), (second.WasTakenOver, second.HostIndex));
        Assert.Equal(3, Routes().Length);
        Assert.DoesNotContain(Routes(), r => r.Contains("10.112", StringComparison.Ordinal) || r.Contains("1400", StringComparison.Ordinal));
    }

    [RequiresRootFact]
    public void HalfAPairOrOneOfOtherSettingsIsReplaced()
    {
        Up(Spec);
        ApplySandbox.Exec(Box.Node, "ip", "link", "set", "dp-host", "down");
        ApplySandbox.Exec(Box.Node, "ip", "link", "set", "dp-host", "name", "stray");
        var first = Up(Spec);
        Assert.Null(Box.Netlink.Links.Find("stray"));
        var second = Up(Spec with { DeviceMtu = 9000 });
        Assert.False(second.WasTakenOver);
        Assert.NotEqual(first.HostIndex, second.HostIndex);
        Assert.Equal(9000, Box.Netlink.Links.Get("dp-host").Mtu);
    }

    [RequiresRootTheory]
    [InlineData("dp-host", "uplink")]
    [InlineData("dp-host-x", "uplink")]
    [InlineData("dp-host", "dp-host-x")]
    public void ADeviceOfSomebodyElseIsNotDestroyed(string name, string peer)
    {
        var theirs = Box.Netlink.Links.CreateVeth(new VethSpec { Name = name, PeerName = peer });
        var e = Assert.Throws<XdpException>(() => Up(Spec));
        Assert.StartsWith($"take over {name}: EEXIST", e.Message, StringComparison.Ordinal);
        Assert.Contains("is not a host port of a dataplane (those have the alias \"dataplane host port\"); choose another --host-port", e.Message, StringComparison.Ordinal);
        Assert.Equal((theirs.Index, theirs.PeerIndex), (Box.Netlink.Links.Get(name).Index, Box.Netlink.Links.Get(peer).Index));
    }

    [RequiresRootFact]
    public void APairWhosePortHasNoAliasIsTakenOverFromAnEarlierVersion()
    {
        var first = Up(Spec);
        Box.Netlink.Links.SetAlias(first.PortIndex, "");
        Assert.True(Up(Spec).WasTakenOver);
    }

    [RequiresRootFact]
    public void ItsLossIsTold()
    {
        var veth = Up(Spec);
        Assert.Null(Box.Node.Run(veth.FindLoss));
        ApplySandbox.Exec(Box.Node, "ip", "link", "del", "dp-host");
        Assert.StartsWith("interface dp-host was removed", Box.Node.Run(veth.FindLoss), StringComparison.Ordinal);
        ApplySandbox.Exec(Box.Node, "ip", "link", "add", "dp-host", "type", "veth", "peer", "name", "dp-host-x"); // others, without our socket
        Assert.EndsWith("restart the dataplane", Box.Node.Run(veth.FindLoss), StringComparison.Ordinal);
    }

    [RequiresRootFact]
    public void ARouteOfSomebodyElseIsNotDestroyed()
    {
        var other = Box.Netlink.Links.CreateVeth(new VethSpec { Name = "cni0", PeerName = "x" });
        Box.Netlink.Links.SetUp(other.Index);
        Box.Netlink.Routes.Add(new Route { Destination = IPNetwork.Parse("10.244.0.0/16"), Interface = other.Index, Scope = RouteScope.Link, Protocol = RouteProtocol.Static });
        var e = Assert.Throws<XdpException>(() => Up(Spec));
        Assert.Contains("10.244.0.0/16", e.Message, StringComparison.Ordinal);
        Assert.Null(Box.Netlink.Links.Find("dp-host"));
        Assert.Equal(other.Index, Box.Netlink.Routes.Get(IPAddress.Parse("10.244.7.7"))!.Interface);
    }

    [RequiresRootFact]
    public void SettingsThatAreNotOursAreReportedAndLeftAlone()
    {
        Sysctl.Write("ipv4/ip_forward", "0", Box.Node);
        var veth = Up(Spec);
        Assert.Contains("ip_forward", Assert.Single(Box.Node.Run(veth.FindObstacles)), StringComparison.Ordinal);
        Assert.Equal("0", Sysctl.Read("ipv4/ip_forward", Box.Node));
        Sysctl.Write("ipv4/ip_forward", "1", Box.Node);
        Assert.Empty(Box.Node.Run(veth.FindObstacles));
    }

    private string[] Routes() => [.. ApplySandbox.Exec(Box.Node, "ip", "route", "show", "dev", "dp-host").Split('\n')
        .Select(l => string.Join(' ', l.Split(' ', StringSplitOptions.RemoveEmptyEntries))).Select(l => l.Replace(" proto", " dev dp-host proto", StringComparison.Ordinal))];

    private string Snapshot() => string.Join('\n',
        ApplySandbox.Exec(Box.Node, "ip", "addr"), ApplySandbox.Exec(Box.Node, "ip", "route", "show", "table", "all"), ApplySandbox.Exec(Box.Node, "ip", "neigh"),
        ApplySandbox.Exec(Box.Node, "sysctl", "-a", "-r", "net.ipv[46].conf.(all|default|lo)|ip_forward"));

    private HostVeth Up(HostVethSpec spec) => Box.Node.Run(() =>
    {
        var veth = HostVeth.Create(spec);
        veth.Activate();
        return veth;
    });
}
