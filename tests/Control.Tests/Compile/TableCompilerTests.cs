using Dataplane.Contracts.V1;
using Dataplane.Control.Compile;
using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Tables;
using Dataplane.Testing;
using Xunit;
using Kind = Dataplane.Contracts.V1.Frontend.Types.Kind;
using Use = Dataplane.Contracts.V1.Backend.Types.Use;

namespace Dataplane.Control.Tests.Compile;

/// <summary>From the state to tables: what comes out, and what it costs when little has changed.</summary>
public sealed class TableCompilerTests
{
    private static readonly State None = new();
    private readonly TableCompiler _compiler = SampleState.Compiler();

    [Fact]
    public void EndpointsGoIntoTheSetsThatTheirUseNames()
    {
        var service = SampleState.With(SampleState.Service("a", "10.96.0.1"), "10.244.1.9:80@node-1", "10.244.1.5:80@node-1", "10.244.2.7:80@node-2", "10.244.1.3:80@node-1", "10.244.1.4:80@node-1", "10.244.2.2:80@node-2");
        service.Backends[1].Use = Use.Cluster;
        service.Backends[3].Use = Use.Local;
        service.Backends[4].Use = Use.None;
        service.Backends[5].Use = Use.ClusterAndLocal; // the agent's word counts
        var compiled = Compile(service);
        Assert.Equal(["10.244.1.5", "10.244.1.9", "10.244.2.2", "10.244.2.7"], Addresses(compiled.Cluster));
        Assert.Equal(["10.244.1.3", "10.244.1.9", "10.244.2.2"], Addresses(compiled.Local));
        Assert.Equal(4, _compiler.ServiceBackends);
    }

    [Fact]
    public void EverythingElseOfAServiceIsTakenOver()
    {
        var message = SampleState.Service("a", "10.96.0.1", "10.244.2.7:80");
        message.InternalLocal = message.ExternalLocal = true;
        message.AffinitySeconds = 77;
        message.SourceRanges.Add(["192.0.2.0/24", "2001:db8::/32"]);
        var compiled = Compile(message);
        Assert.Equal((true, true, 77u), (compiled.InternalLocal, compiled.ExternalLocal, compiled.AffinitySeconds));
        Assert.True(compiled.SourceRanges!.Find(new(192, 0, 2, 9)) >= 0);
        Assert.True(compiled.SourceRanges.Find(new(192, 0, 3, 9)) < 0);
    }

    [Fact]
    public void P33_AnEndpointHasTheIdentityOfEachOfItsAddresses()
    {
        // An ipBlock holds the IPv4 address and not the other: what it allows must not be allowed by IPv6.
        var state = new State
        {
            Policies = { new Policy { Id = 1 } },
            Workloads = { new Workload { Namespace = "shop", Pod = "web", Identity = 16, Policy = 1 }, new Workload { Namespace = "shop", Pod = "new", Identity = 20, Policy = 1 } },
            Ipcache =
            {
                new IpcacheEntry { Cidr = "10.244.1.9/32", Identity = 16, Owner = "shop/web" },
                new IpcacheEntry { Cidr = "fd00:244:1::9/128", Identity = 17, Owner = "shop/web" },
                // A block of exactly the address of a pod whose status does not tell it yet, and a pod that had the other before.
                new IpcacheEntry { Cidr = "10.244.1.10/32", Identity = 18 },
                new IpcacheEntry { Cidr = "fd00:244:1::a/128", Identity = 19, Owner = "shop/gone" },
            },
        };
        var tables = _compiler.Compile(DesiredState.From(1, state), SampleState.Input() with { Endpoints = [Attached(1, "web", 9), Attached(2, "new", 10)] });
        Assert.Equal([16u, 20], new[] { 9, 10 }.Select(host => tables.IPv4.Endpoints[tables.IPv4.Endpoints.Find(new(10, 244, 1, (byte)host))].Identity));
        Assert.Equal([17u, 20], new[] { 9, 10 }.Select(host => tables.IPv6!.Endpoints[tables.IPv6.Endpoints.Find(IPv6Address.Parse($"fd00:244:1::{host:x}"))].Identity));

        static AttachedEndpoint Attached(uint id, string pod, byte host) => new()
        {
            Id = id, Namespace = "shop", Pod = pod, Address = new(10, 244, 1, host), AddressV6 = IPv6Address.Parse($"fd00:244:1::{host:x}"), Mac = default, Port = (ushort)(10 + id),
            HostInterface = $"dp{id}", PodInterface = "eth0", NetworkNamespace = "/run/netns/x", ContainerId = "c",
        };
    }

