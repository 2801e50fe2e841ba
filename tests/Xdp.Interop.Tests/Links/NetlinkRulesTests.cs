using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Dataplane.Testing;
using Xdp.Interop.Links;
using Xunit;

namespace Xdp.Interop.Tests.Links;

public sealed class NetlinkRulesTests : IDisposable
{
    private readonly Sandbox? _sandbox;
    private readonly NetlinkSocket _netlink = null!;

    public NetlinkRulesTests()
    {
        if (Privileges.MissingForNetworkNamespaces is not null) return;
        _sandbox = new Sandbox();
        _netlink = _sandbox.Own(NetlinkSocket.Open(_sandbox.Left));
    }

    public void Dispose() => _sandbox?.Dispose();

    [RequiresRootFact]
    public void ARuleHasAllItsParts()
    {
        var rule = new RoutingRule
        {
            Priority = 51, InputInterface = "lo", Destination = IPNetwork.Parse("192.0.2.0/24"), IpProtocol = 6, DestinationPorts = (30000, 32767),
            Mark = 0x440000, MarkMask = 0xff0000, Table = 4977,
        };
        Assert.True(_netlink.Rules.Add(rule));
        Assert.False(_netlink.Rules.Add(rule));

        Assert.Equal(rule, Assert.Single(_netlink.Rules.List(), r => r.Protocol == RouteProtocol.Dataplane));
        var shown = Sandbox.Ip(_sandbox!.Left, "rule show priority 51")[0];
        Assert.Equal(("192.0.2.0", 24, "lo", "tcp", "0x440000", "0xff0000", "4977", "77"),
            (Text(shown, "dst"), shown.GetProperty("dstlen").GetInt32(), Text(shown, "iif"), Text(shown, "ipproto"), Text(shown, "fwmark"),
             Text(shown, "fwmask"), Text(shown, "table"), Text(shown, "protocol")));
        Assert.Equal((30000, 32767), (shown.GetProperty("dport_start").GetInt32(), shown.GetProperty("dport_end").GetInt32()));
        Assert.Equal("51: iif lo to 192.0.2.0/24 ipproto 6 dport 30000-32767 fwmark 0x440000/0xff0000 lookup 4977", rule.ToString());

        Assert.True(_netlink.Rules.Delete(rule));
        Assert.False(_netlink.Rules.Delete(rule));
        Assert.Equal(3, _netlink.Rules.List(AddressFamily.InterNetwork).Count);
    }

    [RequiresRootFact]
    public void ARuleOfOnePortIsReadAsItWasWritten()
    {
        var rule = new RoutingRule { Priority = 51, IpProtocol = 17, DestinationPorts = (53, 53), Table = RouteTableId.Main };
        Assert.True(_netlink.Rules.Add(rule));
        Assert.Equal(rule, _netlink.Rules.List(AddressFamily.InterNetwork)[1]);
        Assert.False(_netlink.Rules.Delete(rule with { DestinationPorts = (54, 54) }));
        Assert.True(_netlink.Rules.Delete(rule));
    }

    [RequiresRootFact]
    public void RulesAreListedInTheOrderInWhichTheyAreAskedAndByFamily()
    {
        _netlink.Rules.Add(new RoutingRule { Priority = 60, Table = 100 });
        _netlink.Rules.Add(new RoutingRule { Priority = 50, Table = 5000 });
        var six = new RoutingRule { Family = AddressFamily.InterNetworkV6, Priority = 50, Destination = IPNetwork.Parse("fd00::/64"), InputInterface = "lo", IpProtocol = 132, DestinationPorts = (7, 9), Table = 4977 };
        _netlink.Rules.Add(six);
        Assert.Equal(
            [(0u, RouteTableId.Local), (50u, 5000u), (60u, 100u), (32766u, RouteTableId.Main), (32767u, RouteTableId.Default)],
            _netlink.Rules.List(AddressFamily.InterNetwork).Select(r => (r.Priority, r.Table)));
        Assert.Equal(six, Assert.Single(_netlink.Rules.List(AddressFamily.InterNetworkV6), r => r.Protocol == RouteProtocol.Dataplane));
        Assert.Equal(6 + 2, _netlink.Rules.List().Count);
        Assert.Throws<ArgumentException>(() => _netlink.Rules.Add(six with { Family = AddressFamily.InterNetwork }));
    }

