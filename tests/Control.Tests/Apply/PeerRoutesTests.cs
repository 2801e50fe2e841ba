using System.Net;
using Dataplane.Control.Apply;
using Dataplane.Control.Compile;
using Dataplane.Control.Options;
using Dataplane.Tables;
using Xdp.Interop.Links;
using Xunit;
using Node = Dataplane.Contracts.V1.Node;
using Route = Xdp.Interop.Links.Route;

namespace Dataplane.Control.Tests.Apply;

/// <summary>Which nodes' pods need no tunnel, by which next hop they are reached, and what the node's table gets for it.</summary>
public sealed class PeerRoutesTests
{
    private const int Eth0 = 2, Eth1 = 3;
    private static readonly IPNetwork[] Cluster = [IPNetwork.Parse("10.244.0.0/16"), IPNetwork.Parse("fd00:10:244::/48")], Own = [IPNetwork.Parse("10.244.1.0/24"), IPNetwork.Parse("fd00:10:244:1::/64")];

    private readonly List<Node> _nodes = [Of("near", "192.168.77.2", "10.244.2.0/24"), Of("far", "192.168.78.3", "10.244.3.0/24")];
    private readonly List<Route> _known = [];
    private readonly HashSet<IPNetwork> _refused = [];

    // "near" is on this node's link, "far" behind a router.
    private readonly Dictionary<IPAddress, PeerHop> _hops = new()
    {
        [IPAddress.Parse("192.168.77.2")] = new(Eth0, IPAddress.Parse("192.168.77.2")), [IPAddress.Parse("192.168.78.3")] = new(Eth0, IPAddress.Parse("192.168.77.254")),
        [IPAddress.Parse("fd00:77::2")] = new(Eth0, IPAddress.Parse("fd00:77::2")),
    };

    [Fact]
    public void WithTunnelsThereIsNothingToDo()
    {
        var made = Make(RoutingMode.Vxlan);
        Assert.Empty(made.Peers);
        Assert.Empty(made.Routes);
        Assert.Empty(made.WaysV4);
    }

    [Fact]
    public void S5_NativeIsByTheWayToTheNode()
    {
        Must(RoutingMode.Native, ["near 10.244.2.0/24 Native 192.168.77.2 DataplanePods", "far 10.244.3.0/24 Native 192.168.77.254 DataplanePods"],
            "10.244.2.0/24 via 192.168.77.2 dev 2 metric 8192", "10.244.3.0/24 via 192.168.77.254 dev 2 metric 8192");
        Assert.All(Make(RoutingMode.Native).Routes, route => Assert.Equal((RouteProtocol.DataplanePods, RouteTableId.Main), (route.Protocol, route.Table)));
    }

    [Fact]
    public void X37_AutoIsNativeOnTheSameLinkAndATunnelElsewhere()
    {
        Must(RoutingMode.Auto, ["near 10.244.2.0/24 Native 192.168.77.2 DataplanePods", "far 10.244.3.0/24 Overlay  Unspecified"], "10.244.2.0/24 via 192.168.77.2 dev 2 metric 8192");
        Assert.Equal((RouteKind.Native, RouteKind.Overlay), (Make(RoutingMode.Auto).WaysV4["near"].Kind, Make(RoutingMode.Auto).WaysV4["far"].Kind));
    }

    /// <summary>A process that has just started has asked for no way yet: what its predecessor found is right until then, and gone afterwards.</summary>
    [Theory]
    [InlineData(RoutingMode.Native)]
    [InlineData(RoutingMode.Auto)]
    public void S6_TheRouteOfAnEarlierProcessHoldsUntilTheNodeWasLookedAt(RoutingMode mode)
    {
        var left = By((byte)RouteProtocol.DataplanePods, "10.244.3.0/24", "192.168.77.250", PeerRoutes.Metric);
        _known.Add(left);
        _known.Add(By((byte)RouteProtocol.DataplanePods, "10.244.9.0/24", "192.168.77.250", PeerRoutes.Metric)); // of a node that has left
        var looked = _hops.ToDictionary();
        _hops.Clear();
        var before = Make(mode);
        Assert.Equal([$"near 10.244.2.0/24 {(mode == RoutingMode.Native ? "Unreachable" : "Overlay")}  Unspecified", "far 10.244.3.0/24 Native 192.168.77.250 DataplanePods"], Rows(before));
        Assert.Equal([left], before.Routes);

        _hops[IPAddress.Parse("192.168.78.3")] = PeerHop.None;
        Assert.Empty(Make(mode).Routes);
        _hops[IPAddress.Parse("192.168.78.3")] = looked[IPAddress.Parse("192.168.78.3")];
        Assert.Equal(mode == RoutingMode.Native ? ["10.244.3.0/24 via 192.168.77.254 dev 2 metric 8192"] : [], Routes(Make(mode)));
    }

