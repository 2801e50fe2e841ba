using System.Net;
using System.Net.NetworkInformation;
using System.Text.Json;
using Dataplane.Testing;
using Xdp.Interop.Links;
using Xunit;

namespace Xdp.Interop.Tests.Links;

public sealed class NetlinkRoutesTests : IDisposable
{
    private readonly Sandbox? _sandbox;
    private readonly NetlinkSocket _netlink = null!;
    private readonly LinkInfo _link = null!;

    public NetlinkRoutesTests()
    {
        if (Privileges.MissingForNetworkNamespaces is not null) return;
        _sandbox = new Sandbox();
        _netlink = _sandbox.Own(NetlinkSocket.Open(_sandbox.Left));
        using var far = NetlinkSocket.Open(_sandbox.Right);
        _link = _netlink.Links.CreateVeth(new VethSpec { Name = "eth0", PeerName = "peer", PeerNamespace = _sandbox.Right });
        _netlink.Links.SetUp(_link.Index);
        far.Links.SetUp(far.Links.Get("peer").Index);
        _netlink.Addresses.Add(_link.Index, IPAddress.Parse("10.9.0.2"), 24);
    }

    public void Dispose() => _sandbox?.Dispose();

    [RequiresRootFact]
    public void AddressesComeAndGoInBothFamilies()
    {
        var v6 = new InterfaceAddress { Interface = _link.Index, Address = IPAddress.Parse("fd00::2"), PrefixLength = 64, NoDuplicateDetection = true };
        Assert.True(_netlink.Addresses.Add(v6));
        Assert.False(_netlink.Addresses.Add(v6));
        Assert.True(_netlink.Addresses.Add(_link.Index, IPAddress.Parse("10.244.1.5"), 32));

        var shown = Sandbox.Ip(_sandbox!.Left, "addr show dev eth0")[0].GetProperty("addr_info").EnumerateArray()
            .Select(a => $"{a.GetProperty("local").GetString()}/{a.GetProperty("prefixlen").GetInt32()}").Where(a => !a.StartsWith("fe80", StringComparison.Ordinal)).Order();
        Assert.Equal(["10.244.1.5/32", "10.9.0.2/24", "fd00::2/64"], shown);
        Assert.Equal(shown, _netlink.Addresses.List(_link.Index).Select(a => $"{a.Address}/{a.PrefixLength}").Where(a => !a.StartsWith("fe80", StringComparison.Ordinal)).Order());
        Assert.True(_netlink.Addresses.List().Single(a => a.Address.Equals(v6.Address)).NoDuplicateDetection);

        Assert.True(_netlink.Addresses.Delete(_link.Index, v6.Address, 64));
        Assert.False(_netlink.Addresses.Delete(_link.Index, v6.Address, 64));
        Assert.DoesNotContain(_netlink.Addresses.List(), a => a.Address.Equals(v6.Address));
    }

    [RequiresRootFact]
    public void ARouteHasAllItsParts()
    {
        var route = new Route
        {
            Destination = IPNetwork.Parse("10.96.0.0/12"), Gateway = IPAddress.Parse("172.16.0.1"), OnLink = true, Interface = _link.Index,
            PreferredSource = IPAddress.Parse("10.9.0.2"), Mtu = 1450, AdvertisedMss = 1410, Metric = 7,
        };
        _netlink.Routes.Add(route);

        Assert.Equal(route, Assert.Single(_netlink.Routes.List(new RouteFilter { Protocol = RouteProtocol.Dataplane })));
        var shown = Sandbox.Ip(_sandbox!.Left, "route show 10.96.0.0/12")[0];
        Assert.Equal(("172.16.0.1", "eth0", "77", "10.9.0.2"),
            (Text(shown, "gateway"), Text(shown, "dev"), Text(shown, "protocol"), Text(shown, "prefsrc")));
        Assert.Contains("onlink", shown.GetProperty("flags").EnumerateArray().Select(f => f.GetString()));
        var metrics = shown.GetProperty("metrics")[0];
        Assert.Equal((1450, 1410), (metrics.GetProperty("mtu").GetInt32(), metrics.GetProperty("advmss").GetInt32()));

        Assert.Equal(Errno.EEXIST, Assert.Throws<NetlinkException>(() => _netlink.Routes.Add(route)).Errno);
        _netlink.Routes.Replace(route with { Mtu = 1300 });
        Assert.Equal(1300, Assert.Single(_netlink.Routes.List(new RouteFilter { Protocol = RouteProtocol.Dataplane })).Mtu);
        Assert.True(_netlink.Routes.Delete(route));
        Assert.False(_netlink.Routes.Delete(route));
    }

    [RequiresRootFact]
    public void DeleteLeavesTheRouteOfAnotherOwner()
    {
        var foreign = new Route { Destination = IPNetwork.Parse("10.50.0.0/16"), Interface = _link.Index, Scope = RouteScope.Link, Protocol = RouteProtocol.Static };
        _netlink.Routes.Add(foreign);
        Assert.False(_netlink.Routes.Delete(foreign with { Protocol = RouteProtocol.Dataplane }));
        Assert.Single(_netlink.Routes.List(new RouteFilter { Protocol = RouteProtocol.Static }));
    }