    [Fact]
    public void K8_NodePortsAreOnTheNodesAddressesAndThoseOfTheOthers()
    {
        var state = SampleState.Of(SampleState.Service("a", "10.96.0.1", "10.244.2.7:80").At(Kind.NodePort, "", 30080).At(Kind.HostPort, "", 8080));
        state.Nodes.Add(SampleState.Node("node-1", "192.168.77.1", "10.244.1.0/24"));
        state.Nodes.Add(SampleState.Node("node-2", "192.168.77.2", "10.244.2.0/24"));
        var tables = _compiler.Compile(DesiredState.From(1, state), SampleState.Input());
        foreach (string address in (string[])["192.168.77.1", "10.244.1.1", "192.168.77.2"])
            Assert.True(tables.IPv4.Services.TryFind(IPv4Address.Parse(address), IpProtocol.Tcp, 30080, out var frontend) && frontend.Kind == FrontendKind.NodePort, address);
        Assert.False(tables.IPv4.Services.TryFind(new(192, 168, 77, 3), IpProtocol.Tcp, 30080, out _));
        Assert.False(tables.IPv4.Services.TryFind(new(192, 168, 77, 2), IpProtocol.Tcp, 8080, out _));
        // K9: only where node ports are served.
        tables = _compiler.Compile(DesiredState.From(2, state), SampleState.Input() with { IPv4 = SampleState.Input().IPv4 with { NodePortAddresses = [SampleState.NodeAddress] } });
        Assert.False(tables.IPv4.Services.TryFind(SampleState.Gateway, IpProtocol.Tcp, 30080, out _));
        Assert.True(tables.IPv4.Services.TryFind(SampleState.NodeAddress, IpProtocol.Tcp, 30080, out _));
    }

    /// <summary>S5, X37: by the way that was found for each node; a node's own address is on the underlay only where there are no tunnels at all.</summary>
    [Theory]
    [InlineData(4789, null, RouteKind.Overlay, RouteKind.Overlay)]
    [InlineData(4789, RouteKind.Native, RouteKind.Native, RouteKind.Overlay)]
    [InlineData(0, RouteKind.Native, RouteKind.Native, RouteKind.Native)]
    [InlineData(0, RouteKind.Unreachable, RouteKind.Unreachable, RouteKind.Native)]
    public void S5_X37_RoutesToOtherNodesAreOfTheKindThatWasFoundForThem(int vxlanPort, RouteKind? found, RouteKind toPods, RouteKind toNode)
    {
        var state = SampleState.Of();
        state.Nodes.Add(SampleState.Node("node-1", "192.168.77.1", "10.244.1.0/24"));
        state.Nodes.Add(SampleState.Node("node-2", "192.168.77.2", "10.244.2.0/24"));
        var peers = found is { } kind ? new Dictionary<string, PeerWay> { ["node-2"] = new(kind) } : [];
        var tables = _compiler.Compile(DesiredState.From(1, state), SampleState.Input() with
        {
            Node = SampleState.Input().Node with { VxlanPort = (ushort)vxlanPort }, IPv4 = SampleState.Input().IPv4 with { Peers = peers },
        });
        Assert.Equal(new Route(toPods, 0, IsCutOff: toPods == RouteKind.Unreachable), tables.IPv4.Routes.Find(IPv4Address.Parse("10.244.2.9")));
        Assert.Equal(new Route(toNode, 0, IsNode: true), tables.IPv4.Routes.Find(IPv4Address.Parse("192.168.77.2")));
        Assert.Equal(new Route(RouteKind.Unreachable, 0), tables.IPv4.Routes.Find(IPv4Address.Parse("10.244.1.9"))); // nobody's
    }

    /// <summary>Tunnels leave by the uplink: no node is reached in one that is behind another device.</summary>
    [Fact]
    public void S5_ANodeBehindADeviceThatIsNoUplinkIsLeftToTheNodesStack()
    {
        var state = SampleState.Of();
        state.Nodes.Add(SampleState.Node("node-2", "192.168.77.2", "10.244.2.0/24"));
        var peers = new Dictionary<string, PeerWay> { ["node-2"] = new(RouteKind.Native, ByHost: true, NodeByHost: true) };
        var tables = _compiler.Compile(DesiredState.From(1, state), SampleState.Input() with { IPv4 = SampleState.Input().IPv4 with { Peers = peers } });
        Assert.Equal(new Route(RouteKind.Native, 0, ByHost: true), tables.IPv4.Routes.Find(IPv4Address.Parse("10.244.2.9")));
        Assert.Equal(new Route(RouteKind.Native, 0, IsNode: true, ByHost: true), tables.IPv4.Routes.Find(IPv4Address.Parse("192.168.77.2")));
    }

