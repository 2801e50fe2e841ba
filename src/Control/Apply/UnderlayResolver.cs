using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.Logging;
using Xdp.Interop;
using Xdp.Interop.Links;

namespace Dataplane.Control.Apply;

/// <summary>
/// Keeps the underlay path of every remote node: asks the kernel for the route, makes it resolve the next hop and keep it resolved, and follows
/// its events. Keeps this node's own addresses too. One thread of its own, asleep unless something changes. Leaves the neighbour table as it was
/// when disposed.
/// </summary>
public sealed class UnderlayResolver : IDisposable
{
    // A change of routing comes as a burst of events; one look at the end of it is enough.
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestBurst = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(3);
    // A path MTU that the kernel learns comes without an event.
    private static readonly TimeSpan RefreshInterval = TimeSpan.FromSeconds(60);

    private readonly ILogger _logger;
    private readonly Action _changed;
    private readonly NetlinkSocket _netlink;
    private readonly NetlinkMonitor _monitor;
    private readonly Thread _thread;
    private readonly HashSet<(int Interface, IPAddress Address)> _managed = [];
    private readonly ConcurrentDictionary<IPAddress, UnderlayPath> _paths = new(); // written by the resolver's thread only
    private readonly ManualResetEventSlim _stop = new();
    private FrozenSet<IPAddress> _wanted = FrozenSet<IPAddress>.Empty;
    private volatile bool _wantedChanged;
    private IReadOnlyList<IPAddress> _local = [];
    private ILookup<(int Interface, IPAddress NextHop), IPAddress> _nodesByHop = Array.Empty<IPAddress>().ToLookup(_ => (0, IPAddress.None)); // the resolver's thread only
    private bool _mustRetry; // the resolver's thread only
    private bool _untold;    // the resolver's thread only

    private UnderlayResolver(ILogger logger, Action changed, NetlinkSocket netlink, NetlinkMonitor monitor)
    {
        _logger = logger;
        _changed = changed;
        _netlink = netlink;
        _monitor = monitor;
        _thread = new Thread(Run) { IsBackground = true, Name = "underlay" };
    }

    /// <summary>Subscribes to the kernel's events and reads the node's own addresses; <see cref="Start"/> begins to resolve.</summary>
    /// <param name="logger">Hears about failed requests.</param>
    /// <param name="changed">Called on the resolver's thread after <see cref="Paths"/> or <see cref="LocalAddresses"/> have changed, once for changes that come together;
    /// again when it throws.</param>
    /// <param name="ns">The node's namespace; null is the calling thread's.</param>
    /// <exception cref="XdpException">A netlink socket was refused.</exception>
    public static UnderlayResolver Open(ILogger logger, Action changed, NetworkNamespace? ns = null)
    {
        ArgumentNullException.ThrowIfNull(changed);
        var monitor = NetlinkMonitor.Open(MonitorGroups.All, ns);
        NetlinkSocket? netlink = null;
        try
        {
            netlink = ns is null ? NetlinkSocket.Open() : NetlinkSocket.Open(ns);
            var resolver = new UnderlayResolver(logger, changed, netlink, monitor);
            resolver.ReadLocalAddresses();
            resolver._untold = false;
            return resolver;
        }
        catch
        {
            netlink?.Dispose();
            monitor.Dispose();
            throw;
        }
    }

    /// <summary>Starts the thread, once; no callback comes before.</summary>
    public void Start() => _thread.Start();

    /// <summary>The nodes from now on, replacing those before. Returns at once; paths come by the callback.</summary>
    public void SetNodes(IEnumerable<IPAddress> nodes)
    {
        Volatile.Write(ref _wanted, nodes.ToFrozenSet());
        _wantedChanged = true;
        _monitor.Interrupt();
    }

    /// <summary>What is known of each node; a node that was not looked at yet is missing. Callable from any thread.</summary>
    public IReadOnlyDictionary<IPAddress, UnderlayPath> Paths => _paths;

    /// <summary>
    /// The addresses of this node's interfaces except loopback and IPv6 link-local ones, and those of IPv6 that may be another host's (duplicate address
    /// detection); sorted; known from the start. Callable from any thread.
    /// </summary>
    public IReadOnlyList<IPAddress> LocalAddresses => Volatile.Read(ref _local);

    /// <summary>What is known of one node, or null. Callable from any thread.</summary>
    public UnderlayPath? Find(IPAddress node) => _paths.GetValueOrDefault(node);

    /// <summary>Stops the thread; no callback comes afterwards. Not to be called from the callback.</summary>
    public void Dispose()
    {
        if (_stop.IsSet) return;
        _stop.Set();
        _monitor.Interrupt();
        if ((_thread.ThreadState & System.Threading.ThreadState.Unstarted) == 0) _thread.Join();
        foreach (var (index, address) in _managed) Attempt("release neighbour", () => _netlink.Neighbors.Release(index, address));
        _monitor.Dispose();
        _netlink.Dispose();
        _stop.Dispose();
    }

    private void Run()
    {
        var resolved = Stopwatch.GetTimestamp();
        while (!_stop.IsSet)
        {
            var followed = Attempt("follow the underlay", () =>
            {
                var interval = _mustRetry ? RetryInterval : RefreshInterval;
                var changed = ReadBurst(interval) || _wantedChanged || Stopwatch.GetElapsedTime(resolved) >= interval;
                if (changed && !_stop.IsSet)
                {
                    _wantedChanged = false;
                    resolved = Stopwatch.GetTimestamp();
                    ReadLocalAddresses();
                    ResolveAll();
                }

                if (!_untold || _stop.IsSet) return;
                _changed();
                _untold = false;
            });
            if (!followed) _stop.Wait(RetryInterval);
        }
    }

