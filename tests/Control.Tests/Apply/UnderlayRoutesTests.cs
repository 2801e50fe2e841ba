using System.Net;
using System.Net.NetworkInformation;
using Dataplane.Control.Apply;
using Dataplane.Packets;
using Xdp.Interop.Links;
using Xunit;
using Neighbor = Xdp.Interop.Links.Neighbor;
using Route = Xdp.Interop.Links.Route;

namespace Dataplane.Control.Tests.Apply;

/// <summary>Which of the node's routes become ways by the uplink, and which are left to its own stack.</summary>
public sealed class UnderlayRoutesTests
{
    private const int Uplink = 2, Second = 3, Other = 7;
    private static readonly Dictionary<int, int> Mtus = new() { [Uplink] = 1500, [Second] = 9000 };

    private readonly List<Route> _routes = [To("0.0.0.0/0", Uplink, "192.168.77.254"), To("192.168.77.0/24", Uplink)];
    private IPNetwork[] _pods = [];
    private readonly List<Neighbor> _neighbors = [At(Uplink, "192.168.77.254", 0xfe), At(Uplink, "192.168.77.9", 9)];

    [Fact]
    public void AGatewayThatIsKnownIsAWayAndSoIsEveryKnownNeighbor() => Must(
        "0.0.0.0/0 2 02:00:00:00:00:fe 1500", "192.168.77.0/24 host", "192.168.77.9/32 2 02:00:00:00:00:09 1500", "192.168.77.254/32 2 02:00:00:00:00:fe 1500");

    [Fact]
    public void WhoIsNotKnownIsForTheNodesStackToFindOut()
    {
        _neighbors[0] = _neighbors[0] with { State = NeighborState.Failed };
        _neighbors[1] = _neighbors[1] with { State = NeighborState.Incomplete, MacAddress = null };
        Must("0.0.0.0/0 host", "192.168.77.0/24 host");
    }

    [Fact]
    public void OtherDevicesAndOtherKindsOfRoutesAreForTheNodesStack()
    {
        _neighbors.Clear();
        _routes.Add(To("10.1.0.0/16", Other));
        _routes.Add(To("10.2.0.0/16", Uplink, "192.168.77.254") with { Type = RouteType.Blackhole });
        _routes.Add(To("10.3.0.0/16", Uplink, "192.168.77.254") with { IsMultipath = true });
        _neighbors.Add(At(Uplink, "192.168.77.254", 0xfe));
        _neighbors.Add(At(Other, "10.1.0.5", 5));
        Must("0.0.0.0/0 2 02:00:00:00:00:fe 1500", "10.1.0.0/16 host", "10.2.0.0/16 host", "10.3.0.0/16 host", "192.168.77.0/24 host", "192.168.77.254/32 2 02:00:00:00:00:fe 1500");
    }

    [Fact]
    public void OfRoutesToOnePrefixTheLowestMetricCounts()
    {
        _routes[0] = To("0.0.0.0/0", Other, "10.1.0.1") with { Metric = 50 };
        _routes.Add(To("0.0.0.0/0", Uplink, "192.168.77.254") with { Metric = 100 });
        Assert.Contains("0.0.0.0/0 host", Ways());
        _routes.Add(To("0.0.0.0/0", Uplink, "192.168.77.254") with { Metric = 10 });
        Assert.Contains("0.0.0.0/0 2 02:00:00:00:00:fe 1500", Ways());
    }

    [Fact]
    public void ANeighborBehindAMoreSpecificRouteIsNotReachedDirectly()
    {
        _routes.Add(To("192.168.77.8/30", Other));
        Assert.DoesNotContain(Ways(), way => way.StartsWith("192.168.77.9/32", StringComparison.Ordinal));
        _routes[^1] = To("192.168.77.9/32", Uplink, "192.168.77.254");
        Assert.Contains("192.168.77.9/32 2 02:00:00:00:00:fe 1500", Ways());
    }

    [Fact]
    public void ARouteMayHaveASmallerMtuThanItsDevice()
    {
        _routes[0] = _routes[0] with { Mtu = 1400 };
        _routes.Add(To("10.0.0.0/8", Second, "10.9.0.1") with { Mtu = 20_000 });
        _neighbors.Add(At(Second, "10.9.0.1", 1));
        Assert.Contains("0.0.0.0/0 2 02:00:00:00:00:fe 1400", Ways());
        Assert.Contains("10.0.0.0/8 3 02:00:00:00:00:01 9000", Ways());
    }

    [Fact]
    public void OurOwnRoutesAndOtherTablesDoNotCount()
    {
        _routes.Add(To("10.244.0.0/16", Other) with { Protocol = RouteProtocol.Dataplane });
        _routes.Add(To("10.5.0.0/16", Uplink) with { Table = 100 });
        Assert.DoesNotContain(Ways(), way => way.StartsWith("10.", StringComparison.Ordinal));
    }

