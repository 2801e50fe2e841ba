using Xdp.Interop.Links;

namespace Dataplane.Control.Apply;

/// <summary>What stands in the way of services whose endpoints are on other nodes.</summary>
internal static class PeerObstacles
{
    /// <summary>The same, with the names that devices have now in the calling thread's network namespace.</summary>
    /// <exception cref="Xdp.Interop.XdpException">The kernel does not tell.</exception>
    public static IReadOnlyList<string> Find(IReadOnlyList<PeerRoute> peers)
    {
        if (!peers.Any(peer => peer.ByHost)) return [];
        using var netlink = NetlinkSocket.Open();
        return Find(peers, index => netlink.Links.Find(index)?.Name);
    }

    /// <summary>One sentence for each device that leads to peers and is no uplink, for people. Pure.</summary>
    /// <param name="peers">How pods are reached.</param>
    /// <param name="nameOf">A device's name by its index; null when it is gone.</param>
    public static IReadOnlyList<string> Find(IReadOnlyList<PeerRoute> peers, Func<int, string?> nameOf) =>
    [
        .. peers.Where(peer => peer.ByHost).GroupBy(peer => peer.Interface).Select(same =>
        {
            var nodes = same.Select(peer => peer.Node).Distinct().ToList();
            string device = nameOf(same.Key) ?? $"interface {same.Key}";
            return $"pods of {nodes[0]}{(nodes.Count == 1 ? "" : $" and {nodes.Count - 1} more nodes")} are reached by {device}, which is no uplink: what they answer to clients outside and to processes of this node "
                + $"through services is lost, because it does not come here to be translated back; name {device} in external-interfaces";
        }),
    ];
}