    /// <summary>Waits for events and handles all that come with them. True when routes may have changed.</summary>
    private bool ReadBurst(TimeSpan timeout)
    {
        var changed = false;
        var next = _monitor.Read(timeout);
        var start = Stopwatch.GetTimestamp();
        while (next is not null && !_stop.IsSet)
        {
            changed |= Handle(next);
            if (Stopwatch.GetElapsedTime(start) > LongestBurst) break;
            // Only news are worth waiting for more: the kernel confirms neighbours all the time.
            next = _monitor.Read(changed || _untold ? Settle : TimeSpan.Zero);
        }

        return changed;
    }

    /// <summary>True when the event may change routes; an event of a next hop is dealt with at once.</summary>
    private bool Handle(NetlinkEvent change)
    {
        switch (change)
        {
            case NeighborChanged { Neighbor: var neighbor, IsDeleted: var deleted }:
                foreach (var node in _nodesByHop[(neighbor.Interface, neighbor.Address)])
                {
                    if (_paths.TryGetValue(node, out var path)) Keep(WithNeighbor(path, deleted ? null : neighbor));
                }
                return false;
            case LinkChanged { Link.Index: var index }:
                // A node makes and removes links of pods all day; only those on a path matter. A path without one waits for any.
                return _paths.Values.Any(p => p.Interface == index || p.Interface == 0);
            case RouteChanged { Route.Protocol: RouteProtocol.Dataplane or RouteProtocol.DataplanePods }:
                return false; // ours lead to services and pods, never to a node; there is one of them for each
            default:
                return true;
        }
    }

    private void ResolveAll()
    {
        var wanted = Volatile.Read(ref _wanted);
        foreach (var gone in _paths.Keys.Where(n => !wanted.Contains(n))) _untold |= _paths.TryRemove(gone, out _);
        _mustRetry = false;
        foreach (var node in wanted)
        {
            if (_stop.IsSet) return;
            _mustRetry |= !Attempt($"resolve node {node}", () => Keep(Resolve(node)));
        }

        _nodesByHop = _paths.Values.Where(p => p.NextHop is not null).ToLookup(p => (p.Interface, p.NextHop!), p => p.Node);
        foreach (var (index, address) in _managed.Where(m => !_nodesByHop.Contains(m)).ToList())
        {
            _managed.Remove((index, address));
            Attempt("release neighbour", () => _netlink.Neighbors.Release(index, address));
        }
    }

    private UnderlayPath Resolve(IPAddress node)
    {
        if (_netlink.Routes.Get(node) is not { } route) return new UnderlayPath { Node = node, Problem = $"no route to {node}" };
        if (route.Type == RouteType.Local) return new UnderlayPath { Node = node, Problem = $"{node} is an address of this node" };
        if (_netlink.Links.Find(route.Interface) is not { } link) return new UnderlayPath { Node = node, Problem = $"link {route.Interface} on the way to {node} is gone" };

        var path = new UnderlayPath
        {
            Node = node,
            Interface = route.Interface,
            InterfaceMac = link.MacAddress,
            NextHop = route.Gateway ?? node,
            Source = route.Source,
            Mtu = route.Mtu,
        };
        var key = (path.Interface, path.NextHop);
        var neighbor = _netlink.Neighbors.Find(path.Interface, path.NextHop);
        if (neighbor is null or { IsManaged: false, State: not NeighborState.Permanent })
        {
            // Ours to release later, unless somebody else had it managed already.
            if (_netlink.Neighbors.Probe(path.Interface, path.NextHop)) _managed.Add(key);
            else _mustRetry = true; // an old kernel forgets it after a while
            neighbor = _netlink.Neighbors.Find(path.Interface, path.NextHop);
        }

        return WithNeighbor(path, neighbor);
    }

    private static UnderlayPath WithNeighbor(UnderlayPath path, Neighbor? neighbor) => neighbor is { IsResolved: true }
        ? path with { NextHopMac = neighbor.MacAddress, Problem = null }
        : path with { NextHopMac = null, Problem = $"next hop {path.NextHop} does not answer ({neighbor?.State.ToString() ?? "not asked yet"})" };

    private void Keep(UnderlayPath path)
    {
        _mustRetry |= !path.IsResolved;
        var known = _paths.TryGetValue(path.Node, out var before);
        if (known && path == before) return;
        _paths[path.Node] = path;
        // The state behind the same problem changes all the time; that is no news.
        _untold |= !known || path.IsResolved || before! with { Problem = null } != path with { Problem = null };
    }

    private void ReadLocalAddresses()
    {
        var now = _netlink.Addresses.List().Where(a => a.IsUsable).Select(a => a.Address).Where(a => !IPAddress.IsLoopback(a) && !a.IsIPv6LinkLocal).Distinct()
            .OrderBy(a => a.GetAddressBytes(), Comparer<byte[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b))).ToList();
        if (now.SequenceEqual(_local)) return;
        Volatile.Write(ref _local, now);
        _untold = true;
    }

    private bool Attempt(string what, Action action)
    {
        try
        {
            action();
            return true;
        }
#pragma warning disable CA1031 // The thread must outlive a failed request and a failing callback; both are retried.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _logger.LogWarning(e, "Could not {What}; trying again in {Seconds} s", what, RetryInterval.TotalSeconds);
            return false;
        }
    }
}
