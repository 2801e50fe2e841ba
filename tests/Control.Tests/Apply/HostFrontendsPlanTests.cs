using Dataplane.Control.Compile;
using Dataplane.Control.Apply;
using Dataplane.Headers;
using Dataplane.Packets;
using Xdp.Interop.Links;
using Xunit;

namespace Dataplane.Control.Tests.Apply;

/// <summary>Which frontend is led by which rule or route; without a kernel.</summary>
public sealed class HostFrontendsPlanTests
{
    private const int HostIndex = 7;
    private static readonly IPv4Address Node = new(192, 0, 2, 1), Second = new(192, 0, 2, 2), Gateway = new(10, 244, 1, 1), OtherNode = new(192, 0, 2, 9), External = new(203, 0, 113, 7);
    private const string Replies = "60: iif lo fwmark 0x440000/0xff0000 lookup 4978";
    private const string Everything = "0.0.0.0/0 via 169.254.77.1 dev 7 table 4978";

    [Fact]
    public void WithoutFrontendsOnlyAnswersAreLed()
    {
        var plan = Plan();
        Assert.Equal([Replies], Rules(plan));
        Assert.Equal([Everything], Routes(plan));
        Assert.False(plan.NeedsLocalRuleMoved);
    }

    [Fact]
    public void NodePortsAreLedByTheirRangeAndProtocol()
    {
        var plan = Plan(At(default, 30000), At(default, 32767), At(default, 30053, IpProtocol.Udp));
        Assert.Equal(["50: iif lo ipproto 17 dport 30000-32767 lookup 4977", "50: iif lo ipproto 6 dport 30000-32767 lookup 4977", Replies], Rules(plan));
        Assert.Equal([Everything, "192.0.2.1/32 via 169.254.77.1 dev 7 table 4977"], Routes(plan));
        Assert.True(plan.NeedsLocalRuleMoved);
    }

    [Fact]
    public void K38_HostPortsOutsideTheRangeHaveARuleEach()
    {
        var plan = Plan(At(default, 8080), At(Second, 53, IpProtocol.Udp), At(default, 29999), At(default, 32768));
        Assert.Equal(
            ["51: iif lo ipproto 6 dport 29999 lookup 4977", "51: iif lo ipproto 6 dport 32768 lookup 4977", "51: iif lo ipproto 6 dport 8080 lookup 4977",
             "51: iif lo to 192.0.2.2/32 ipproto 17 dport 53 lookup 4978", Replies], Rules(plan));
        Assert.Equal([Everything, "192.0.2.1/32 via 169.254.77.1 dev 7 table 4977"], Routes(plan));
    }

    [Fact]
    public void AFrontendAtOneAddressWithinTheRangeNeedsARuleUnlessTheRangeCoversIt()
    {
        Assert.Equal(["50: iif lo ipproto 6 dport 30000-32767 lookup 4977", Replies], Rules(Plan(At(default, 30000), At(Node, 31000))));
        Assert.Equal(["51: iif lo to 192.0.2.1/32 ipproto 6 dport 31000 lookup 4978", Replies], Rules(Plan(At(Node, 31000)))); // no node port of TCP
        Assert.Contains("51: iif lo to 192.0.2.2/32 ipproto 6 dport 31000 lookup 4978", Rules(Plan(At(default, 30000), At(Second, 31000)))); // not served there
    }

    [Fact]
    public void K10_K11_AddressesThatAreNobodysAreRouted()
    {
        var plan = Plan(At(External, 443), At(External, 80), At(new(203, 0, 113, 8), 53, IpProtocol.Udp));
        Assert.Equal([Replies], Rules(plan));
        Assert.Equal([Everything, "203.0.113.7/32 via 169.254.77.1 dev 7 table 254", "203.0.113.8/32 via 169.254.77.1 dev 7 table 254"], Routes(plan));
        Assert.False(plan.NeedsLocalRuleMoved);
        var route = plan.Routes.First(r => r.Table == RouteTableId.Main);
        Assert.Equal(("10.244.1.1", 1450, 1410, RouteProtocol.Dataplane), (route.PreferredSource!.ToString(), route.Mtu, route.AdvertisedMss, route.Protocol));
    }

    [Fact]
    public void K10_AnExternalIpThatIsAnotherNodesAddressIsLedByPortOnly()
    {
        var plan = Plan(At(OtherNode, 443));
        Assert.Equal(["51: iif lo to 192.0.2.9/32 ipproto 6 dport 443 lookup 4978", Replies], Rules(plan));
        Assert.Equal([Everything], Routes(plan));
    }

    [Fact]
    public void WhatCannotBeReachedOverADeviceIsReported()
    {
        var plan = Plan(At(new(127, 0, 0, 1), 8080), At(new(224, 0, 0, 1), 80), At(IPv4Address.Parse("169.254.77.1"), 80));
        Assert.Equal([Replies], Rules(plan));
        Assert.Equal([Everything], Routes(plan));
        Assert.Equal(3, plan.Obstacles.Count);
        Assert.Contains("frontend 127.0.0.1:8080/tcp is not served to this node's own processes", plan.Obstacles[0], StringComparison.Ordinal);
    }

    [Fact]
    public void K8_NodePortsAreNotServedAtLoopbackOrAtAddressesThatAreNotTheNodes()
    {
        var plan = HostFrontendsPlan<IPv4Address>.Make(Spec(At(default, 30080)) with { NodePortAddresses = [new(127, 0, 0, 1), External, Node] }, HostIndex);
        Assert.Equal([Everything, "192.0.2.1/32 via 169.254.77.1 dev 7 table 4977"], Routes(plan));
    }

    [Fact]
    public void TheRestIsReportedWhenTooManyFrontendsNeedARule()
    {
        var many = Enumerable.Range(1, 256).Select(i => At(default, (ushort)(8000 + i))).ToArray();
        var before = Plan(many);
        Assert.Empty(before.Obstacles);

        // A newcomer that sorts first does not take the place of one that works.
        var plan = HostFrontendsPlan<IPv4Address>.Make(Spec([.. many, At(default, 1), At(Node, 2)]), HostIndex, before.Rules);
        Assert.True(plan.IsSameAs(before));
        string obstacle = Assert.Single(plan.Obstacles);
        Assert.Contains("258 host ports", obstacle, StringComparison.Ordinal);
        Assert.Contains("the node:1, 192.0.2.1:2;", obstacle, StringComparison.Ordinal);
    }

    private static ExternalFrontend<IPv4Address> At(IPv4Address address, ushort port, byte protocol = IpProtocol.Tcp) => new(address, port, protocol);

    private static HostFrontendsSpec<IPv4Address> Spec(params ExternalFrontend<IPv4Address>[] frontends) => new()
    {
        Gateway = Gateway,
        RouteMtu = 1450,
        LocalAddresses = [Node, Second, Gateway],
        NodePortAddresses = [Node],
        OtherNodes = [OtherNode],
        Frontends = frontends.ToHashSet(),
    };

    private static HostFrontendsPlan<IPv4Address> Plan(params ExternalFrontend<IPv4Address>[] frontends) => HostFrontendsPlan<IPv4Address>.Make(Spec(frontends), HostIndex);

    private static IEnumerable<string> Rules(HostFrontendsPlan<IPv4Address> plan) => plan.Rules.Select(rule => rule.ToString()).Order(StringComparer.Ordinal);

    private static IEnumerable<string> Routes(HostFrontendsPlan<IPv4Address> plan) => plan.Routes.Select(route => route.ToString()).Order(StringComparer.Ordinal);
}