    [RequiresRootFact]
    public void TheLocalRuleCanBeMoved()
    {
        var local = Assert.Single(_netlink.Rules.List(AddressFamily.InterNetwork), r => r.Table == RouteTableId.Local);
        Assert.Equal(new RoutingRule { Priority = 0, Table = RouteTableId.Local, Protocol = RouteProtocol.Kernel }, local);
        Assert.True(_netlink.Rules.Add(local with { Priority = 100 }));
        Assert.True(_netlink.Rules.Delete(local));
        Assert.Equal([100u, 32766u, 32767u], _netlink.Rules.List(AddressFamily.InterNetwork).Select(r => r.Priority));
    }

    [RequiresRootTheory]
    [InlineData("from 192.0.2.1 lookup main")]
    [InlineData("not fwmark 1 lookup main")]
    [InlineData("oif lo lookup main")]
    [InlineData("tos 0x10 lookup main")]
    [InlineData("uidrange 5-9 lookup main")]
    [InlineData("ipproto tcp sport 5 lookup main")]
    [InlineData("lookup main suppress_prefixlength 0")]
    [InlineData("prohibit")]
    [InlineData("goto 32766")]
    public void ARuleThatSaysMoreEqualsNoneOfOurs(string rule)
    {
        Sandbox.Exec(_sandbox!.Left, $"ip rule add priority 70 {rule} protocol 77");
        var found = Assert.Single(_netlink.Rules.List(AddressFamily.InterNetwork), r => r.Priority == 70);
        Assert.True(found.HasMore);
        Assert.Throws<ArgumentException>(() => _netlink.Rules.Add(found));
    }

    [RequiresRootFact]
    public void DeleteLeavesTheRuleOfAnotherOwner()
    {
        var foreign = new RoutingRule { Priority = 50, Table = 7, Protocol = RouteProtocol.Static };
        _netlink.Rules.Add(foreign);
        Assert.False(_netlink.Rules.Delete(foreign with { Protocol = RouteProtocol.Dataplane }));
        Assert.Contains(foreign, _netlink.Rules.List());
    }

    [RequiresRootFact]
    public void ARuleLeadsIntoATableOfItsOwn()
    {
        var link = _netlink.Links.CreateVeth(new VethSpec { Name = "eth0", PeerName = "peer", PeerNamespace = _sandbox!.Right });
        using var far = NetlinkSocket.Open(_sandbox.Right);
        _netlink.Links.SetUp(1);
        _netlink.Links.SetUp(link.Index);
        far.Links.SetUp(far.Links.Get("peer").Index);
        _netlink.Addresses.Add(link.Index, IPAddress.Parse("192.0.2.1"), 24);

        var local = _netlink.Rules.List(AddressFamily.InterNetwork)[0];
        _netlink.Rules.Add(local with { Priority = 100 });
        _netlink.Rules.Delete(local);
        var route = new Route { Destination = IPNetwork.Parse("192.0.2.1/32"), Interface = link.Index, Scope = RouteScope.Link, Table = 4977, Mtu = 1400, AdvertisedMss = 1360 };
        _netlink.Routes.Add(route);
        _netlink.Rules.Add(new RoutingRule { Priority = 50, InputInterface = "lo", IpProtocol = 6, DestinationPorts = (30000, 32767), Table = 4977 });

        Assert.Equal("eth0", Device("192.0.2.1 ipproto tcp dport 30080"));
        Assert.Equal("lo", Device("192.0.2.1 ipproto tcp dport 29999"));
        Assert.Equal("lo", Device("192.0.2.1 ipproto udp dport 30080"));
        Assert.Equal(route, Assert.Single(_netlink.Routes.List(new RouteFilter { Table = 4977 })));
        Assert.DoesNotContain(_netlink.Routes.List(new RouteFilter { Table = RouteTableId.Main }), r => r.Destination.Equals(route.Destination));
        _netlink.Routes.Replace(route with { Mtu = 1300, AdvertisedMss = 1260 });
        Assert.Equal(1300, Assert.Single(_netlink.Routes.List(new RouteFilter { Table = 4977 })).Mtu);
        Assert.False(_netlink.Routes.Delete(route with { Table = RouteTableId.Main }));
        Assert.True(_netlink.Routes.Delete(route));
        Assert.Empty(_netlink.Routes.List(new RouteFilter { Table = 4977 }));
    }

    private string Device(string arguments) => Text(Sandbox.Ip(_sandbox!.Left, $"route get {arguments}")[0], "dev")!;

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).ToString();
}
