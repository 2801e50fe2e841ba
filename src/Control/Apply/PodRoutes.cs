using System.Collections.Frozen;
using System.Net;
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
    private HashSet<(IPNetwork, uint)> _wanted = [];

    /// <summary>Destinations of what the kernel has refused at the last <see cref="Add"/>; the same instance while they are the same.</summary>
    public IReadOnlySet<IPNetwork> Refused { get; private set; } = FrozenSet<IPNetwork>.Empty;

    /// <summary>Adds what is wanted and not there. Before tables are published that count on it; afterwards <see cref="RemoveStale"/> is due.</summary>
    /// <param name="wanted">Each of our protocol; no destination twice.</param>
    /// <returns>What was added, for people.</returns>
    /// <exception cref="XdpException">One could not be added, see <see cref="Refused"/>; all others were.</exception>
    public IReadOnlyList<string> Add(IReadOnlyList<Route> wanted)
    {
        _wanted = [.. wanted.Select(Key)];
        var refused = new HashSet<IPNetwork>();
        var done = new List<string>();
        XdpException? failure = null;
        if (wanted.Count > 0)
        {
            using var netlink = NetlinkSocket.Open();
            var there = List(netlink).ToLookup(Key);
            foreach (var route in wanted.Where(w => !there[Key(w)].Any(r => IsSame(r, w))))
            {
                try
                {
                    Put(netlink, route, replaces: there.Contains(Key(route)));
                    done.Add($"route {route}");
                }
                catch (XdpException e)
                {
                    failure ??= e;
                    refused.Add(route.Destination);
                }
            }
        }
        if (!refused.SetEquals(Refused)) Refused = refused;
        return failure is null ? done : throw failure;
    }

    /// <summary>Removes routes of ours that <see cref="Add"/> was not asked for, also those of an earlier process.</summary>
    /// <exception cref="XdpException">The kernel refused.</exception>
    public void RemoveStale()
    {
        using var netlink = NetlinkSocket.Open();
        foreach (var stale in List(netlink).Where(r => !_wanted.Contains(Key(r)))) netlink.Routes.Delete(stale);
    }

    /// <summary>Removes all routes of ours, also those of an earlier process.</summary>
    /// <returns>Which, for people.</returns>
    /// <exception cref="XdpException">The kernel refused.</exception>
    public static IReadOnlyList<string> Remove()
    {
        using var netlink = NetlinkSocket.Open();
        return [.. List(netlink).Where(netlink.Routes.Delete).Select(route => $"route {route}")];
    }

    private static void Put(NetlinkSocket netlink, Route route, bool replaces)
    {
        try
        {
            Put(route);
        }
        // The gateway is in no prefix of the device: where the kernel's own way to the node has been told that it is on the link all the same, ours must be too.
        catch (XdpException e) when (e.Errno is Errno.ENETUNREACH or Errno.EHOSTUNREACH or Errno.EINVAL && route is { Gateway: not null, OnLink: false, Interface: not 0 })
        {
            Put(route with { OnLink = true });
        }

        void Put(Route wanted)
        {
            // Only a route of ours may be replaced, by another next hop.
            if (replaces) netlink.Routes.Replace(wanted);
            else netlink.Routes.Add(wanted);
        }
    }

    private static List<Route> List(NetlinkSocket netlink) =>
        [.. netlink.Routes.List(new RouteFilter { Table = RouteTableId.Main, Protocol = RouteProtocol.DataplanePods })];

    private static (IPNetwork, uint) Key(Route route) => (route.Destination, route.Metric);

    private static bool IsSame(Route a, Route b) => Key(a) == Key(b) && Equals(a.Gateway, b.Gateway) && a.Interface == b.Interface && Equals(a.PreferredSource, b.PreferredSource) && a.Mtu == b.Mtu;
}
