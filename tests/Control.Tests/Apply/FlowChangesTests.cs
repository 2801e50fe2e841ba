using Dataplane.Conntrack;
using Dataplane.Contracts.V1;
using Dataplane.Control.Apply;
using Dataplane.Control.Compile;
using Dataplane.Control.Tests.Compile;
using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Tables;
using Xunit;
using Service = Dataplane.Contracts.V1.Service;
using Kind = Dataplane.Contracts.V1.Frontend.Types.Kind;

namespace Dataplane.Control.Tests.Apply;

/// <summary>What a change of state means for flows: whose peers are gone (K25), and which datagrams must find another endpoint (K24).</summary>
public sealed class FlowChangesTests
{
    private static readonly State None = new();
    private static readonly Func<IPv6Address, string?> NobodyAttached = _ => null;
    private static readonly ServiceTable<IPv4Address> Services = new(
        FrontendIndex<IPv4Address>.Empty, new AddressMap<IPv4Address>([new(new(192, 168, 77, 1), (int)NodeAddressKind.Local), new(new(192, 168, 77, 2), (int)NodeAddressKind.Remote)]), new PrefixTable<IPv4Address>([]));
    private static readonly IPv4Address Client = new(10, 244, 1, 9);

    [Fact]
    public void K25_PodsThatAreGoneHaveDeparted()
    {
        var before = DesiredState.From(1, Ipcache(("10.244.1.5/32", "default/a"), ("10.244.1.6/32", "default/b"), ("192.168.77.2/32", "node/n2"), ("192.0.2.0/24", ""), ("192.0.2.1/32", "")));
        var after = DesiredState.From(2, Ipcache(("10.244.1.6/32", "default/b")));
        Assert.Equal([new IPv4Address(10, 244, 1, 5).Widen()], FlowChanges.Departed(before, after, NobodyAttached));
    }

    [Fact]
    public void P28_AnAddressThatIsAnotherPodsNowHasDepartedToo()
    {
        var before = DesiredState.From(1, Ipcache(("10.244.1.5/32", "default/a")));
        Assert.Single(FlowChanges.Departed(before, DesiredState.From(2, Ipcache(("10.244.1.5/32", "default/c"))), NobodyAttached));
        Assert.Empty(FlowChanges.Departed(before, DesiredState.From(2, Ipcache(("10.244.1.5/32", "default/a"))), NobodyAttached));
    }

    [Theory]
    [InlineData("default/a", true)] // still there, though its object is gone
    [InlineData("default/c", false)] // its successor: whose flows were ended when it was detached
    [InlineData(null, true)]
    public void P28_TheSuccessorOfAnAddressKeepsItsFlows(string? attached, bool departed)
    {
        var before = DesiredState.From(1, Ipcache(("10.244.1.5/32", "default/a")));
        foreach (var after in (State[])[None, Ipcache(("10.244.1.5/32", "default/c"))])
            Assert.Equal(departed ? 1 : 0, FlowChanges.Departed(before, DesiredState.From(2, after), _ => attached).Count);
    }

    [Fact]
    public void AnUpdateThatTouchesNeitherIsNotLookedAt()
    {
        var before = DesiredState.From(1, Ipcache(("10.244.1.5/32", "default/a")));
        var after = before.With(2, new State { Nodes = { SampleState.Node("n", "192.168.77.9", "10.244.9.0/24") } }, None);
        Assert.Empty(FlowChanges.Departed(before, after, NobodyAttached));
        Assert.True(StaleFlows.Between(before, after).IsEmpty);
    }

    [Theory]
    [InlineData("10.96.0.1", false)] // the same
    [InlineData("10.96.0.2", true)] // other endpoints
    [InlineData("10.96.0.3", false)] // none left
    [InlineData("10.96.0.4", true)] // the first ones
    [InlineData("10.96.0.5", false)] // TCP
    [InlineData("10.96.0.6", true)] // gone
    [InlineData("10.96.0.7", true)] // not this service's any more
    [InlineData("10.96.0.8", true)] // another service's
    [InlineData("10.96.0.9", false)] // nobody's, ever
    [InlineData("203.0.113.7", false)] // none left, and of another kind
    public void K24_OnlyFlowsOfWhatHasChangedAreLookedAt(string vip, bool stale)
    {
        const string Gone = "10.244.1.4", External = "203.0.113.7";
        var before = DesiredState.From(1, SampleState.Of(
            Udp("same", "10.96.0.1", "10.244.1.5:53"), Udp("changed", "10.96.0.2", "10.244.1.5:53"), Udp("emptied", "10.96.0.3", "10.244.1.5:53"), Udp("was-empty", "10.96.0.4"),
            SampleState.Service("tcp", "10.96.0.5"), Udp("gone", "10.96.0.6", $"{Gone}:53"), Udp("moves", "10.96.0.7", $"{Gone}:53"), Udp("old-owner", "10.96.0.8", $"{Gone}:53"),
            Udp("external", "10.96.0.10", $"{Gone}:53").At(Kind.ExternalIp, External, 80)));
        var after = DesiredState.From(2, SampleState.Of(
            Udp("same", "10.96.0.1", "10.244.1.5:53"), Udp("changed", "10.96.0.2", "10.244.1.6:53"), Udp("emptied", "10.96.0.3"), Udp("was-empty", "10.96.0.4", "10.244.1.5:53"),
            SampleState.Service("tcp", "10.96.0.5", "10.244.1.5:80"), Udp("moves", "10.96.0.17", $"{Gone}:53"), Udp("new-owner", "10.96.0.8", "10.244.1.5:53"),
            Udp("external", "10.96.0.10").At(Kind.LoadBalancer, External, 80)));
        Assert.Equal(stale, StaleFlows.Between(before, after).Contains(Flow(vip, 80, Gone, 53), Services));
    }

