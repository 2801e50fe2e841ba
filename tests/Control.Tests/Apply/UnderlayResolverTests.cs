using System.Net;
using System.Net.NetworkInformation;
using Dataplane.Control.Apply;
using Dataplane.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Xdp.Interop;
using Xdp.Interop.Links;
using Xunit;
using NetworkNamespace = Xdp.Interop.Links.NetworkNamespace;

namespace Dataplane.Control.Tests.Apply;

/// <summary>A node with two uplinks; at each a router that answers ARP for its own address.</summary>
public sealed class UnderlayResolverTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly ApplySandbox? _sandbox;
    private readonly SemaphoreSlim _told = new(0);
    private readonly NetworkNamespace _routerA = null!;

    public UnderlayResolverTests()
    {
        if (Privileges.MissingForNetworkNamespaces is not null) return;
        _sandbox = new ApplySandbox();
        _routerA = AddRouter("up0", "172.30.0.1", "172.30.0.254", mtu: 1500);
    }

    private ApplySandbox Box => _sandbox!;

    public void Dispose()
    {
        _sandbox?.Dispose();
        _told.Dispose();
    }

    [RequiresRootFact]
    public void ANodeOnTheLinkIsItsOwnNextHop()
    {
        using var resolver = Start("172.30.0.254");
        var path = Await(resolver, p => p.IsResolved);
        var up0 = Box.Netlink.Links.Get("up0");
        Assert.Equal(new UnderlayPath
        {
            Node = IPAddress.Parse("172.30.0.254"), NextHop = IPAddress.Parse("172.30.0.254"), NextHopMac = MacOf(_routerA), Interface = up0.Index,
            InterfaceMac = up0.MacAddress, Source = IPAddress.Parse("172.30.0.1"), Mtu = 1500,
        }, path);
        Assert.Equal(path, resolver.Find(path.Node));
    }

    [RequiresRootFact]
    public void ANodeBehindARouterGoesToTheRouter()
    {
        Box.Netlink.Routes.Add(new Route { Destination = IPNetwork.Parse("0.0.0.0/0"), Gateway = IPAddress.Parse("172.30.0.254"), Mtu = 1400, Protocol = RouteProtocol.Static });
        using var resolver = Start("192.0.2.8");
        var path = Await(resolver, p => p.IsResolved);
        Assert.Equal((IPAddress.Parse("172.30.0.254"), MacOf(_routerA), 1400), (path.NextHop, path.NextHopMac, path.Mtu));
        Assert.True(Box.Netlink.Neighbors.Find(path.Interface, path.NextHop!)!.IsManaged);

        resolver.Dispose();
        Assert.False(Box.Netlink.Neighbors.Find(path.Interface, path.NextHop!)!.IsManaged);
    }

    [RequiresRootFact]
    public void ARouteThatAppearsMovesAndGoesIsFollowed()
    {
        var routerB = AddRouter("up1", "172.31.0.1", "172.31.0.254", mtu: 9000);
        using var resolver = Start("192.0.2.8");
        Assert.Equal("no route to 192.0.2.8", Await(resolver, p => !p.IsResolved).Problem);

        var route = new Route { Destination = IPNetwork.Parse("192.0.2.0/24"), Gateway = IPAddress.Parse("172.30.0.254"), Protocol = RouteProtocol.Static };
        Box.Netlink.Routes.Add(route);
        Assert.Equal(MacOf(_routerA), Await(resolver, p => p.IsResolved).NextHopMac);

        Box.Netlink.Routes.Replace(route with { Gateway = IPAddress.Parse("172.31.0.254") });
        var moved = Await(resolver, p => p.IsResolved && p.Mtu == 9000);
        Assert.Equal((MacOf(routerB), IPAddress.Parse("172.31.0.1")), (moved.NextHopMac, moved.Source));
        Assert.False(Box.Netlink.Neighbors.Find(Box.Netlink.Links.Get("up0").Index, IPAddress.Parse("172.30.0.254"))?.IsManaged ?? false);

        Box.Netlink.Links.SetDown(Box.Netlink.Links.Get("up1").Index);
        Await(resolver, p => p.Problem is "no route to 192.0.2.8"); // perhaps after the news that the router is silent
    }

    /// <summary>A cluster's routes to pods are as many as its nodes: to look for all nodes at each of them would be that number squared.</summary>
    [RequiresRootFact]
    public void OurOwnRoutesAreNoReasonToLookAgain()
    {
        using var resolver = Start("172.30.0.254");
        Await(resolver, p => p.IsResolved && p.Mtu == 1500);
        var route = new Route { Destination = IPNetwork.Parse("172.30.0.254/32"), Interface = Box.Netlink.Links.Get("up0").Index, Mtu = 1300, Protocol = RouteProtocol.DataplanePods };
        Box.Netlink.Routes.Add(route); // would be seen if it looked
        Thread.Sleep(500);
        Assert.Equal(1500, resolver.Find(IPAddress.Parse("172.30.0.254"))!.Mtu);
        Box.Netlink.Routes.Add(new Route { Destination = IPNetwork.Parse("192.0.2.0/24"), Gateway = IPAddress.Parse("172.30.0.254"), Protocol = RouteProtocol.Static });
        Await(resolver, p => p.Mtu == 1300);
    }

    [RequiresRootFact]
    public void ARouterWithANewCardIsFollowed()
    {
        using var resolver = Start("172.30.0.254");
        Await(resolver, p => p.IsResolved);
        using var inRouter = NetlinkSocket.Open(_routerA);
        var link = inRouter.Links.Get("down");
        var mac = PhysicalAddress.Parse("02-00-00-00-00-77");
        inRouter.Links.SetMac(link.Index, mac);
        Sysctl.Write("ipv4/conf/down/arp_notify", "1", _routerA);
        inRouter.Links.SetDown(link.Index);
        inRouter.Links.SetUp(link.Index); // announces itself, and the kernel asks again
        Assert.Equal(mac, Await(resolver, p => p.IsResolved && p.NextHopMac!.Equals(mac)).NextHopMac);
    }

    [RequiresRootFact]
    public void ASilentNextHopIsUnresolvedAndResolvesWhenItAnswers()
    {
        using var resolver = Start("172.30.0.99");
        Assert.Contains("does not answer", Await(resolver, p => !p.IsResolved).Problem, StringComparison.Ordinal);
        using var inRouter = NetlinkSocket.Open(_routerA);
        inRouter.Addresses.Add(inRouter.Links.Get("down").Index, IPAddress.Parse("172.30.0.99"), 24);
        Assert.Equal(MacOf(_routerA), Await(resolver, p => p.IsResolved).NextHopMac);
    }

    [RequiresRootFact]
    public void OnlyTheNodesOfTheLastSetAreKept()
    {
        using var resolver = Start("172.30.0.254", "172.30.0.1");
        Assert.True(Eventually(() => resolver.Find(IPAddress.Parse("172.30.0.254")) is { IsResolved: true } && resolver.Paths.Count == 2));
        Assert.Equal("172.30.0.1 is an address of this node", resolver.Find(IPAddress.Parse("172.30.0.1"))!.Problem);
        resolver.SetNodes([IPAddress.Parse("172.30.0.1")]);
        Assert.True(Eventually(() => resolver.Paths.Count == 1));
        Assert.Null(resolver.Find(IPAddress.Parse("172.30.0.254")));
        Assert.True(Eventually(() => Box.Netlink.Neighbors.List().All(n => !n.IsManaged)));
    }

    [RequiresRootFact]
    public void AFailingCallbackIsToldAgain()
    {
        var calls = 0;
        using var resolver = UnderlayResolver.Open(NullLogger.Instance, () =>
        {
            if (Interlocked.Increment(ref calls) < 2) throw new InvalidOperationException("not now");
        }, Box.Node);
        resolver.Start();
        resolver.SetNodes([IPAddress.Parse("172.30.0.254")]);
        Assert.True(Eventually(() => Volatile.Read(ref calls) >= 2 && resolver.Find(IPAddress.Parse("172.30.0.254")) is { IsResolved: true }));
    }

    [RequiresRootFact]
    public void TheNodesOwnAddressesAreFollowed()
    {
        using var resolver = Start();
        Assert.Equal([IPAddress.Parse("172.30.0.1")], resolver.LocalAddresses);
        Box.Netlink.Addresses.Add(Box.Netlink.Links.Get("up0").Index, IPAddress.Parse("172.30.0.2"), 24);
        Assert.True(_told.Wait(Patience));
        Assert.Equal([IPAddress.Parse("172.30.0.1"), IPAddress.Parse("172.30.0.2")], resolver.LocalAddresses);
    }

    [RequiresRootFact]
    public void K27_IPv6AddressesCountOnceTheyAreKnownToBeThisNodesAlone()
    {
        IPAddress own = IPAddress.Parse("2001:db8::1"), duplicate = IPAddress.Parse("2001:db8::2"), atOnce = IPAddress.Parse("2001:db8::3");
        ApplySandbox.Exec(_routerA, "ip", "addr", "add", $"{duplicate}/64", "dev", "down", "nodad");
        using var resolver = Start();
        foreach (var address in (IPAddress[])[duplicate, own]) ApplySandbox.Exec(Box.Node, "ip", "addr", "add", $"{address}/64", "dev", "up0");
        ApplySandbox.Exec(Box.Node, "ip", "addr", "add", $"{atOnce}/64", "dev", "up0", "nodad");
        Assert.Contains(own.ToString(), ApplySandbox.Exec(Box.Node, "ip", "-6", "addr", "show", "tentative"), StringComparison.Ordinal);
        Assert.True(Eventually(() => resolver.LocalAddresses.Contains(atOnce)));
        Assert.True(Eventually(() => resolver.LocalAddresses.Contains(own)));
        Assert.DoesNotContain(own.ToString(), ApplySandbox.Exec(Box.Node, "ip", "-6", "addr", "show", "tentative"), StringComparison.Ordinal);
        Assert.True(Eventually(() => ApplySandbox.Exec(Box.Node, "ip", "-6", "addr", "show", "dadfailed").Contains(duplicate.ToString(), StringComparison.Ordinal)));
        Assert.Equal([own, atOnce, IPAddress.Parse("172.30.0.1")], resolver.LocalAddresses); // sorted by bytes; none of the link
    }

    [RequiresRootFact]
    public void TheUplinkIsFoundByAddressOrByDefaultRoute()
    {
        Assert.Equal(("up0", 1500), (NodeUplink.Detect(Box.Netlink, IPAddress.Parse("172.30.0.1")).Link.Name, NodeUplink.Detect(Box.Netlink, IPAddress.Parse("172.30.0.1")).Link.Mtu));
        Assert.Contains("192.0.2.1", Assert.Throws<XdpException>(() => NodeUplink.Detect(Box.Netlink, IPAddress.Parse("192.0.2.1"))).Message, StringComparison.Ordinal);
        Assert.Contains("--node-ip", Assert.Throws<XdpException>(() => NodeUplink.Detect(Box.Netlink)).Message, StringComparison.Ordinal);

        AddRouter("up1", "172.31.0.1", "172.31.0.254", mtu: 9000);
        Box.Netlink.Routes.Add(new Route { Destination = IPNetwork.Parse("0.0.0.0/0"), Gateway = IPAddress.Parse("172.30.0.254"), Metric = 200 });
        Box.Netlink.Routes.Add(new Route { Destination = IPNetwork.Parse("0.0.0.0/0"), Gateway = IPAddress.Parse("172.31.0.254"), Metric = 100 });
        var uplink = NodeUplink.Detect(Box.Netlink);
        Assert.Equal(("up1", IPAddress.Parse("172.31.0.1")), (uplink.Link.Name, uplink.Address));
    }

    private static PhysicalAddress MacOf(NetworkNamespace router)
    {
        using var netlink = NetlinkSocket.Open(router);
        return netlink.Links.Get("down").MacAddress;
    }

    private NetworkNamespace AddRouter(string uplink, string nodeAddress, string routerAddress, int mtu)
    {
        var router = Box.AddNamespace();
        using var inRouter = NetlinkSocket.Open(router);
        var link = Box.Netlink.Links.CreateVeth(new VethSpec { Name = uplink, PeerName = "down", Mtu = mtu, PeerMtu = mtu, PeerNamespace = router });
        Box.Netlink.Addresses.Add(link.Index, IPAddress.Parse(nodeAddress), 24);
        inRouter.Addresses.Add(link.PeerIndex, IPAddress.Parse(routerAddress), 24);
        Box.Netlink.Links.SetUp(link.Index);
        inRouter.Links.SetUp(link.PeerIndex);
        return router;
    }

    private UnderlayResolver Start(params string[] nodes)
    {
        var resolver = UnderlayResolver.Open(NullLogger.Instance, () => _told.Release(), Box.Node);
        resolver.Start();
        resolver.SetNodes(nodes.Select(IPAddress.Parse));
        return resolver;
    }

    private static bool Eventually(Func<bool> condition)
    {
        for (var end = DateTime.UtcNow + Patience; DateTime.UtcNow < end; Thread.Sleep(5))
            if (condition()) return true;
        return false;
    }

    /// <summary>Looks only when the resolver has told of a change, so a change that is not told fails the test.</summary>
    private UnderlayPath Await(UnderlayResolver resolver, Func<UnderlayPath, bool> wanted)
    {
        while (_told.Wait(Patience))
            if (resolver.Paths.Values.FirstOrDefault(wanted) is { } path) return path;
        throw new TimeoutException($"not told within {Patience.TotalSeconds} s; known: {string.Join("; ", resolver.Paths.Values)}");
    }
}