    [Fact]
    public void TheRouteOfAnEarlierProcessHoldsOnlyWhereOneMayBeMade()
    {
        _hops.Clear();
        foreach (string cidr in (string[])["10.244.1.0/25", "10.244.0.0/16", "192.168.0.0/16"])
        {
            _nodes[1].PodCidrs[0] = cidr;
            _known.Add(By((byte)RouteProtocol.DataplanePods, cidr, "192.168.77.254", PeerRoutes.Metric));
            Assert.Empty(Make(RoutingMode.Native).Routes);
        }
        _known.Add(By((byte)RouteProtocol.DataplanePods, "10.244.2.0/24", null, 0)); // as the one to this node's pods is
        Assert.Empty(Make(RoutingMode.Native).Routes);
    }

    [Fact]
    public void WithoutAWayToTheNodeThereIsNoneToItsPods()
    {
        foreach (var node in _hops.Keys.ToList()) _hops[node] = PeerHop.None;
        Must(RoutingMode.Native, ["near 10.244.2.0/24 Unreachable  Unspecified", "far 10.244.3.0/24 Unreachable  Unspecified"]);
        Must(RoutingMode.Auto, ["near 10.244.2.0/24 Overlay  Unspecified", "far 10.244.3.0/24 Overlay  Unspecified"]); // the tunnel waits for the same way
        _nodes[0].PodCidrs.Clear();
        Assert.Equal(RouteKind.Unreachable, Make(RoutingMode.Native).WaysV4["near"].Kind); // there are no tunnels at all
    }

    /// <summary>S6: a BGP daemon knows more than a Node object says; its route takes the place of ours, and makes a tunnel needless.</summary>
    [Theory]
    [InlineData("10.244.3.0/24")]
    [InlineData("10.244.2.0/23")] // an aggregate
    public void S6_ARouteThatSomebodyElseHasBroughtComesFirst(string destination)
    {
        _known.Add(By(12, destination, "192.168.77.250", 32));
        _known.Add(By(12, "10.244.0.0/20", "192.168.77.251", 32));
        string near = destination == "10.244.3.0/24" ? "251" : "250";
        string[] peers = [$"near 10.244.2.0/24 Native 192.168.77.{near} 12", "far 10.244.3.0/24 Native 192.168.77.250 12"];
        Must(RoutingMode.Native, peers);
        Must(RoutingMode.Auto, peers);
    }

    [Fact]
    public void OursAndWhatLeadsToMoreThanPodsIsNobodysElse()
    {
        _known.Add(By(78, "10.244.3.0/24", "192.168.77.254", PeerRoutes.Metric));
        _known.Add(By(3, "10.0.0.0/8", "192.168.77.254", 0));
        _known.Add(By(12, "10.244.0.0/16", "192.168.77.254", 32)); // the host port's is to the same prefix, and better
        _known.Add(By(3, "0.0.0.0/0", "192.168.77.254", 0));
        Assert.Equal("far 10.244.3.0/24 Overlay  Unspecified", Rows(Make(RoutingMode.Auto))[1]);
    }

    /// <summary>S6: the kernel would obey it too, so a packet must not get there in a tunnel. Ours is not made beside it.</summary>
    [Theory]
    [InlineData(RouteType.Blackhole, RoutingMode.Native)]
    [InlineData(RouteType.Blackhole, RoutingMode.Auto)]
    [InlineData(RouteType.Unreachable, RoutingMode.Auto)]
    [InlineData(RouteType.Prohibit, RoutingMode.Auto)]
    [InlineData(RouteType.Throw, RoutingMode.Auto)]
    public void S6_ARouteThatRefusesANodesPodsIsObeyed(RouteType type, RoutingMode mode)
    {
        var refusing = By(3, "10.244.2.0/24", null, 32) with { Type = type, Interface = 0 };
        _known.Add(refusing);
        _known.Add(By(12, "10.244.2.0/23", "192.168.77.254", 32)); // wider
        string far = "far 10.244.3.0/24 Native 192.168.77.254 12";
        Must(mode, ["near 10.244.2.0/24 Unreachable  Boot", far]);
        Assert.Equal(RouteKind.Unreachable, Make(mode).WaysV4["near"].Kind);

        _known.Add(By(12, "10.244.2.0/24", "192.168.77.253", 20)); // better
        Must(mode, ["near 10.244.2.0/24 Native 192.168.77.253 12", far]);
        _known.RemoveRange(1, 2);
        _known[0] = refusing with { Metric = PeerRoutes.Metric + 1 }; // worse than ours
        Assert.Equal("near 10.244.2.0/24 Native 192.168.77.2 DataplanePods", Rows(Make(mode))[0]);
    }

