using System.Net;
using System.Net.Sockets;
using Xdp.Interop.Links;

namespace Dataplane.Control.Apply;

/// <summary>Finds what the main table has for a prefix of pods, whatever the number of routes. Immutable.</summary>
internal sealed class PodRouteIndex
{
    private readonly Dictionary<IPNetwork, Route> _foreign = [];
    private readonly Dictionary<IPNetwork, Route> _ours = [];
    private readonly int _widestV4 = int.MaxValue, _widestV6 = int.MaxValue; // bits

    /// <param name="known">Routes of the main table to pods, but for those into the host port.</param>
    /// <param name="clusterCidrs">Pods of all nodes.</param>
    public PodRouteIndex(IReadOnlyList<Route> known, IReadOnlyCollection<IPNetwork> clusterCidrs)
    {
        foreach (var route in known)
        {
            if (route.Protocol == RouteProtocol.DataplanePods)
            {
                if (route is { Type: RouteType.Unicast, Metric: PeerRoutes.Metric, Gateway: not null }) _ours[route.Destination] = route;
                continue;
            }
            // A route just as wide as the cluster's pods is nobody's way: the node's own one into the host port is to the same prefix, and the kernel takes that.
            if (!clusterCidrs.Any(c => PeerRoutes.Holds(c, route.Destination) && c.PrefixLength < route.Destination.PrefixLength)) continue;
            if (_foreign.TryGetValue(route.Destination, out var other) && other.Metric <= route.Metric) continue;
            _foreign[route.Destination] = route;
            if (route.Destination.BaseAddress.AddressFamily == AddressFamily.InterNetwork) _widestV4 = Math.Min(_widestV4, route.Destination.PrefixLength);
            else _widestV6 = Math.Min(_widestV6, route.Destination.PrefixLength);
        }
    }

    /// <summary>
    /// The route of somebody else that decides about pods: the closest one that holds all of them, and of several the one with the best metric, as the
    /// kernel chooses. It may refuse them; see <see cref="Refuses"/>.
    /// </summary>
    public Route? FindForeign(IPNetwork pods)
    {
        int widest = pods.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? _widestV4 : _widestV6;
        byte[] address = pods.BaseAddress.GetAddressBytes();
        for (int length = pods.PrefixLength; length >= widest; length--)
        {
            if (length < address.Length * 8) address[length / 8] &= (byte)~(0xFF >> (length % 8));
            if (_foreign.TryGetValue(new IPNetwork(new IPAddress(address), length), out var route)) return route;
        }
        return null;
    }

    /// <summary>The route of ours that is there to just these pods, perhaps of an earlier process.</summary>
    public Route? FindOurs(IPNetwork pods) => _ours.GetValueOrDefault(pods);

    /// <summary>
    /// True for a route that leads nowhere and is to just these pods: it says that they are not to be reached. Where ours has the better metric the
    /// kernel would not mind it. One to a wider prefix, such as a daemon has for an aggregate that it announces, says nothing about what is known
    /// more closely.
    /// </summary>
    public static bool Refuses(Route route, IPNetwork pods) => route.Type != RouteType.Unicast && route.Destination.Equals(pods) && route.Metric <= PeerRoutes.Metric;
}
