using System.Net;
using Dataplane.Control.Compile;
using Dataplane.Packets;
using Dataplane.Tables;
using Xdp.Interop.Links;
using Neighbor = Xdp.Interop.Links.Neighbor;
using Route = Xdp.Interop.Links.Route;

namespace Dataplane.Control.Apply;

/// <summary>
/// Turns the node's routes and neighbours into ways out of the cluster. Pure. Only what is certain becomes a way by the uplink: a route
/// with one next hop by an uplink, whose Ethernet address the kernel knows. Everything else, such as other devices, several next hops,
/// routes that refuse, is left to the node's own stack, which also finds out addresses that are not known yet.
/// </summary>
internal static class UnderlayRoutes
{
    /// <summary>The ways, ascending by prefix and length; none twice.</summary>
    /// <param name="routes">Of the main table.</param>
    /// <param name="neighbors">Of all devices.</param>
    /// <param name="mtus">MTU by the index of each uplink, bytes.</param>
    /// <param name="pods">
    /// Prefixes of pods that are reached natively, or none. What no route leads to more closely is left to the node's own stack: the way to the world is not theirs.
    /// Of several next hops to them, as routing daemons bring them, the first is taken.
    /// </param>
    public static List<UnderlayWay<TAddress>> Ways<TAddress>(IEnumerable<Route> routes, IReadOnlyCollection<Neighbor> neighbors, IReadOnlyDictionary<int, int> mtus, IReadOnlyCollection<IPNetwork> pods)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        int hostBits = TAddress.ByteLength * 8;
        var known = new Dictionary<(int, IPAddress), MacAddress>();
        foreach (var neighbor in neighbors)
        {
            if (neighbor.IsResolved && mtus.ContainsKey(neighbor.Interface)) known[(neighbor.Interface, neighbor.Address)] = new MacAddress(neighbor.MacAddress!.GetAddressBytes());
        }
        var best = routes
            .Where(r => FieldParser.IsOf<TAddress>(r.Destination) && r.Table == RouteTableId.Main && r.Protocol != RouteProtocol.Dataplane)
            .GroupBy(r => r.Destination)
            .Select(same => same.MinBy(r => r.Metric)!)
            .ToList();
        var ways = new Dictionary<(TAddress, int), UnderlayWay<TAddress>>();
        var onLink = new List<PrefixEntry<TAddress>>(); // value: interface for prefixes on the link of an uplink, 0 for all others
        foreach (var route in best)
        {
            var prefix = FieldParser.To<TAddress>(route.Destination.BaseAddress);
            int length = route.Destination.PrefixLength;
            if (length > 0 && (prefix.IsLoopback || prefix.IsGroup)) continue; // of one link each: no pod's packet goes there
            bool byUplink = HasOneWay(route, pods) && mtus.ContainsKey(route.Interface);
            onLink.Add(new(prefix, length, byUplink && route.Gateway is null ? route.Interface : 0));
            int mtu = byUplink ? Math.Min(route.Mtu ?? int.MaxValue, mtus[route.Interface]) : 0;
            ways[(prefix, length)] = byUplink && route.Gateway is { } gateway && known.TryGetValue((route.Interface, gateway), out var mac)
                ? new UnderlayWay<TAddress>(prefix, length, route.Interface, mac, mtu)
                : new UnderlayWay<TAddress>(prefix, length, 0, default, 0);
        }
        foreach (var prefix in pods.Where(FieldParser.IsOf<TAddress>)) ways[(FieldParser.To<TAddress>(prefix.BaseAddress), prefix.PrefixLength)] = new(FieldParser.To<TAddress>(prefix.BaseAddress), prefix.PrefixLength, 0, default, 0);
        // A neighbour's address is a way of its own where the route to it is the link's; a route for just that address comes first.
        var links = new PrefixTable<TAddress>(onLink);
        foreach (var ((device, address), mac) in known)
        {
            if (!FieldParser.IsOf<TAddress>(address)) continue;
            var to = FieldParser.To<TAddress>(address);
            if (links.Find(to) == device) ways.TryAdd((to, hostBits), new UnderlayWay<TAddress>(to, hostBits, device, mac, mtus[device]));
        }
        return [.. ways.Values.OrderBy(w => w.Prefix).ThenBy(w => w.Length)];
    }

    /// <summary>True when a rule that is not ours may send packets of pods to another table than the main one.</summary>
    public static bool Steers(IEnumerable<RoutingRule> rules) => rules.Any(rule =>
        rule.Protocol != RouteProtocol.Dataplane && rule.MarkMask == 0 && rule.InputInterface is null
        && (rule.HasMore || rule.Table is not (RouteTableId.Local or RouteTableId.Main or RouteTableId.Default)));

    /// <summary>Next hops by an uplink that are to be kept resolved: gateways, which few packets of the node's own may use. Arguments as with <see cref="Ways"/>.</summary>
    public static IEnumerable<(int Interface, IPAddress Gateway)> Gateways(IEnumerable<Route> routes, IReadOnlyDictionary<int, int> mtus, IReadOnlyCollection<IPNetwork> pods) => routes
        .Where(r => r is { Table: RouteTableId.Main, Gateway: not null } && HasOneWay(r, pods) && mtus.ContainsKey(r.Interface) && r.Protocol != RouteProtocol.Dataplane)
        .Select(r => (r.Interface, r.Gateway!))
        .Distinct();

    private static bool HasOneWay(Route route, IReadOnlyCollection<IPNetwork> pods) =>
        route.Type == RouteType.Unicast && (!route.IsMultipath || pods.Any(prefix => PeerRoutes.Holds(prefix, route.Destination)));
}
