using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Dataplane.Packets;
using Dataplane.Tables;
using Microsoft.Extensions.Logging;
using Xdp.Interop.Links;
using Neighbor = Dataplane.Tables.Neighbor;
using Route = Xdp.Interop.Links.Route;

namespace Dataplane.Control.Apply;

/// <summary>
/// Follows the node's own routes and neighbours as far as they lead out by an uplink, and has the gateways among them kept resolved. One
/// thread of its own, asleep unless something changes.
/// </summary>
internal sealed class UnderlayWatch : IDisposable
{
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestBurst = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan RefreshInterval = TimeSpan.FromSeconds(60);

    private readonly IReadOnlyList<Uplink> _uplinks;
    private readonly IReadOnlyList<IPNetwork> _pods;
    private readonly ILogger _log;
    private readonly Action _changed;
    private readonly Func<bool> _followDevices;
    private readonly NetlinkSocket _netlink;
    private readonly NetlinkMonitor _monitor;
    private readonly HashSet<(int, IPAddress)> _managed = []; // the thread's, and after it the disposer's
    private readonly Thread _thread;
    private Family<IPv4Address> _v4 = Family<IPv4Address>.Empty;
    private Family<IPv6Address> _v6 = Family<IPv6Address>.Empty;
    private IReadOnlyList<Route> _podRoutes = [];
    private MacAddress[] _sources = []; // the uplinks' Ethernet addresses that the tables have
    private bool _stop;

    /// <param name="uplinks">Devices that lead out.</param>
    /// <param name="pods">Prefixes of pods that are reached natively, or none.</param>
    /// <param name="log">For failures.</param>
    /// <param name="changed">Called on the watch's thread when <see cref="V4"/>, <see cref="V6"/> or <see cref="PodRoutes"/> is another one.</param>
    /// <param name="followDevices">Called on it before, when an uplink has changed, or a device on it; true when an Ethernet address or MTU has.</param>
    /// <exception cref="Xdp.Interop.XdpException">A netlink socket was refused.</exception>
    public UnderlayWatch(IReadOnlyList<Uplink> uplinks, IReadOnlyList<IPNetwork> pods, ILogger log, Action changed, Func<bool> followDevices)
    {
        _uplinks = uplinks;
        _pods = pods;
        _log = log;
        _changed = changed;
        _followDevices = followDevices;
        _monitor = NetlinkMonitor.Open(MonitorGroups.Routes | MonitorGroups.Neighbors | MonitorGroups.Links);
        _netlink = NetlinkSocket.Open();
        Read();
        _thread = new Thread(Run) { IsBackground = true, Name = "routes" };
    }

    /// <summary>What is known of IPv4; callable from any thread.</summary>
    public Family<IPv4Address> V4 => Volatile.Read(ref _v4);

    /// <summary>What is known of IPv6; callable from any thread.</summary>
    public Family<IPv6Address> V6 => Volatile.Read(ref _v6);

    /// <summary>The main table's routes to pods, ours and those that somebody else has brought, but for those into the host port; callable from any thread.</summary>
    public IReadOnlyList<Route> PodRoutes => Volatile.Read(ref _podRoutes);