    [Fact]
    public void K24_WhatGoesToAnotherServiceIsServedByThat()
    {
        var before = DesiredState.From(1, SampleState.Of(Udp("old-owner", "10.96.0.8", "10.244.1.4:53")));
        var between = DesiredState.From(2, None);
        var after = DesiredState.From(3, SampleState.Of(Udp("new-owner", "10.96.0.8", "10.244.1.5:53")));
        var inTwoSteps = StaleFlows.Between(before, between);
        inTwoSteps.Add(StaleFlows.Between(between, after));
        foreach (var flows in (StaleFlows[])[StaleFlows.Between(before, after), inTwoSteps])
        {
            Assert.True(flows.Contains(Flow("10.96.0.8", 80, "10.244.1.4", 53), Services));
            Assert.False(flows.Contains(Flow("10.96.0.8", 80, "10.244.1.5", 53), Services));
        }
    }

    [Theory]
    [InlineData("10.96.0.1", 80, "10.244.1.5", 53, false)] // still serving
    [InlineData("10.96.0.1", 80, "10.244.1.6", 53, true)] // not any more
    [InlineData("10.96.0.1", 80, "10.244.1.5", 54, true)] // at this port not
    [InlineData("10.96.0.2", 80, "10.244.1.6", 53, false)] // another service
    [InlineData("192.168.77.1", 30053, "10.244.1.6", 53, true)] // by the node's port
    [InlineData("192.168.77.2", 30053, "10.244.1.6", 53, true)]
    [InlineData("192.168.77.1", 30054, "10.244.1.6", 53, false)]
    [InlineData("10.96.0.9", 30053, "10.244.1.6", 53, false)] // another service's port of the same number
    public void K24_FlowsToEndpointsThatAreNotServingAreStaleByAddressAndPort(string vip, int port, string endpoint, int endpointPort, bool stale)
    {
        var service = Udp("a", "10.96.0.1", "10.244.1.5:53", "10.244.1.7:53").At(Kind.NodePort, "", 30053);
        service.Backends[1].Use = Backend.Types.Use.None; // terminating: still serving
        var flows = StaleFlows.Between(DesiredState.From(1, None), DesiredState.From(2, SampleState.Of(service)));
        Assert.Equal(stale, flows.Contains(Flow(vip, port, endpoint, endpointPort), Services));
        Assert.False(flows.Contains(Flow("10.96.0.1", 80, "10.244.1.7", 53), Services));
        var tcp = Flow(vip, port, endpoint, endpointPort, IpProtocol.Tcp);
        Assert.False(flows.Contains(tcp, Services));
        var direct = Flow(vip, port, endpoint, endpointPort);
        direct.Flags = FlowFlags.None;
        Assert.False(flows.Contains(direct, Services));
    }

    private static State Ipcache(params (string Cidr, string Owner)[] entries) => new() { Ipcache = { entries.Select(e => new IpcacheEntry { Cidr = e.Cidr, Owner = e.Owner, Identity = 20 }) } };

    private static Service Udp(string name, string clusterIp, params string[] backends)
    {
        var service = SampleState.Service(name, clusterIp, backends);
        service.Protocol = Protocol.Udp;
        return service;
    }

    private static ConntrackEntry<IPv4Address> Flow(string vip, int port, string endpoint, int endpointPort, byte protocol = IpProtocol.Udp) => new()
    {
        Original = new(Client, IPv4Address.Parse(vip), Be16.FromHost(5000), Be16.FromHost((ushort)port), protocol),
        Reply = new(IPv4Address.Parse(endpoint), Client, Be16.FromHost((ushort)endpointPort), Be16.FromHost(5000), protocol),
        Flags = FlowFlags.Service,
    };
}
