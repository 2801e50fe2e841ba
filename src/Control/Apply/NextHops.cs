using System.Net;
using System.Net.Sockets;
using Dataplane.Control.Compile;
using Dataplane.Packets;
using Microsoft.Extensions.Logging;
using Xdp.Interop;
using Xdp.Interop.Links;

namespace Dataplane.Control.Apply;

/// <summary>
/// Keeps the next hop of every other node known, by the kernel's own routes and neighbour table, and the node's own addresses.
/// </summary>
internal sealed class NextHops : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);
    private readonly Uplink? _uplink;
    private readonly ILogger _log;
    private readonly Action _changed;
    private readonly Timer _timer;
    private volatile IReadOnlyList<IPv4Address> _nodes = [];
    private volatile Dictionary<IPv4Address, NextHop> _known = [];
    private volatile List<IPv4Address> _local = [];

    /// <param name="uplink">Device that tunnels leave by; null without one.</param>
    /// <param name="log">For changes.</param>
    /// <param name="changed">Called when something has changed, from a thread of its own.</param>
    public NextHops(Uplink? uplink, ILogger log, Action changed)
    {
        _uplink = uplink;
        _log = log;
        _changed = changed;
        _local = ReadLocal();
        _timer = new Timer(_ => Refresh(), null, Interval, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Next hops by node address.</summary>
    public IReadOnlyDictionary<IPv4Address, NextHop> Known => _known;

    /// <summary>IPv4 addresses of this node's interfaces.</summary>
    public IReadOnlyList<IPv4Address> LocalAddresses => _local;

    /// <summary>Says which nodes there are.</summary>
    public void Track(DesiredState state, string self)
    {
        var nodes = new List<IPv4Address>();
        foreach (var node in state.Nodes.Values)
        {
            if (node.Name != self && TableCompiler.TunnelAddress(node, out var address)) nodes.Add(address);
        }
        _nodes = nodes;
        _known = Resolve();
    }

    public void Dispose() => _timer.Dispose();

    private void Refresh()
    {
        try
        {
            var known = Resolve();
            var local = ReadLocal();
            if (!Same(known, _known) || !local.SequenceEqual(_local))
            {
                _known = known;
                _local = local;
                _changed();
            }
        }
        catch (Exception e) when (e is XdpException or ObjectDisposedException)
        {
            _log.LogWarning("cannot read routes and neighbours: {Message}", e.Message);
        }
        try
        {
            _timer.Change(Interval, Timeout.InfiniteTimeSpan);
        }
        catch (ObjectDisposedException)
        {
            // The process stops.
        }
    }

    private Dictionary<IPv4Address, NextHop> Resolve()
    {
        var known = new Dictionary<IPv4Address, NextHop>();
        if (_uplink is null) return known;
        using var netlink = NetlinkSocket.Open();
        foreach (var node in _nodes)
        {
            var address = IPAddress.Parse(node.ToString());
            if (netlink.Routes.Get(address) is not { } route || route.Interface != _uplink.Ifindex) continue;
            var hop = route.Gateway ?? address;
            var neighbor = netlink.Neighbors.Find(route.Interface, hop);
            if (neighbor is not { IsResolved: true })
            {
                netlink.Neighbors.Probe(route.Interface, hop);
                neighbor = netlink.Neighbors.Find(route.Interface, hop);
            }
            if (neighbor is { IsResolved: true, MacAddress: { } mac })
            {
                known[node] = new NextHop(new MacAddress(mac.GetAddressBytes()), route.Mtu > 0 ? route.Mtu : _uplink.Mtu);
            }
        }
        return known;
    }

    private static List<IPv4Address> ReadLocal()
    {
        using var netlink = NetlinkSocket.Open();
        return [.. netlink.Addresses.List().Where(a => a.Address.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(a.Address)).Select(a => FieldParser.ToIPv4(a.Address)).Order(Comparer<IPv4Address>.Create((a, b) => a.Value.CompareTo(b.Value)))];
    }

    private static bool Same(Dictionary<IPv4Address, NextHop> a, Dictionary<IPv4Address, NextHop> b) =>
        a.Count == b.Count && a.All(pair => b.TryGetValue(pair.Key, out var hop) && hop == pair.Value);
}