    /// <summary>A daemon that announces an aggregate has such a route for it: what is known more closely is not meant.</summary>
    [Fact]
    public void S6_ARouteThatRefusesAWiderPrefixLeavesNodesTheirWays()
    {
        _known.Add(By(12, "10.244.2.0/23", null, 32) with { Type = RouteType.Blackhole });
        _known.Add(By(12, "10.244.0.0/20", "192.168.77.254", 32)); // further still, and so never taken
        Must(RoutingMode.Auto, ["near 10.244.2.0/24 Native 192.168.77.2 DataplanePods", "far 10.244.3.0/24 Overlay  Unspecified"], "10.244.2.0/24 via 192.168.77.2 dev 2 metric 8192");
    }

    [Fact]
    public void S6_OfAllPrefixesOfANodeOneThatIsRefusedDecides()
    {
        _nodes[1].PodCidrs.Add("10.244.4.0/24");
        _known.Add(By(3, "10.244.4.0/24", null, 0) with { Type = RouteType.Prohibit });
        Assert.Equal(RouteKind.Unreachable, Make(RoutingMode.Auto).WaysV4["far"].Kind);
    }

    /// <summary>Who can write Node objects must not route a host's traffic away.</summary>
    [Theory]
    [InlineData("0.0.0.0/0")]
    [InlineData("192.168.0.0/16")]
    [InlineData("10.244.0.0/15")]
    [InlineData("10.244.0.0/16")] // holds this node's own
    [InlineData("10.244.1.0/25")]
    public void NoRouteIsMadeToWhatAreNoPodsOrThisNodesOwn(string cidr)
    {
        _nodes.RemoveAt(1);
        _nodes[0].PodCidrs[0] = cidr;
        Must(RoutingMode.Native, [$"near {cidr} Unreachable  Unspecified"]);
        Must(RoutingMode.Auto, [$"near {cidr} Overlay  Unspecified"]);
    }

    [Fact]
    public void OfTwoNodesWithOnePrefixOneHasTheRoute()
    {
        _nodes[1].PodCidrs[0] = "10.244.2.0/24";
        Assert.Single(Make(RoutingMode.Native).Routes);
    }

    [Fact]
    public void FamiliesAreReachedEachByItsOwnAddress()
    {
        _nodes.RemoveAt(1);
        _nodes[0].PodCidrs.Add("fd00:10:244:2::/64");
        Assert.Equal((RouteKind.Native, RouteKind.Overlay), (Make(RoutingMode.Auto).WaysV4["near"].Kind, Make(RoutingMode.Auto).WaysV6["near"].Kind)); // the node has no IPv6 address
        _nodes[0].Addresses.Add("fd00:77::2");
        Must(RoutingMode.Auto, ["near 10.244.2.0/24 Native 192.168.77.2 DataplanePods", "near fd00:10:244:2::/64 Native fd00:77::2 DataplanePods"],
            "10.244.2.0/24 via 192.168.77.2 dev 2 metric 8192", "fd00:10:244:2::/64 via fd00:77::2 dev 2 metric 8192");
    }

    /// <summary>It is wanted still, so that it is tried again; until then nothing leads there.</summary>
    [Fact]
    public void ARouteThatTheKernelRefusedIsNoWay()
    {
        _refused.Add(IPNetwork.Parse("10.244.2.0/24"));
        string route = "10.244.2.0/24 via 192.168.77.2 dev 2 metric 8192";
        Must(RoutingMode.Native, ["near 10.244.2.0/24 Unreachable  Unspecified", "far 10.244.3.0/24 Native 192.168.77.254 DataplanePods"], route, "10.244.3.0/24 via 192.168.77.254 dev 2 metric 8192");
        Must(RoutingMode.Auto, ["near 10.244.2.0/24 Overlay  Unspecified", "far 10.244.3.0/24 Overlay  Unspecified"], route);
        _known.Add(By(12, "10.244.2.0/24", "192.168.77.254", 32)); // that of somebody else is there
        Assert.Equal("near 10.244.2.0/24 Native 192.168.77.254 12", Rows(Make(RoutingMode.Auto))[0]);
    }

