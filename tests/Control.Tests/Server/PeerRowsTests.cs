using System.Net;
using Dataplane.Control.Apply;
using Dataplane.Control.Compile;
using Dataplane.Control.Server;
using Dataplane.Control.Tests.Compile;
using Dataplane.Packets;
using Dataplane.Tables;
using Xdp.Interop.Links;
using Xunit;

namespace Dataplane.Control.Tests.Server;

/// <summary>What the dumps of nodes and routes say of pods that are reached without a tunnel, and of others beside them.</summary>
public sealed class PeerRowsTests
{
    private static readonly MacAddress Router = new([2, 0, 0, 0, 0, 0xfe]);

    private readonly PeerRows _rows = new(
    [
        new("ours", Net("10.244.2.0/24"), RouteKind.Native, IPAddress.Parse("192.168.77.2"), RouteProtocol.DataplanePods),
        new("theirs", Net("10.244.3.0/24"), RouteKind.Native, IPAddress.Parse("192.168.77.254"), (RouteProtocol)12),
        new("tunnelled", Net("10.244.4.0/24"), RouteKind.Overlay),
        new("lost", Net("10.244.5.0/24"), RouteKind.Unreachable),
        new("refused", Net("10.244.7.0/24"), RouteKind.Unreachable, Origin: RouteProtocol.Static),
        new("both", Net("10.244.6.0/24"), RouteKind.Native, IPAddress.Parse("192.168.77.6"), RouteProtocol.DataplanePods),
        new("both", Net("fd00:10:244:6::/64"), RouteKind.Overlay),
    ]);

    [Theory]
    [InlineData("ours", true, "native")]
    [InlineData("ours", false, "unresolved")] // our route is by the way to the node
    [InlineData("theirs", false, "native")] // theirs is not
    [InlineData("tunnelled", true, null)]
    [InlineData("lost", true, "unresolved")]
    [InlineData("refused", true, "unreachable")]
    [InlineData("both", true, "mixed")]
    [InlineData("unknown", true, null)]
    public void ANodesStateIsHowItsPodsAreReached(string node, bool answers, string? state) => Assert.Equal(state, _rows.StateOf(node, answers));

    [Fact]
    public void ANodesEntryHasARowForEachPrefix()
    {
        Assert.Equal(["10.244.3.0/24 native 192.168.77.254 bird"], Rows("theirs"));
        Assert.Equal(["10.244.6.0/24 native 192.168.77.6 dataplane-pods", "fd00:10:244:6::/64 overlay"], Rows("both"));
        Assert.Equal(["10.244.5.0/24 unreachable"], Rows("lost"));
        Assert.Equal(["10.244.7.0/24 unreachable  static"], Rows("refused"));
    }

    [Fact]
    public void ARouteNamesItsNextHopAndItsPort()
    {
        var input = SampleState.Input();
        var underlay = new UnderlayTable<IPv4Address>([new(IPv4Address.Parse("10.244.2.0"), 24, 1)], [new() { Port = 7, Mac = Router, Source = default, Mtu = 1400 }]);
        var tables = SampleState.Compiler().Compile(DesiredState.Empty, input with { IPv4 = input.IPv4 with { Underlay = underlay } });
        string Row(string node, string cidr)
        {
            var row = _rows.Row(node, cidr, uplink: 9, tables);
            return $"{row.Destination} {row.Kind} {row.Via} {row.Port} {row.NextHop} {row.NextHopMac} {row.Mtu}";
        }
        Assert.Equal("10.244.2.0/24 native ours 7 192.168.77.2 02:00:00:00:00:fe 1400", Row("ours", "10.244.2.0/24"));
        Assert.Equal("10.244.3.0/24 native theirs 1 192.168.77.254  0", Row("theirs", "10.244.3.0/24")); // by the host port: no neighbour is known
        Assert.Equal("10.244.4.0/24 overlay tunnelled 9   0", Row("tunnelled", "10.244.4.0/24"));
        Assert.Equal("10.244.5.0/24 unreachable lost 0   0", Row("lost", "10.244.5.0/24"));
    }

    private string[] Rows(string node) => [.. _rows.OfNode(node).Select(row => $"{row.PodCidr} {row.Kind} {row.NextHop} {row.Protocol}".TrimEnd())];

    private static IPNetwork Net(string text) => IPNetwork.Parse(text);
}
