using System.Collections.Frozen;
using System.Net;
using Dataplane.Contracts.V1;
using Dataplane.Control.Compile;
using Dataplane.Control.Options;
using Dataplane.Packets;
using Dataplane.Tables;
using Xdp.Interop.Links;
using Route = Xdp.Interop.Links.Route;

namespace Dataplane.Control.Apply;

/// <summary>
/// How each other node's pods are reached, and what routes the node's own stack needs for it. Pure. A route that somebody else has brought (a BGP
/// daemon, an administrator) comes first: it says more than a Node object does. Without one, and where no tunnel is to be used, it is
/// "pods via the way to their node": on the same link the node itself. One that refuses just a node's pods is obeyed. Until the kernel was asked for that way, a route of an earlier process holds.
/// </summary>
internal sealed class PeerRoutes
{
    /// <summary>
    /// Metric of our routes: whoever brings a route to the same prefix has a better one. Daemons take 20 (FRR), 32 (BIRD) or, of IPv6, 1024.
    /// </summary>
    public const uint Metric = 8192;

    private readonly List<PeerRoute> _peers = [];
    private readonly List<Route> _routes = [];
    private readonly HashSet<IPNetwork> _destinations = []; // of those
    private readonly Dictionary<string, PeerWay> _v4 = [];
    private readonly Dictionary<string, PeerWay> _v6 = [];

    private readonly RouteKind _otherwise; // where there is no way
    private readonly IReadOnlyCollection<int> _uplinks;
    private readonly IReadOnlySet<IPNetwork> _refused;

    private PeerRoutes(RoutingMode mode, IReadOnlyCollection<int> uplinks, IReadOnlySet<IPNetwork> refused)
    {
        _otherwise = mode == RoutingMode.Native ? RouteKind.Unreachable : RouteKind.Overlay;
        _uplinks = uplinks;
        _refused = refused;
    }

    /// <summary>No node is known, or all are reached by tunnels.</summary>
    public static PeerRoutes None { get; } = new(RoutingMode.Vxlan, [], FrozenSet<IPNetwork>.Empty);

    /// <summary>A row for each prefix of pods, in the order of the nodes.</summary>
    public IReadOnlyList<PeerRoute> Peers => _peers;

    /// <summary>What the node's main table is to have from us, by destination; none twice.</summary>
    public IReadOnlyList<Route> Routes => _routes;

    /// <summary>How nodes and their IPv4 pods are reached, by name; a tunnel where one is missing.</summary>
    public IReadOnlyDictionary<string, PeerWay> WaysV4 => _v4;

    /// <summary>The same of IPv6.</summary>
    public IReadOnlyDictionary<string, PeerWay> WaysV6 => _v6;

    /// <summary>Makes it.</summary>
    /// <param name="mode">How packets are to reach other nodes.</param>
    /// <param name="nodes">All but this one.</param>
    /// <param name="hops">Ways to the nodes' own addresses, <see cref="PeerHop.None"/> without one; those that were not looked at yet are missing.</param>
    /// <param name="known">Routes of the main table to pods, but for those into the host port.</param>
    /// <param name="clusterCidrs">Pods of all nodes.</param>
    /// <param name="own">This node's pods.</param>
    /// <param name="uplinks">Indexes of the uplinks.</param>
    /// <param name="refused">Destinations of <see cref="Routes"/> that the kernel would not take: they stay wanted, but are no way.</param>
    public static PeerRoutes Make(
        RoutingMode mode, IEnumerable<Node> nodes, IReadOnlyDictionary<IPAddress, PeerHop> hops, IReadOnlyList<Route> known, IReadOnlyCollection<IPNetwork> clusterCidrs, IReadOnlyCollection<IPNetwork> own,
        IReadOnlyCollection<int> uplinks, IReadOnlySet<IPNetwork> refused)
    {
        if (mode == RoutingMode.Vxlan) return None;
        var made = new PeerRoutes(mode, uplinks, refused);
        var table = new PodRouteIndex(known, clusterCidrs);
        foreach (var node in nodes)
        {
            made.Add<IPv4Address>(made._v4, node, mode, hops, table, clusterCidrs, own);
            made.Add<IPv6Address>(made._v6, node, mode, hops, table, clusterCidrs, own);
        }
        return made;
    }

    /// <summary>Whether a prefix lies within another, or is the same.</summary>
    public static bool Holds(IPNetwork outer, IPNetwork inner) =>
        outer.PrefixLength <= inner.PrefixLength && outer.BaseAddress.AddressFamily == inner.BaseAddress.AddressFamily && outer.Contains(inner.BaseAddress);

    private void Add<TAddress>(
        Dictionary<string, PeerWay> ways, Node node, RoutingMode mode, IReadOnlyDictionary<IPAddress, PeerHop> hops, PodRouteIndex table, IReadOnlyCollection<IPNetwork> clusterCidrs, IReadOnlyCollection<IPNetwork> own)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        var address = node.Addresses.Select(text => FieldParser.Address("addresses", text)).FirstOrDefault(FieldParser.IsOf<TAddress>);
        var hop = PeerHop.None;
        bool isLooked = address is null || hops.TryGetValue(address, out hop);
        PeerWay? way = null;
        foreach (var pods in node.PodCidrs.Select(text => FieldParser.Network("pod_cidrs", text)).Where(FieldParser.IsOf<TAddress>))
        {
            // What a Node object says becomes a route of the host: never one that leads more than pods away, or this node's own.
            bool isUsable = clusterCidrs.Any(c => Holds(c, pods)) && !own.Any(o => Holds(o, pods) || Holds(pods, o));
            var theirs = isUsable ? table.FindForeign(pods) : null;
            var ours = isLooked ? null : table.FindOurs(pods);
            var peer = theirs is not null && PodRouteIndex.Refuses(theirs, pods) ? new PeerRoute(node.Name, pods, RouteKind.Unreachable, Origin: theirs.Protocol)
                : theirs is { Type: RouteType.Unicast } ? By(node.Name, pods, theirs)
                : isUsable && ours is not null ? Want(node.Name, ours)
                : isUsable && hop.NextHop is { } next && (mode == RoutingMode.Native || next.Equals(address)) ? Want(node.Name, Way(pods, hop.Interface, next))
                : new PeerRoute(node.Name, pods, _otherwise);
            _peers.Add(peer);
            way = way is not { } before ? new PeerWay(peer.Kind, peer.ByHost)
                : new PeerWay(Worse(before.Kind, peer.Kind), before.ByHost || peer.ByHost);
        }
        bool nodeByHost = hop.NextHop is not null && !_uplinks.Contains(hop.Interface);
        ways[node.Name] = (way ?? new PeerWay(_otherwise)) with { NodeByHost = nodeByHost };
    }

    // One prefix without a way: none has.
    private static RouteKind Worse(RouteKind a, RouteKind b) => a == RouteKind.Unreachable || b == RouteKind.Native ? a : b;

    private PeerRoute By(string node, IPNetwork pods, Route route) =>
        new(node, pods, RouteKind.Native, route.Gateway, route.Protocol, route.Interface, ByHost: !_uplinks.Contains(route.Interface));

    private static Route Way(IPNetwork pods, int device, IPAddress next) =>
        new() { Destination = pods, Gateway = next, Interface = device, Protocol = RouteProtocol.DataplanePods, Metric = Metric };

    private PeerRoute Want(string node, Route route)
    {
        if (_destinations.Add(route.Destination)) _routes.Add(route);
        return _refused.Contains(route.Destination) ? new PeerRoute(node, route.Destination, _otherwise) : By(node, route.Destination, route);
    }
}