    [Fact]
    public void K27_EachFamilyHasTheFrontendsAndEndpointsOfItsOwn()
    {
        var dual = SampleState.Service("dual", "10.96.0.1", "10.244.2.7:80").At(Kind.ClusterIp, "fd00:96::1", 80).At(Kind.NodePort, "", 30080);
        dual.Backends.Add(new Contracts.V1.Backend { Address = "fd00:244:2::7", Port = 80, Node = "node-2" });
        var single = SampleState.Service("single", "10.96.0.2", "10.244.2.7:80").At(Kind.NodePort, "", 30081);
        var tables = _compiler.Compile(DesiredState.From(1, SampleState.Of(dual, single)), SampleState.Input());

        Assert.True(tables.IPv4.Services.TryFind(SampleState.NodeAddress, IpProtocol.Tcp, 30080, out var v4));
        Assert.True(tables.IPv6!.Services.TryFind(SampleState.NodeAddressV6, IpProtocol.Tcp, 30080, out var v6));
        Assert.Equal("10.244.2.7", v4.Service.Cluster.Backends[0].Address.ToString());
        Assert.Equal("fd00:244:2::7", v6.Service.Cluster.Backends[0].Address.ToString());
        Assert.Equal((1, 1, v4.Service.Id), (v4.Service.Cluster.Count, v6.Service.Cluster.Count, v6.Service.Id));
        // A service of one family is on the node's addresses of that family only.
        Assert.True(tables.IPv4.Services.TryFind(SampleState.NodeAddress, IpProtocol.Tcp, 30081, out _));
        Assert.False(tables.IPv6.Services.TryFind(SampleState.NodeAddressV6, IpProtocol.Tcp, 30081, out _));
        Assert.Equal([new ExternalFrontend<IPv6Address>(default, 30080, IpProtocol.Tcp)], _compiler.ExternalFrontendsV6);
        Assert.Equal(3, _compiler.ServiceBackends);
    }

    [Fact]
    public void K27_AClashInOneFamilyLeavesBothAsTheyWere()
    {
        var state = DesiredState.From(1, SampleState.Of(SampleState.Service("a", "10.96.0.1").At(Kind.ClusterIp, "fd00:96::1", 80)));
        _compiler.Compile(state, SampleState.Input());
        var bad = state.With(2, SampleState.Of(SampleState.Service("b", "10.96.0.2").At(Kind.ClusterIp, "fd00:96::1", 80)), None);
        Assert.Contains("[fd00:96::1]:80", Assert.Throws<InvalidStateException>(() => _compiler.Compile(bad, SampleState.Input())).Message);
        var tables = _compiler.Compile(state.With(3, None, None), SampleState.Input());
        Assert.False(tables.IPv4.Services.TryFind(new(10, 96, 0, 2), IpProtocol.Tcp, 80, out _));
        Assert.True(tables.IPv6!.Services.TryFind(IPv6Address.Parse("fd00:96::1"), IpProtocol.Tcp, 80, out _));
    }

    [Fact]
    public void K27_PodsOfOtherNodesAreReachedThroughTheTunnelInBothFamilies()
    {
        var state = new State { Nodes = { SampleState.Node("node-2", "192.168.77.2", "10.244.2.0/24") }, Ipcache = { new IpcacheEntry { Cidr = "fd00:244:2::7/128", Identity = 77 } } };
        state.Nodes[0].Addresses.Add("2001:db8:77::2");
        state.Nodes[0].PodCidrs.Add("fd00:244:2::/64");
        var tables = _compiler.Compile(DesiredState.From(1, state), SampleState.Input());
        Assert.Equal(RouteKind.Overlay, tables.IPv4.Routes.Find(new(10, 244, 2, 7)).Kind);
        Assert.Equal(RouteKind.Overlay, tables.IPv6!.Routes.Find(IPv6Address.Parse("fd00:244:2::7")).Kind);
        Assert.True(tables.IPv6.Routes.Find(IPv6Address.Parse("2001:db8:77::2")).IsNode);
        Assert.Equal(RouteKind.Unreachable, tables.IPv6.Routes.Find(IPv6Address.Parse("fd00:244:9::7")).Kind);
        Assert.Equal(RouteKind.Host, tables.IPv6.Routes.Find(SampleState.NodeAddressV6).Kind);
        Assert.Equal(77u, tables.IPv6.Identities.Find(IPv6Address.Parse("fd00:244:2::7")));
    }

