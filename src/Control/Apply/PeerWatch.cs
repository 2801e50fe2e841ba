using System.Net;
using Dataplane.Contracts.V1;
using Dataplane.Control.Compile;
using Dataplane.Control.Options;
using Route = Xdp.Interop.Links.Route;

namespace Dataplane.Control.Apply;

/// <summary>
/// The <see cref="PeerRoutes"/> in force: made anew when a node, its way or a route to pods changes. What has not changed stays the same instance, so that
/// tables that are made of it need not be. One thread at a time, but for <see cref="Current"/>.
/// </summary>
internal sealed class PeerWatch(DataplaneOptions options)
{
    private DesiredState? _state;
    private IReadOnlyDictionary<IPAddress, PeerHop>? _hops;
    private IReadOnlyList<Route>? _known;
    private int[] _uplinks = [];
    private IReadOnlySet<IPNetwork>? _refused;
    private volatile PeerRoutes _current = PeerRoutes.None;

    /// <summary>What was made last. Callable from any thread.</summary>
    public PeerRoutes Current => _current;

    /// <summary><see cref="PeerRoutes.WaysV4"/> of it.</summary>
    public IReadOnlyDictionary<string, PeerWay> WaysV4 { get; private set; } = PeerRoutes.None.WaysV4;

    /// <summary><see cref="PeerRoutes.WaysV6"/> of it.</summary>
    public IReadOnlyDictionary<string, PeerWay> WaysV6 { get; private set; } = PeerRoutes.None.WaysV6;

    /// <summary>Brings it up to date.</summary>
    /// <returns>True when it was made anew.</returns>
    public bool Follow(DesiredState state, IReadOnlyDictionary<IPAddress, PeerHop> hops, IReadOnlyList<Route> known, IReadOnlyList<Uplink> uplinks, IReadOnlySet<IPNetwork> refused)
    {
        int[] devices = [.. uplinks.Select(uplink => uplink.Ifindex)];
        if (state.Nodes == _state?.Nodes && ReferenceEquals(hops, _hops) && ReferenceEquals(known, _known) && devices.AsSpan().SequenceEqual(_uplinks) && ReferenceEquals(refused, _refused)) return false;
        (_state, _hops, _known, _uplinks, _refused) = (state, hops, known, devices, refused);
        _current = PeerRoutes.Make(options.Routing, Others(state), hops, known, [.. options.ClusterCidr.All], [.. options.PodCidr.All], devices, refused);
        if (!IsSame(WaysV4, _current.WaysV4)) WaysV4 = _current.WaysV4;
        if (!IsSame(WaysV6, _current.WaysV6)) WaysV6 = _current.WaysV6;
        return true;
    }

    private IEnumerable<Node> Others(DesiredState state) => state.Nodes.Values.Where(node => node.Name != options.NodeName).OrderBy(node => node.Name, StringComparer.Ordinal);

    private static bool IsSame(IReadOnlyDictionary<string, PeerWay> a, IReadOnlyDictionary<string, PeerWay> b) =>
        a.Count == b.Count && a.All(pair => b.TryGetValue(pair.Key, out var way) && way == pair.Value);
}
