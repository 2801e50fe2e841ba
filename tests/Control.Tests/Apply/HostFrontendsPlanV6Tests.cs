using Dataplane.Control.Apply;
using Dataplane.Control.Compile;
using Dataplane.Headers;
using Dataplane.Packets;
using Xdp.Interop.Links;
using Xunit;

namespace Dataplane.Control.Tests.Apply;

/// <summary>K27: which IPv6 frontend is led by which rule or route; without a kernel.</summary>
public sealed class HostFrontendsPlanV6Tests
{
    private const int HostIndex = 7;
    private static readonly IPv6Address Node = IPv6Address.Parse("2001:db8::1"), Second = IPv6Address.Parse("2001:db8::2"), Gateway = IPv6Address.Parse("fd00:10:244:1::1");
    private static readonly IPv6Address OtherNode = IPv6Address.Parse("2001:db8::9"), External = IPv6Address.Parse("2001:db8:e::7");
    private const string Replies = "60: IPv6 iif lo fwmark 0x440000/0xff0000 lookup 4978";
    private const string Everything = "::/0 via fe80::77:1 dev 7 table 4978";

    [Fact]
    public void K27_EveryKindOfFrontendIsLedAsInIPv4()
    {
        var plan = Plan(At(default, 30000), At(default, 8080), At(Second, 53, IpProtocol.Udp), At(Second, 31000), At(External, 443), At(OtherNode, 443));
        Assert.Equal(
            ["50: IPv6 iif lo ipproto 6 dport 30000-32767 lookup 4977", "51: IPv6 iif lo ipproto 6 dport 8080 lookup 4977", "51: IPv6 iif lo to 2001:db8::2/128 ipproto 17 dport 53 lookup 4978",
             "51: IPv6 iif lo to 2001:db8::2/128 ipproto 6 dport 31000 lookup 4978", "51: IPv6 iif lo to 2001:db8::9/128 ipproto 6 dport 443 lookup 4978", Replies], Rules(plan));
        Assert.Equal(["2001:db8::1/128 via fe80::77:1 dev 7 table 4977", "2001:db8:e::7/128 via fe80::77:1 dev 7 table 254", Everything], Routes(plan));
        Assert.True(plan.NeedsLocalRuleMoved);
        Assert.Empty(plan.Obstacles);
        Assert.All(plan.Routes, route => Assert.Equal(("fd00:10:244:1::1", 1450, 1390, 1u, RouteProtocol.Dataplane), (route.PreferredSource!.ToString(), route.Mtu, route.AdvertisedMss, route.Metric, route.Protocol)));
    }

    [Fact]
    public void K27_WithoutFrontendsOnlyAnswersAreLed()
    {
        Assert.Equal([Replies], Rules(Plan()));
        Assert.Equal([Everything], Routes(Plan()));
        Assert.Equal((0, 0), (HostFrontendsPlan<IPv6Address>.Empty.Rules.Count, HostFrontendsPlan<IPv6Address>.Empty.Routes.Count));
    }

    [Fact]
    public void K27_WhatCannotBeReachedOverADeviceIsReported()
    {
        var plan = Plan(At(IPv6Address.Parse("::1"), 8080), At(IPv6Address.Parse("ff02::1"), 80), At(IPv6Address.Parse("fe80::77:1"), 80), At(IPv6Address.Parse("::ffff:192.0.2.1"), 80));
        Assert.Equal([Replies], Rules(plan));
        Assert.Equal([Everything], Routes(plan));
        Assert.Equal(4, plan.Obstacles.Count);
        Assert.Contains("frontend [::1]:8080/tcp is not served to this node's own processes", plan.Obstacles[0], StringComparison.Ordinal);
    }

    [Fact]
    public void K27_TheRestIsNamedWhenTooManyFrontendsNeedARule()
    {
        var many = Enumerable.Range(1, 256).Select(i => At(default, (ushort)(8000 + i))).ToArray();
        var before = Plan(many);
        var plan = HostFrontendsPlan<IPv6Address>.Make(Spec([.. many, At(Node, 2)]), HostIndex, before.Rules);
        Assert.True(plan.IsSameAs(before));
        Assert.Contains("they do not reach [2001:db8::1]:2;", Assert.Single(plan.Obstacles), StringComparison.Ordinal);
    }

    private static ExternalFrontend<IPv6Address> At(IPv6Address address, ushort port, byte protocol = IpProtocol.Tcp) => new(address, port, protocol);

    private static HostFrontendsSpec<IPv6Address> Spec(params ExternalFrontend<IPv6Address>[] frontends) => new()
    {
        Gateway = Gateway, RouteMtu = 1450, LocalAddresses = [Node, Second, Gateway], NodePortAddresses = [Node], OtherNodes = [OtherNode], Frontends = frontends.ToHashSet(),
    };

    private static HostFrontendsPlan<IPv6Address> Plan(params ExternalFrontend<IPv6Address>[] frontends) => HostFrontendsPlan<IPv6Address>.Make(Spec(frontends), HostIndex);

    private static IEnumerable<string> Rules(HostFrontendsPlan<IPv6Address> plan) => plan.Rules.Select(rule => rule.ToString()).Order(StringComparer.Ordinal);

    private static IEnumerable<string> Routes(HostFrontendsPlan<IPv6Address> plan) => plan.Routes.Select(route => route.ToString()).Order(StringComparer.Ordinal);
}