    /// <summary>A device that is no uplink is the node's own stack's: what comes by it may, and what services lack there is said.</summary>
    [Fact]
    public void ANodeBehindAnotherDeviceHasItsRouteByThatAndIsAnObstacleToServices()
    {
        _hops[IPAddress.Parse("192.168.78.3")] = new(Eth1, IPAddress.Parse("172.16.0.1"));
        var made = Make(RoutingMode.Native);
        Assert.Contains("10.244.3.0/24 via 172.16.0.1 dev 3 metric 8192", Routes(made));
        Assert.Equal(new PeerWay(RouteKind.Native), made.WaysV4["near"]);
        Assert.Equal(new PeerWay(RouteKind.Native, ByHost: true, NodeByHost: true), made.WaysV4["far"]);
        Assert.Equal(new PeerWay(RouteKind.Overlay, NodeByHost: true), Make(RoutingMode.Auto).WaysV4["far"]);
        string problem = Assert.Single(PeerObstacles.Find(made.Peers, index => index == Eth1 ? "eth1" : null));
        Assert.StartsWith("pods of far are reached by eth1, which is no uplink: ", problem, StringComparison.Ordinal);
        Assert.EndsWith("name eth1 in external-interfaces", problem, StringComparison.Ordinal);

        // Of a route that somebody else has brought its own device counts, not that of the way to the node.
        _known.Add(By(12, "10.244.3.0/24", "192.168.77.254", 32));
        _known.Add(By(12, "10.244.2.0/24", "172.16.0.1", 32) with { Interface = Eth1 });
        made = Make(RoutingMode.Native);
        Assert.Equal(new PeerWay(RouteKind.Native, ByHost: true), made.WaysV4["near"]);
        Assert.Equal(new PeerWay(RouteKind.Native, NodeByHost: true), made.WaysV4["far"]);
        _nodes[1].PodCidrs.Add("10.244.4.0/24"); // by the way to the node
        Assert.Equal(new PeerWay(RouteKind.Native, ByHost: true, NodeByHost: true), Make(RoutingMode.Native).WaysV4["far"]);
        Assert.StartsWith("pods of near and 1 more nodes are reached by interface 3,", Assert.Single(PeerObstacles.Find(Make(RoutingMode.Native).Peers, _ => null)), StringComparison.Ordinal);
    }

    /// <summary>The square of this number of nodes and routes would take a minute.</summary>
    [Fact]
    public void S13_ManyNodesWithARouteEachAreQuick()
    {
        const int count = 20_000;
        _nodes.Clear();
        for (int i = 0; i < count; i++)
        {
            string pods = $"10.{128 + i / 4096}.{i / 16 % 256}.{i % 16 * 16}/28", address = $"172.{16 + i / 65536}.{i / 256 % 256}.{i % 256}";
            _nodes.Add(Of($"node-{i}", address, pods));
            if (i % 2 == 0) _known.Add(By(12, pods, "192.168.77.254", 32));
            _hops[IPAddress.Parse(address)] = new(Eth0, IPAddress.Parse("192.168.77.254"));
        }
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var made = PeerRoutes.Make(RoutingMode.Native, _nodes, _hops, _known, [IPNetwork.Parse("10.128.0.0/9")], [IPNetwork.Parse("10.255.0.0/24")], [Eth0], _refused);
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(10));
        Assert.Equal((count, count / 2), (made.Peers.Count(p => p.Kind == RouteKind.Native), made.Routes.Count));
    }

    private void Must(RoutingMode mode, string[] peers, params string[] routes)
    {
        var made = Make(mode);
        Assert.Equal(peers, Rows(made));
        Assert.Equal(routes, Routes(made));
    }

    private PeerRoutes Make(RoutingMode mode) => PeerRoutes.Make(mode, _nodes, _hops, _known, Cluster, Own, [Eth0], _refused);

    private static string[] Rows(PeerRoutes made) => [.. made.Peers.Select(p => $"{p.Node} {p.Pods} {p.Kind} {p.NextHop} {p.Origin}")];

    private static string[] Routes(PeerRoutes made) => [.. made.Routes.Select(r => $"{r.Destination} via {r.Gateway} dev {r.Interface} metric {r.Metric}")];

    private static Route By(byte protocol, string destination, string? gateway, uint metric) => new()
    {
        Destination = IPNetwork.Parse(destination), Gateway = gateway is null ? null : IPAddress.Parse(gateway), Interface = Eth0, Protocol = (RouteProtocol)protocol, Metric = metric,
    };

    private static Node Of(string name, string address, string pods) => new() { Name = name, Addresses = { address }, PodCidrs = { pods } };
}