    [Fact]
    public void AServiceKeepsItsNumberWhateverBecomesOfIt()
    {
        var a = SampleState.Service("a", "10.96.0.1", "10.244.2.7:80");
        var state = DesiredState.From(1, SampleState.Of(a, SampleState.Service("b", "10.96.0.2")));
        uint id = Id(state, "10.96.0.1");
        state = state.With(2, SampleState.Of(SampleState.Service("a", "10.96.0.1", "10.244.2.8:80")), None);
        Assert.Equal(id, Id(state, "10.96.0.1"));
        state = DesiredState.From(3, SampleState.Of(SampleState.Service("b", "10.96.0.2"), SampleState.Service("a", "10.96.0.1")));
        Assert.Equal(id, Id(state, "10.96.0.1"));
        Assert.NotEqual(id, Id(state, "10.96.0.2"));
    }

    [Fact]
    public void K32_TwoServicesAtOnePlaceAreRefusedAndNothingChanges()
    {
        var state = DesiredState.From(1, SampleState.Of(SampleState.Service("a", "10.96.0.1", "10.244.2.7:80")));
        _compiler.Compile(state, SampleState.Input());
        var bad = state.With(2, SampleState.Of(SampleState.Service("b", "10.96.0.1"), SampleState.Service("c", "10.96.0.3")), None);

        var fault = Assert.Throws<InvalidStateException>(() => _compiler.Compile(bad, SampleState.Input()));

        Assert.Contains("default/a:http/Tcp and default/b:http/Tcp", fault.Message);
        Assert.Contains("10.96.0.1:80", fault.Message);
        var tables = _compiler.Compile(state.With(3, SampleState.Of(SampleState.Service("d", "10.96.0.4")), None), SampleState.Input());
        Assert.True(tables.IPv4.Services.TryFind(new(10, 96, 0, 4), IpProtocol.Tcp, 80, out _));
        Assert.False(tables.IPv4.Services.TryFind(new(10, 96, 0, 3), IpProtocol.Tcp, 80, out _));
    }

    [Fact]
    public void K32_AFrontendMayMoveFromOneServiceToAnotherInOneUpdate()
    {
        var state = DesiredState.From(1, SampleState.Of(SampleState.Service("a", "10.96.0.1")));
        _compiler.Compile(state, SampleState.Input());
        var next = state.With(2, SampleState.Of(SampleState.Service("b", "10.96.0.1", "10.244.2.7:80")), SampleState.Of(SampleState.Service("a", "")));
        Assert.True(_compiler.Compile(next, SampleState.Input()).IPv4.Services.TryFind(new(10, 96, 0, 1), IpProtocol.Tcp, 80, out var frontend));
        Assert.Equal(1, frontend.Service.Cluster.Count);
    }

    [Fact]
    public void ExternalFrontendsAreTheSameObjectWhileTheyAreTheSame()
    {
        var state = DesiredState.From(1, SampleState.Of(SampleState.Service("a", "10.96.0.1", "10.244.2.7:80").At(Kind.NodePort, "", 30080)));
        _compiler.Compile(state, SampleState.Input());
        var before = _compiler.ExternalFrontends;
        Assert.Equal([new ExternalFrontend<IPv4Address>(default, 30080, IpProtocol.Tcp)], before);
        state = state.With(2, SampleState.Of(SampleState.Service("a", "10.96.0.1", "10.244.2.8:80").At(Kind.NodePort, "", 30080), SampleState.Service("b", "10.96.0.2")), None);
        _compiler.Compile(state, SampleState.Input());
        Assert.Same(before, _compiler.ExternalFrontends);
        state = state.With(3, SampleState.Of(SampleState.Service("b", "10.96.0.2").At(Kind.ExternalIp, "203.0.113.1", 80)), None);
        _compiler.Compile(state, SampleState.Input());
        Assert.Equal(2, _compiler.ExternalFrontends.Count);
    }

    [Fact]
    public void ClusterAddressesOutsideOfTheServiceRangeAreKnown_ForAsLongAsTheyAreThere()
    {
        var state = DesiredState.From(1, SampleState.Of(SampleState.Service("a", "10.96.0.1", "10.244.2.7:80"), SampleState.Service("b", "172.30.0.2", "10.244.2.7:80")));
        _compiler.Compile(state, SampleState.Input());
        Assert.Equal([new ExternalFrontend<IPv4Address>(IPv4Address.Parse("172.30.0.2"), 80, IpProtocol.Tcp)], _compiler.OutOfRange);
        Assert.Empty(_compiler.ExternalFrontends);
        state = state.With(2, SampleState.Of(SampleState.Service("b", "10.96.0.2", "10.244.2.7:80")), None);
        _compiler.Compile(state, SampleState.Input());
        Assert.Empty(_compiler.OutOfRange);
    }

