using System.Net;
using Dataplane.Control.Apply;
using Dataplane.Testing;
using Xdp.Interop;
using Xdp.Interop.Links;
using Xunit;

namespace Dataplane.Control.Tests.Apply;

/// <summary>Routes to pods in the kernel's own table: what it takes, and what becomes of the others when it refuses one.</summary>
public sealed class PodRoutesTests : IDisposable
{
    private readonly ApplySandbox? _sandbox = Privileges.MissingForNetworkNamespaces is null ? new ApplySandbox() : null;
    private readonly PodRoutes _routes = new();

    private ApplySandbox Sandbox => _sandbox!;

    public void Dispose() => _sandbox?.Dispose();

    /// <summary>The node is reached by a router that is in no prefix of the device; the kernel takes that only from who says that it knows.</summary>
    [RequiresRootFact]
    public void S5_AGatewayThatIsInNoPrefixOfTheDeviceIsOnTheLinkAllTheSame()
    {
        int device = AddDevice();
        Add(To("10.244.2.0/24", "192.168.77.2", device), To("10.244.3.0/24", "10.99.0.1", device), To("fd00:10:244:3::/64", "fd00:99::1", device));
        Assert.Equal(["10.244.2.0/24 via 192.168.77.2 dev eth0 metric 8192", "10.244.3.0/24 via 10.99.0.1 dev eth0 metric 8192 onlink"], Shown("-4"));
        Assert.Equal(["fd00:10:244:3::/64 via fd00:99::1 dev eth0 metric 8192 onlink pref medium"], Shown("-6"));
        Assert.Empty(_routes.Refused);
        Assert.Empty(Add(To("10.244.2.0/24", "192.168.77.2", device), To("10.244.3.0/24", "10.99.0.1", device), To("fd00:10:244:3::/64", "fd00:99::1", device))); // all is there
        Add(To("10.244.3.0/24", "10.99.0.2", device)); // another next hop
        Sandbox.Node.Run(_routes.RemoveStale);
        Assert.Equal(["10.244.3.0/24 via 10.99.0.2 dev eth0 metric 8192 onlink"], Shown("-4"));
        Assert.Empty(Shown("-6"));
    }

    [RequiresRootFact]
    public void WhatTheKernelRefusesIsToldApartFromTheRest()
    {
        int device = AddDevice();
        Route good = To("10.244.2.0/24", "192.168.77.2", device), bad = To("10.244.3.0/24", "192.168.77.3", device + 1000); // by a device that has gone
        Assert.Throws<NetlinkException>(() => Add(bad, good));
        Assert.Equal(["10.244.2.0/24 via 192.168.77.2 dev eth0 metric 8192"], Shown("-4"));
        Assert.Equal([bad.Destination], _routes.Refused);
        var refused = _routes.Refused;
        Assert.Throws<NetlinkException>(() => Add(bad, good));
        Assert.Same(refused, _routes.Refused);
        Add(good, bad with { Interface = device });
        Assert.Empty(_routes.Refused);
    }

    private static Route To(string pods, string gateway, int device) => new()
    {
        Destination = IPNetwork.Parse(pods), Gateway = IPAddress.Parse(gateway), Interface = device, Protocol = RouteProtocol.DataplanePods, Metric = PeerRoutes.Metric,
    };

    private IReadOnlyList<string> Add(params Route[] wanted) => Sandbox.Node.Run(() => _routes.Add(wanted));

    private int AddDevice()
    {
        ApplySandbox.Exec(Sandbox.Node, "ip", "link", "add", "eth0", "type", "veth", "peer", "name", "eth0-peer");
        ApplySandbox.Exec(Sandbox.Node, "ip", "link", "set", "eth0-peer", "up");
        ApplySandbox.Exec(Sandbox.Node, "ip", "link", "set", "eth0", "up");
        ApplySandbox.Exec(Sandbox.Node, "ip", "address", "add", "192.168.77.1/24", "dev", "eth0");
        return Sandbox.Netlink.Links.Get("eth0").Index;
    }

    private string[] Shown(string family) =>
    [
        .. ApplySandbox.Exec(Sandbox.Node, "ip", family, "route", "show", "proto", "78").Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries))).Order(StringComparer.Ordinal),
    ];
}
