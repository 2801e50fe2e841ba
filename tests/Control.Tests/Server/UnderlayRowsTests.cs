using Dataplane.Control.Apply;
using Dataplane.Control.Server;
using Dataplane.Packets;
using Xunit;

namespace Dataplane.Control.Tests.Server;

/// <summary>How the ways out of the cluster are listed among the routes.</summary>
public sealed class UnderlayRowsTests
{
    private static readonly MacAddress Router = new([2, 0, 0, 0, 0, 0xfe]);

    [Fact]
    public void AWayNamesDeviceNextHopAndMtuAndTheRestIsTheHosts() => Assert.Equal(
        [
            "192.168.77.0/24 host dp-host 2",
            "192.168.77.254/32 neighbor eth1 3 02:00:00:00:00:fe 1400",
            "0.0.0.0/0 host dp-host 2",
        ],
        Rows(new(IPv4Address.Parse("192.168.77.0"), 24, 0, default, 0), new(IPv4Address.Parse("192.168.77.254"), 32, 5, Router, 1400)));

    [Fact]
    public void ADefaultRouteByANeighborComesLastAndStandsForTheHosts() => Assert.Equal(
        ["192.168.77.254/32 neighbor eth0 1 02:00:00:00:00:fe 1500", "0.0.0.0/0 neighbor eth0 1 02:00:00:00:00:fe 1500"],
        Rows(new(default, 0, 4, Router, 1500), new(IPv4Address.Parse("192.168.77.254"), 32, 4, Router, 1500)));

    [Fact]
    public void WhatTheClustersOwnRoutesHideIsNotListed() => Assert.Equal(
        ["0.0.0.0/0 host dp-host 2"],
        Rows(new UnderlayWay<IPv4Address>(IPv4Address.Parse("10.244.7.0"), 24, 4, Router, 1500)));

    [Fact]
    public void WithoutWaysEverythingIsTheHosts() => Assert.Equal(["0.0.0.0/0 host dp-host 2"], Rows());

    private static List<string> Rows(params UnderlayWay<IPv4Address>[] ways)
    {
        var rows = new UnderlayRows<IPv4Address>(index => index == 4 ? ("eth0", 1u) : ("eth1", 3u), ("dp-host", 2), address => !address.ToString().StartsWith("10.244.", StringComparison.Ordinal));
        return [.. rows.Of(ways).Select(row => $"{row.Destination} {row.Kind} {row.Via} {row.Port} {row.NextHopMac} {(row.Mtu == 0 ? "" : row.Mtu)}".TrimEnd())];
    }
}