    /// <summary>What is known of one family.</summary>
    /// <param name="Ways">One for each prefix, for people.</param>
    /// <param name="Table">The same for packets.</param>
    public sealed record Family<TAddress>(IReadOnlyList<UnderlayWay<TAddress>> Ways, UnderlayTable<TAddress> Table)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        /// <summary>Nothing is known.</summary>
        public static Family<TAddress> Empty { get; } = new([], UnderlayTable<TAddress>.Empty);
    }

    /// <summary>Starts the thread, once; no callback comes before.</summary>
    public void Start() => _thread.Start();

    /// <summary>Stops the thread; not to be called from the callback, nor under a lock that it takes.</summary>
    public void Dispose()
    {
        Volatile.Write(ref _stop, true);
        _monitor.Interrupt();
        if ((_thread.ThreadState & System.Threading.ThreadState.Unstarted) == 0) _thread.Join();
        foreach (var (device, gateway) in _managed)
        {
            try
            {
                _netlink.Neighbors.Release(device, gateway);
            }
            catch (NetlinkException e)
            {
                _log.LogDebug(e, "release neighbour {Gateway}", gateway);
            }
        }
        _monitor.Dispose();
        _netlink.Dispose();
    }

    private void Run()
    {
        while (!Volatile.Read(ref _stop))
        {
            try
            {
                bool isTime = WaitForChange(out bool devices);
                if (Volatile.Read(ref _stop)) continue;
                bool moved = devices && _followDevices();
                bool changed = (isTime || moved) && Read();
                if (changed || moved) _changed();
            }
#pragma warning disable CA1031 // The thread must outlive a failed request and a failing callback; both are tried again.
            catch (Exception e)
#pragma warning restore CA1031
            {
                _log.LogWarning(e, "Could not follow the node's routes; trying again in {Seconds} s", RetryInterval.TotalSeconds);
                if (!Volatile.Read(ref _stop)) Thread.Sleep(RetryInterval);
            }
        }
    }

    // True when it is time to look: something relevant has changed, and its burst is over; or nothing has for long.
    private bool WaitForChange(out bool devices)
    {
        devices = false;
        var next = _monitor.Read(RefreshInterval);
        if (next is null) return true;
        long start = Stopwatch.GetTimestamp();
        bool relevant = false;
        for (; next is not null; next = _monitor.Read(relevant ? Settle : TimeSpan.Zero))
        {
            // When events were lost, those of devices may be among them.
            devices |= next is ResyncNeeded || next is LinkChanged { Link: var link } && _uplinks.Any(u => UplinkAddresses.Concerns(u.Ifindex, link));
            relevant |= next switch
            {
                NeighborChanged { Neighbor: var n } => IsUplink(n.Interface),
                LinkChanged { Link.Index: var index } => IsUplink(index),
                RouteChanged { Route: var r } => r.Protocol != RouteProtocol.Dataplane,
                _ => true,
            };
            if (Stopwatch.GetElapsedTime(start) > LongestBurst) break;
        }
        return relevant;
    }

    private bool Read()
    {
        var routes = _netlink.Routes.List(new RouteFilter { Table = RouteTableId.Main });
        var mtus = _uplinks.ToDictionary(u => u.Ifindex, u => u.Mtu);
        var known = _netlink.Neighbors.List();
        if (KeepResolved(routes, mtus, known)) known = _netlink.Neighbors.List();
        MacAddress[] sources = [.. _uplinks.Select(u => u.Mac)];
        bool mustRemake = !sources.AsSpan().SequenceEqual(_sources);
        _sources = sources;
        var podRoutes = routes.Where(r => r.Protocol != RouteProtocol.Dataplane && _pods.Any(pods => PeerRoutes.Holds(pods, r.Destination))).ToList();
        bool changed = !podRoutes.SequenceEqual(_podRoutes);
        if (changed) Volatile.Write(ref _podRoutes, podRoutes);
        changed |= Take(AddressFamily.InterNetwork, routes, known, mtus, ref _v4, mustRemake);
        return Take(AddressFamily.InterNetworkV6, routes, known, mtus, ref _v6, mustRemake) || changed;
    }

    private bool IsUplink(int ifindex) => _uplinks.Any(u => u.Ifindex == ifindex);

    // True when the family has changed.
    private bool Take<TAddress>(AddressFamily family, IReadOnlyList<Route> routes, IReadOnlyList<Xdp.Interop.Links.Neighbor> known, Dictionary<int, int> mtus, ref Family<TAddress> last, bool mustRemake)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        // Where rules of somebody else choose among tables, only the node's own stack can tell.
        var ways = UnderlayRoutes.Steers(_netlink.Rules.List(family)) ? [] : UnderlayRoutes.Ways<TAddress>(routes, known, mtus, _pods);
        if (!mustRemake && ways.SequenceEqual(last.Ways)) return false;
        var neighbors = new List<Neighbor>();
        var prefixes = new List<PrefixEntry<TAddress>>(ways.Count);
        foreach (var way in ways)
        {
            if (way.Interface == 0)
            {
                prefixes.Add(new(way.Prefix, way.Length, UnderlayTable<TAddress>.ByHost));
                continue;
            }
            int index = IndexOf(way.Interface);
            neighbors.Add(new Neighbor { Port = _uplinks[index].Port.Id, Mac = way.Mac, Source = _sources[index], Mtu = (ushort)Math.Min(way.Mtu, ushort.MaxValue) });
            prefixes.Add(new(way.Prefix, way.Length, neighbors.Count));
        }
        Volatile.Write(ref last, new(ways, new UnderlayTable<TAddress>(prefixes, [.. neighbors])));
        return true;
    }

    private int IndexOf(int ifindex)
    {
        int index = 0;
        while (_uplinks[index].Ifindex != ifindex) index++;
        return index;
    }

    // True when neighbours have been asked for.
    private bool KeepResolved(IReadOnlyList<Route> routes, Dictionary<int, int> mtus, IReadOnlyList<Xdp.Interop.Links.Neighbor> known)
    {
        var kept = known.Where(n => n.IsManaged || n.State == NeighborState.Permanent).Select(n => (n.Interface, n.Address)).ToHashSet();
        bool asked = false;
        foreach (var (device, gateway) in UnderlayRoutes.Gateways(routes, mtus, _pods))
        {
            if (kept.Contains((device, gateway))) continue;
            if (_netlink.Neighbors.Probe(device, gateway)) _managed.Add((device, gateway));
            asked = true;
        }
        return asked;
    }
}