    [Fact]
    public void X2_ServicesThatAreReachedFromOutsideHaveMaglevTablesWhereAskedFor()
    {
        var compiler = SampleState.Compiler(maglev: 251);
        var state = DesiredState.From(1, SampleState.Of(
            SampleState.Service("in", "10.96.0.1", "10.244.2.7:80", "10.244.2.8:80"), SampleState.Service("out", "10.96.0.2", "10.244.2.7:80", "10.244.2.8:80").At(Kind.NodePort, "", 30080)));
        var services = compiler.Compile(state, SampleState.Input()).IPv4.Services;
        services.TryFind(new(10, 96, 0, 1), IpProtocol.Tcp, 80, out var inside);
        services.TryFind(new(10, 96, 0, 2), IpProtocol.Tcp, 80, out var outside);
        Assert.False(Alike(inside.Service.Cluster));
        Assert.True(Alike(outside.Service.Cluster));

        static bool Alike(BackendSet<IPv4Address> set) => Enumerable.Range(0, 100).All(i => set.ChooseAlike((ulong)i << 57, 0) == set.ChooseAlike((ulong)i << 57, ulong.MaxValue));
    }

    /// <summary>One change among 10,000 services with 100,000 endpoints: no table is made again, and what is allocated is bounded.</summary>
    /// <summary>An update of services may be the first to bring other threads' news into force: places in these tables hold for one revision only.</summary>
    [Fact]
    public void NewsOfRoutesOrPodsIsNoticedWhateverBringsIt()
    {
        var input = SampleState.Input();
        Assert.False(input.HasSurroundingsOf(null));
        Assert.True((input with { Revision = 7, IPv4 = input.IPv4 with { } }).HasSurroundingsOf(input));
        Assert.False((input with { IPv4 = input.IPv4 with { Underlay = new([], []) } }).HasSurroundingsOf(input));
        Assert.False((input with { IPv6 = input.IPv6! with { Underlay = new([], []) } }).HasSurroundingsOf(input));
        Assert.False((input with { NextHops = new Dictionary<IPv4Address, NextHop>() }).HasSurroundingsOf(input));
        Assert.False((input with { Endpoints = new List<AttachedEndpoint>() }).HasSurroundingsOf(input));
    }

    [Fact]
    public void AChangeOfOneServiceAmongTenThousandCostsThatOne()
    {
        var state = DesiredState.From(1, SampleState.Of([.. Enumerable.Range(0, 10_000).Select(i => Many(i, 0))]));
        var input = SampleState.Input();
        var before = _compiler.Compile(state, input);
        int n = 0;
        DataplaneTables after = before;
        long bytes = Allocations.Least(() =>
        {
            var next = state.With((ulong)n + 2, SampleState.Of(Many(5000, ++n)), None);
            after = _compiler.Compile(next, input);
        });
        Assert.Same(before.Policies, after.Policies);
        Assert.Same(before.IPv4.Identities, after.IPv4.Identities);
        Assert.True(after.IPv4.Services.TryFind(new(10, 100, 19, 136), IpProtocol.Tcp, 80, out var changed));
        Assert.Equal(10 + n % 7, changed.Service.Cluster.Count);
        // The dictionaries of keys are copied: about 100 bytes a service, and nothing per endpoint.
        Assert.InRange(bytes, 1, 4_000_000);
    }

    private static Service Many(int i, int more) => SampleState.Service($"s{i}", $"10.{100 + (i >> 16)}.{i >> 8 & 255}.{i & 255}",
        [.. Enumerable.Range(0, 10 + more % 7).Select(b => $"10.244.{i & 255}.{b + 10}:8080@node-2")]);

    private Dataplane.Tables.Service<IPv4Address> Compile(Service message)
    {
        var tables = _compiler.Compile(DesiredState.From(1, SampleState.Of(message)), SampleState.Input());
        Assert.True(tables.IPv4.Services.TryFind(new(10, 96, 0, 1), IpProtocol.Tcp, 80, out var frontend));
        return frontend.Service;
    }

    private uint Id(DesiredState state, string address)
    {
        Assert.True(_compiler.Compile(state, SampleState.Input()).IPv4.Services.TryFind(IPv4Address.Parse(address), IpProtocol.Tcp, 80, out var frontend));
        return frontend.Service.Id;
    }

    private static string[] Addresses(BackendSet<IPv4Address> set) => [.. set.Backends.ToArray().Select(b => b.Address.ToString())];
}
