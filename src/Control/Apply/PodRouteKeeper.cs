using System.Net;
using Dataplane.Control.Compile;
using Dataplane.Control.Options;
using Dataplane.Packets;
using Xdp.Interop;
using Xdp.Interop.Links;

namespace Dataplane.Control.Apply;

/// <summary>
/// Keeps the main table's routes to pods as <see cref="PeerRoutes"/> wants them, and one to this node's own pods, which leads into the host port and is
/// there for routing daemons to announce. Before the first state nothing is known of nodes, and what a predecessor left stays. One thread at a time, but for
/// <see cref="Problem"/>.
/// </summary>
internal sealed class PodRouteKeeper(NodeRuntime node)
{
    private readonly PodRoutes _routes = new();
    private PeerRoutes? _added;
    private int _mtu;
    private bool _mustTrim;
    private volatile string? _problem;

    /// <summary>What could not be done, for people; null when all is as wanted.</summary>
    public string? Problem => _problem;

    /// <summary>Destinations of routes that the kernel has refused; the same instance while they are the same.</summary>
    public IReadOnlySet<IPNetwork> Refused => _routes.Refused;

    /// <summary>Adds what is missing; costs nothing while nothing has changed. Before tables are published that count on it.</summary>
    public void Add(PeerRoutes peers, DesiredState state)
    {
        if (state.Generation == 0 || ReferenceEquals(peers, _added) && _mtu == node.PathMtu && _problem is null) return;
        (_added, _mtu, _mustTrim) = (peers, node.PathMtu, true);
        Attempt(() => _routes.Add(Wanted(peers)));
    }

    /// <summary>Removes what is no longer wanted, once no table leads there.</summary>
    public void RemoveStale(DesiredState state)
    {
        if (state.Generation == 0 || !_mustTrim) return;
        _mustTrim = false;
        string? before = _problem;
        Attempt(_routes.RemoveStale);
        _problem ??= before;
    }

    /// <summary>Puts back what somebody has taken away, and tries again what failed.</summary>
    /// <returns>What was put back, for people.</returns>
    public IReadOnlyList<string> Repair()
    {
        IReadOnlyList<string> done = [];
        if (_added is not null) Attempt(() => done = _routes.Add(Wanted(_added)));
        return done;
    }

    private List<Route> Wanted(PeerRoutes peers)
    {
        var wanted = new List<Route>(peers.Routes);
        if (node.Options.Routing == RoutingMode.Vxlan || node.HostPort is not { } port) return wanted;
        var own = node.Options.PodCidr;
        // "On link": the next hop is in no prefix of the device, and routing daemons believe such a route only if it says so.
        // Where a node has the whole cluster's prefix there is that route already.
        if (own.IPv4 != node.Options.ClusterCidr.IPv4)
            wanted.Add(HostWay<IPv4Address>.To(own.IPv4, port.HostIndex, node.Options.HostPortAddress.IPv4, _mtu) with { Protocol = RouteProtocol.DataplanePods, OnLink = true });
        if (own.IPv6 is { } v6 && own.IPv6 != node.Options.ClusterCidr.IPv6)
            wanted.Add(HostWay<IPv6Address>.To(v6, port.HostIndex, node.Options.HostPortAddress.IPv6!, _mtu) with { Protocol = RouteProtocol.DataplanePods, OnLink = true });
        return wanted;
    }

    private void Attempt(Action action)
    {
        try
        {
            action();
            _problem = null;
        }
        catch (XdpException e)
        {
            _problem = e.Message;
        }
    }
}