    [RequiresRootFact]
    public void AnotherTableAndIPv6Work()
    {
        _netlink.Routes.Replace(new Route { Destination = IPNetwork.Parse("0.0.0.0/0"), Gateway = IPAddress.Parse("10.9.0.1"), Table = 1077 });
        var route = Assert.Single(_netlink.Routes.List(new RouteFilter { Table = 1077 }));
        Assert.Equal((IPNetwork.Parse("0.0.0.0/0"), _link.Index), (route.Destination, route.Interface));

        _netlink.Routes.Add(new Route { Destination = IPNetwork.Parse("fd01::/64"), Interface = _link.Index, Mtu = 1400 });
        Assert.Equal(1400, _netlink.Routes.List().Single(r => r.Destination.Equals(IPNetwork.Parse("fd01::/64"))).Mtu);
        Assert.Equal("77", Text(Sandbox.Ip(_sandbox!.Left, "-6 route show fd01::/64")[0], "protocol"));
    }

    [RequiresRootFact]
    public void AGatewayOffTheLinkIsExplained()
    {
        var e = Assert.Throws<NetlinkException>(() => _netlink.Routes.Add(new Route { Destination = IPNetwork.Parse("10.96.0.0/12"), Gateway = IPAddress.Parse("172.16.0.1") }));
        Assert.Equal(Errno.ENETUNREACH, e.Errno);
        Assert.Equal("Nexthop has invalid gateway", e.KernelText);
        Assert.Contains("onlink", e.Remedy, StringComparison.Ordinal);
    }

    [RequiresRootFact]
    public void LookupTellsInterfaceGatewaySourceAndMtu()
    {
        Assert.Null(_netlink.Routes.Get(IPAddress.Parse("192.0.2.1")));
        _netlink.Routes.Add(new Route { Destination = IPNetwork.Parse("192.0.2.0/24"), Gateway = IPAddress.Parse("10.9.0.1"), Mtu = 1380 });

        Assert.Equal(
            new RouteLookup { Interface = _link.Index, Gateway = IPAddress.Parse("10.9.0.1"), Source = IPAddress.Parse("10.9.0.2"), Mtu = 1380, Type = RouteType.Unicast },
            _netlink.Routes.Get(IPAddress.Parse("192.0.2.1")));
        Assert.Equal(
            new RouteLookup { Interface = _link.Index, Source = IPAddress.Parse("10.9.0.2"), Mtu = 1500, Type = RouteType.Unicast },
            _netlink.Routes.Get(IPAddress.Parse("10.9.0.77")));
        Assert.Equal(RouteType.Local, _netlink.Routes.Get(IPAddress.Parse("10.9.0.2"))!.Type);
        _netlink.Routes.Add(new Route { Destination = IPNetwork.Parse("198.51.100.0/24"), Type = RouteType.Unreachable });
        Assert.Null(_netlink.Routes.Get(IPAddress.Parse("198.51.100.1")));
    }

    [RequiresRootFact]
    public void NeighboursAreSetFoundReplacedAndDeleted()
    {
        var address = IPAddress.Parse("10.9.0.1");
        Assert.Null(_netlink.Neighbors.Find(_link.Index, address));
        _netlink.Neighbors.Replace(_link.Index, address, PhysicalAddress.Parse("02-00-00-00-00-01"));
        _netlink.Neighbors.Replace(_link.Index, address, PhysicalAddress.Parse("02-00-00-00-00-02"));

        var found = _netlink.Neighbors.Find(_link.Index, address)!;
        Assert.Equal((PhysicalAddress.Parse("02-00-00-00-00-02"), NeighborState.Permanent, true), (found.MacAddress, found.State, found.IsResolved));
        Assert.Contains(found, _netlink.Neighbors.List(_link.Index));
        var shown = Sandbox.Ip(_sandbox!.Left, "neigh show dev eth0 10.9.0.1")[0];
        Assert.Equal("02:00:00:00:00:02", Text(shown, "lladdr"));
        Assert.True(_netlink.Neighbors.Probe(_link.Index, address));
        Assert.Equal(found, _netlink.Neighbors.Find(_link.Index, address));

        Assert.True(_netlink.Neighbors.Delete(_link.Index, address));
        Assert.False(_netlink.Neighbors.Delete(_link.Index, address));
    }

    [RequiresRootFact]
    public void ProbeMakesTheKernelResolveAndKeepANeighbour()
    {
        using var far = NetlinkSocket.Open(_sandbox!.Right);
        var peer = far.Links.Get("peer");
        far.Addresses.Add(peer.Index, IPAddress.Parse("10.9.0.1"), 24);

        var managed = _netlink.Neighbors.Probe(_link.Index, IPAddress.Parse("10.9.0.1"));

        Neighbor? found = null;
        for (var i = 0; i < 100 && found is not { IsResolved: true }; i++)
        {
            Thread.Sleep(20);
            found = _netlink.Neighbors.Find(_link.Index, IPAddress.Parse("10.9.0.1"));
        }

        Assert.Equal((peer.MacAddress, true, managed), (found!.MacAddress, found.IsResolved, found.IsManaged));
        _netlink.Neighbors.Probe(_link.Index, IPAddress.Parse("10.9.0.1"));
        Assert.True(_netlink.Neighbors.Find(_link.Index, IPAddress.Parse("10.9.0.1"))!.IsResolved);

        _netlink.Neighbors.Release(_link.Index, IPAddress.Parse("10.9.0.1"));
        var released = _netlink.Neighbors.Find(_link.Index, IPAddress.Parse("10.9.0.1"))!;
        Assert.Equal((peer.MacAddress, true, false), (released.MacAddress, released.IsResolved, released.IsManaged));
    }

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();
}
