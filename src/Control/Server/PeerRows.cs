using System.Globalization;
using Dataplane.Contracts.V1;
using Dataplane.Control.Apply;
using Dataplane.Packets;
using Dataplane.Tables;
using Dataplane.Control.Compile;
using Xdp.Interop.Links;

namespace Dataplane.Control.Server;

/// <summary>How other nodes' pods are reached, as rows of the dumps of nodes and routes. Pure.</summary>
/// <param name="peers">With native routing; empty without.</param>
internal sealed class PeerRows(IReadOnlyList<PeerRoute> peers)
{
    private readonly ILookup<string, PeerRoute> _ofNode = peers.ToLookup(peer => peer.Node);

    /// <summary>The rows of a node's entry.</summary>
    public IEnumerable<NodeEntry.Types.PodRoute> OfNode(string node) => _ofNode[node].Select(peer => new NodeEntry.Types.PodRoute
    {
        PodCidr = peer.Pods.ToString(),
        Kind = Name(peer.Kind),
        NextHop = peer.NextHop?.ToString() ?? "",
        Protocol = peer.Origin == RouteProtocol.Unspecified ? "" : Name(peer.Origin),
    });

    /// <summary>A node's state in one word; null where only its tunnel counts.</summary>
    /// <param name="node">Its name.</param>
    /// <param name="answers">Whether the next hop to the node's own address does: our routes are by that.</param>
    public string? StateOf(string node, bool answers)
    {
        var kinds = _ofNode[node].Select(peer => peer.Kind).Distinct().ToList();
        return kinds switch
        {
            [] or [RouteKind.Overlay] => null,
            [RouteKind.Native] when !answers && _ofNode[node].Any(peer => peer.Origin == RouteProtocol.DataplanePods) => "unresolved",
            [RouteKind.Native] => "native",
            [RouteKind.Unreachable] when IsRefused(node) => "unreachable",
            [RouteKind.Unreachable] => "unresolved",
            _ => "mixed",
        };
    }

    private bool IsRefused(string node) => _ofNode[node].Any(peer => peer.Origin != RouteProtocol.Unspecified);

    /// <summary>The row of one prefix of a node's pods in the dump of routes.</summary>
    /// <param name="node">Its name.</param>
    /// <param name="cidr">The prefix.</param>
    /// <param name="uplink">Port number of the uplink.</param>
    /// <param name="tables">Those in force.</param>
    public RouteEntry Row(string node, string cidr, uint uplink, DataplaneTables tables)
    {
        var network = FieldParser.Network("pod_cidrs", cidr);
        var entry = new RouteEntry { Destination = cidr, Kind = Name(RouteKind.Overlay), Via = node, Port = uplink };
        if (_ofNode[node].FirstOrDefault(peer => peer.Pods.Equals(network)) is not { } peer || peer.Kind == RouteKind.Overlay) return entry;
        entry.Kind = Name(peer.Kind);
        entry.NextHop = peer.NextHop?.ToString() ?? "";
        if (peer.Kind == RouteKind.Unreachable)
        {
            entry.Port = 0;
            return entry;
        }
        if (FieldParser.IsOf<IPv4Address>(network)) ByNeighbor(entry, tables.IPv4, network, tables);
        else if (tables.IPv6 is { } v6) ByNeighbor(entry, v6, network, tables);
        return entry;
    }

    private static void ByNeighbor<TAddress>(RouteEntry entry, FamilyTables<TAddress> family, System.Net.IPNetwork network, DataplaneTables tables)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        int index = family.Underlay.Find(FieldParser.To<TAddress>(network.BaseAddress));
        if (index < 0)
        {
            entry.Port = tables.Node.HostPort; // the node's own stack knows the way
            return;
        }
        var neighbor = family.Underlay[index];
        entry.Port = neighbor.Port;
        entry.NextHopMac = neighbor.Mac.ToString();
        entry.Mtu = neighbor.Mtu;
    }

    private static string Name(RouteKind kind) => kind.ToString().ToLowerInvariant();

    // The numbers of /etc/iproute2/rt_protos that a daemon is likely to be.
    private static string Name(RouteProtocol protocol) => (byte)protocol switch
    {
        (byte)RouteProtocol.DataplanePods => "dataplane-pods",
        (byte)RouteProtocol.Static => "static",
        (byte)RouteProtocol.Boot => "boot",
        (byte)RouteProtocol.Kernel => "kernel",
        11 => "zebra",
        12 => "bird",
        16 => "dhcp",
        186 => "bgp",
        187 => "isis",
        188 => "ospf",
        var number => number.ToString(CultureInfo.InvariantCulture),
    };
}
