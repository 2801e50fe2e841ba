using System.Net;
using Dataplane.Control.Compile;
using Dataplane.Packets;
using Microsoft.Extensions.Logging;

namespace Dataplane.Control.Apply;

/// <summary>
/// The next hops of the other nodes and this node's own addresses, in the form that the table compiler takes: what
/// <see cref="UnderlayResolver"/> knows, as far as it leaves by the uplink.
/// </summary>
internal sealed class NextHops : IDisposable
{
    private readonly Uplink? _uplink;
    private readonly ILogger _log;
    private readonly Action _changed;
    private readonly UnderlayResolver _resolver;
    private volatile Dictionary<IPv4Address, NextHop> _known = [];
    private readonly bool _bothFamilies;
    private volatile Dictionary<IPAddress, PeerHop> _hops = [];
    private volatile List<IPAddress> _local;

    /// <param name="uplink">Device that tunnels leave by; null without one.</param>
    /// <param name="log">For changes.</param>
    /// <param name="changed">Called when something has changed, from a thread of its own.</param>
    /// <param name="bothFamilies">True to follow the nodes' IPv6 addresses too, to which there are no tunnels.</param>
    /// <exception cref="Xdp.Interop.XdpException">A netlink socket was refused.</exception>
    public NextHops(Uplink? uplink, ILogger log, Action changed, bool bothFamilies = false)
    {
        _bothFamilies = bothFamilies;
        _uplink = uplink;
        _log = log;
        _changed = changed;
        _resolver = UnderlayResolver.Open(log, Refresh);
        _local = ReadLocal();
        _resolver.Start();
    }

    /// <summary>Next hops by node address.</summary>
    public IReadOnlyDictionary<IPv4Address, NextHop> Known => _known;

    /// <summary>
    /// Which way the kernel sends packets to the nodes' own addresses, also while a next hop does not answer, and <see cref="PeerHop.None"/> where it has none.
    /// A node that was not looked at yet is missing. The same instance while they are the same.
    /// </summary>
    public IReadOnlyDictionary<IPAddress, PeerHop> Hops => _hops;

    /// <summary>Addresses of this node's interfaces, both families; the same instance while they are the same.</summary>
    public IReadOnlyList<IPAddress> LocalAddresses => _local;

    /// <summary>Says which nodes there are; their next hops follow by the callback.</summary>
    public void Track(DesiredState state, string self)
    {
        if (_uplink is null) return;
        var nodes = new List<IPAddress>();
        foreach (var node in state.Nodes.Values)
        {
            if (node.Name == self) continue;
            if (TableCompiler.TunnelAddress(node, out var address)) nodes.Add(FieldParser.From(address));
            if (_bothFamilies && node.Addresses.Select(text => FieldParser.Address("addresses", text)).FirstOrDefault(FieldParser.IsOf<IPv6Address>) is { } v6) nodes.Add(v6);
        }
        _resolver.SetNodes(nodes);
    }

    /// <summary>Waits for a callback that is under way: not to be called under a lock that the callback takes.</summary>
    public void Dispose() => _resolver.Dispose();

    private void Refresh()
    {
        var known = ReadKnown();
        var local = ReadLocal();
        var hops = ReadHops();
        bool moved = !Same(hops, _hops);
        if (!moved && Same(known, _known) && local.SequenceEqual(_local)) return;
        if (moved) _hops = hops;
        _known = known;
        _local = local;
        _changed();
    }

    private Dictionary<IPv4Address, NextHop> ReadKnown()
    {
        var known = new Dictionary<IPv4Address, NextHop>();
        foreach (var path in _resolver.Paths.Values)
        {
            if (!path.IsResolved)
                _log.LogInformation("node {Node}: {Problem}", path.Node, path.Problem);
            else if (!FieldParser.IsOf<IPv4Address>(path.Node))
                continue; // no tunnel ends there
            else if (path.Interface != _uplink!.Ifindex)
                _log.LogWarning("node {Node} is reached by interface {Interface}, not by the uplink {Uplink}", path.Node, path.Interface, _uplink.Name);
            else
                known[FieldParser.To<IPv4Address>(path.Node)] = new NextHop(new MacAddress(path.NextHopMac!.GetAddressBytes()), path.Mtu);
        }
        return known;
    }

    private Dictionary<IPAddress, PeerHop> ReadHops() =>
        _resolver.Paths.Values.ToDictionary(path => path.Node, path => path is { NextHop: { } next, Interface: not 0 } ? new PeerHop(path.Interface, next) : PeerHop.None);

    private List<IPAddress> ReadLocal() => [.. _resolver.LocalAddresses.Where(a => !a.IsIPv6LinkLocal)];

    private static bool Same<TKey, TValue>(Dictionary<TKey, TValue> a, Dictionary<TKey, TValue> b) where TKey : notnull where TValue : struct =>
        a.Count == b.Count && a.All(pair => b.TryGetValue(pair.Key, out var hop) && hop.Equals(pair.Value));
}
