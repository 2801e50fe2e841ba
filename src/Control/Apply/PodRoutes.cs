using Xdp.Interop;
using Xdp.Interop.Links;

namespace Dataplane.Control.Apply;

/// <summary>
/// The routes to pods in the node's main table, for its own processes and for routing daemons: those of protocol <see cref="RouteProtocol.DataplanePods"/>
/// are ours, whichever process made them; no other is ever touched. They stay when the process ends, and its successor takes them over. Works in the
/// calling thread's network namespace; one caller at a time.
/// </summary>
internal sealed class PodRoutes
{
    private IReadOnlyList<Route> _wanted = [];

    /// <summary>Adds what is wanted and not there. Before tables are published that count on it; afterwards <see cref="RemoveStale"/> is due.</summary>
    /// <param name="wanted">Each of our protocol; no destination twice.</param>
    /// <returns>What was added, for people.</returns>
    /// <exception cref="XdpException">One could not be added; all others were.</exception>
    public IReadOnlyList<string> Add(IReadOnlyList<Route> wanted)
    {
        _wanted = wanted;
        if (wanted.Count == 0) return [];
        using var netlink = NetlinkSocket.Open();
        var there = List(netlink);
        var done = new List<string>();
        XdpException? failure = null;
        foreach (var route in wanted.Where(w => !there.Exists(r => IsSame(r, w))))
        {
            try
            {
                // Only a route of ours may be replaced, by another next hop.
                if (there.Exists(r => Key(r) == Key(route))) netlink.Routes.Replace(route);
                else netlink.Routes.Add(route);
                done.Add($"route {route}");
            }
            catch (XdpException e)
            {
                failure ??= e;
            }
        }
        return failure is null ? done : throw failure;
    }

    /// <summary>Removes routes of ours that <see cref="Add"/> was not asked for, also those of an earlier process.</summary>
    /// <exception cref="XdpException">The kernel refused.</exception>
    public void RemoveStale()
    {
        using var netlink = NetlinkSocket.Open();
        foreach (var stale in List(netlink).Where(r => !_wanted.Any(w => Key(w) == Key(r)))) netlink.Routes.Delete(stale);
    }

    /// <summary>Removes all routes of ours, also those of an earlier process.</summary>
    /// <returns>Which, for people.</returns>
    /// <exception cref="XdpException">The kernel refused.</exception>
    public static IReadOnlyList<string> Remove()
    {
        using var netlink = NetlinkSocket.Open();
        return [.. List(netlink).Where(netlink.Routes.Delete).Select(route => $"route {route}")];
    }

    private static List<Route> List(NetlinkSocket netlink) =>
        [.. netlink.Routes.List(new RouteFilter { Table = RouteTableId.Main, Protocol = RouteProtocol.DataplanePods })];

    private static (System.Net.IPNetwork, uint) Key(Route route) => (route.Destination, route.Metric);

    private static bool IsSame(Route a, Route b) => Key(a) == Key(b) && Equals(a.Gateway, b.Gateway) && a.Interface == b.Interface && Equals(a.PreferredSource, b.PreferredSource) && a.Mtu == b.Mtu;
}