    /// <summary>Natively routed pods (S5): by our own routes and by others', whose next hops may be several; never by the way to the world.</summary>
    [Fact]
    public void S5_PodsHaveTheWaysOfRoutesToThemAndElseAreForTheNodesStack()
    {
        _pods = [IPNetwork.Parse("10.244.0.0/16"), IPNetwork.Parse("fd00:10:244::/48")];
        _routes.Add(To("10.244.0.0/16", Other) with { Protocol = RouteProtocol.Dataplane }); // into the host port
        _routes.Add(To("10.244.2.0/24", Uplink, "192.168.77.9") with { Protocol = RouteProtocol.DataplanePods, Metric = PeerRoutes.Metric });
        _routes.Add(To("10.244.3.0/24", Uplink, "192.168.77.9") with { Protocol = RouteProtocol.DataplanePods, Metric = PeerRoutes.Metric });
        _routes.Add(To("10.244.3.0/24", Uplink, "192.168.77.254") with { Protocol = (RouteProtocol)12, Metric = 32, IsMultipath = true });
        string[] pods = [.. Ways().Where(way => way.StartsWith("10.", StringComparison.Ordinal))];
        Assert.Equal(["10.244.0.0/16 host", "10.244.2.0/24 2 02:00:00:00:00:09 1500", "10.244.3.0/24 2 02:00:00:00:00:fe 1500"], pods);
        Assert.Equal(["192.168.77.254", "192.168.77.9"], UnderlayRoutes.Gateways(_routes, Mtus, _pods).Select(g => $"{g.Gateway}"));
        Assert.Contains("fd00:10:244::/48 host", Ways<IPv6Address>());
    }

    [Fact]
    public void GatewaysByUplinksAreToBeKeptResolved()
    {
        _routes.Add(To("10.0.0.0/8", Second, "10.9.0.1"));
        _routes.Add(To("11.0.0.0/8", Uplink, "192.168.77.254"));
        _routes.Add(To("12.0.0.0/8", Other, "10.1.0.1"));
        Assert.Equal([(Uplink, IPAddress.Parse("192.168.77.254")), (Second, IPAddress.Parse("10.9.0.1"))], UnderlayRoutes.Gateways(_routes, Mtus, _pods));
    }

    [Fact]
    public void RulesThatChooseAmongTablesForAnybodyMakeTheNodesStackTheOnlyOneWhoKnows()
    {
        RoutingRule[] usual = [new() { Priority = 0, Table = RouteTableId.Local, Protocol = RouteProtocol.Kernel }, new() { Priority = 32766, Table = RouteTableId.Main, Protocol = RouteProtocol.Kernel }];
        Assert.False(UnderlayRoutes.Steers(usual));
        Assert.False(UnderlayRoutes.Steers([.. usual, new() { Priority = 50, Table = 4977 }])); // ours
        Assert.False(UnderlayRoutes.Steers([.. usual, new() { Priority = 50, Table = 52, Mark = 0x80000, MarkMask = 0xff0000, Protocol = RouteProtocol.Static }])); // who marks knows
        Assert.True(UnderlayRoutes.Steers([.. usual, new() { Priority = 50, Table = 100, Protocol = RouteProtocol.Static }]));
    }

    [Fact]
    public void FamiliesAreApartAndWhatIsOfOneLinkIsLeftOut()
    {
        _routes.AddRange([To("::/0", Uplink, "fe80::1"), To("2001:db8:77::/64", Uplink), To("fe80::/64", Uplink), To("ff00::/8", Uplink)]);
        _neighbors.AddRange([At(Uplink, "fe80::1", 0xfe), At(Uplink, "2001:db8:77::9", 9)]);
        Assert.Equal(
            ["::/0 2 02:00:00:00:00:fe 1500", "2001:db8:77::/64 host", "2001:db8:77::9/128 2 02:00:00:00:00:09 1500"], Ways<IPv6Address>());
        AGatewayThatIsKnownIsAWayAndSoIsEveryKnownNeighbor();
        Assert.Equal(["192.168.77.254", "fe80::1"], UnderlayRoutes.Gateways(_routes, Mtus, _pods).Select(g => $"{g.Gateway}"));
    }

    private void Must(params string[] ways) => Assert.Equal(ways, Ways());

    private List<string> Ways() => Ways<IPv4Address>();

    private List<string> Ways<TAddress>()
        where TAddress : unmanaged, IIpAddress<TAddress> => [.. UnderlayRoutes.Ways<TAddress>(_routes, _neighbors, Mtus, _pods).Select(w => $"{w.Prefix}/{w.Length} {(w.Interface == 0 ? "host" : $"{w.Interface} {w.Mac} {w.Mtu}")}")];

    private static Route To(string destination, int device, string? gateway = null) => new()
    {
        Destination = IPNetwork.Parse(destination), Interface = device, Gateway = gateway is null ? null : IPAddress.Parse(gateway), Protocol = RouteProtocol.Static,
    };

    private static Neighbor At(int device, string address, byte mac) => new()
    {
        Interface = device, Address = IPAddress.Parse(address), MacAddress = new PhysicalAddress([2, 0, 0, 0, 0, mac]), State = NeighborState.Stale,
    };
}
