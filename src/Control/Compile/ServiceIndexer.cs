using System.Net;
using Dataplane.Packets;
using Dataplane.Tables;
using Kind = Dataplane.Contracts.V1.Frontend.Types.Kind;
using Message = Dataplane.Contracts.V1.Service;
using Use = Dataplane.Contracts.V1.Backend.Types.Use;

namespace Dataplane.Control.Compile;

/// <summary>
/// The service frontends of one family. Changes are collected, then tried as a whole, then taken over or given up: a clash leaves the index
/// as it was.
/// </summary>
/// <param name="nodeName">This node.</param>
/// <param name="maglevSize">Slots of the Maglev tables of services that are reached from outside; 0: endpoints are drawn at random.</param>
/// <param name="serviceRange">Where cluster addresses are allocated; null where the cluster has none of this family.</param>
internal sealed class ServiceIndexer<TAddress>(string nodeName, int maglevSize, IPNetwork? serviceRange)
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private List<Frontend<TAddress>> _removed = [], _added = [];
    private FrontendIndex<TAddress>? _next;

    /// <summary>The index in force.</summary>
    public FrontendIndex<TAddress> Index { get; private set; } = FrontendIndex<TAddress>.Empty;

    /// <summary>Frontends that clients outside of the cluster use; the same instance while they are the same.</summary>
    public IReadOnlySet<ExternalFrontend<TAddress>> External { get; private set; } = new HashSet<ExternalFrontend<TAddress>>();

    /// <summary>
    /// Cluster addresses that are not in the range: a cluster may have got a further one (ServiceCIDR of networking.k8s.io) after this node was set
    /// up. The same instance while they are the same.
    /// </summary>
    public IReadOnlySet<ExternalFrontend<TAddress>> OutOfRange { get; private set; } = new HashSet<ExternalFrontend<TAddress>>();

    /// <summary>Starts over with the index in force.</summary>
    public void Begin() => (_removed, _added, _next) = ([], [], null);

    public void Remove(Frontend<TAddress>[] frontends) => _removed.AddRange(frontends);

    /// <summary>Makes what a service is in this family; nothing when it has no part in it.</summary>
    public Frontend<TAddress>[] Add(Message message, uint id)
    {
        var own = message.Frontends.Where(f => TAddress.TryParse(f.Address, out _)).ToList();
        var backends = Backends(message, out var cluster, out var local);
        // "Every address of the node" means those of the families that the service has (K27).
        bool onNode = own.Count + backends > 0;
        if (!onNode) return [];
        bool maglev = maglevSize != 0 && message.Frontends.Any(f => f.Kind is not (Kind.ClusterIp or Kind.HostPort));
        var service = new Service<TAddress>
        {
            Id = id,
            Cluster = Set(cluster, maglev),
            Local = Set(local, maglev),
            InternalLocal = message.InternalLocal,
            ExternalLocal = message.ExternalLocal,
            AffinitySeconds = message.AffinitySeconds,
            SourceRanges = Ranges(message),
        };
        var frontends = new List<Frontend<TAddress>>(message.Frontends.Count);
        foreach (var frontend in message.Frontends)
        {
            TAddress address = default;
            if (frontend.Address.Length == 0 || TAddress.TryParse(frontend.Address, out address))
                frontends.Add(new(address, TableCompiler.ProtocolNumber(message.Protocol), (ushort)frontend.Port, (FrontendKind)frontend.Kind, service));
        }
        _added.AddRange(frontends);
        return [.. frontends];
    }

    /// <summary>Makes the next index; false when two services have one frontend.</summary>
    public bool TryIndex(out string address, out ushort port, out byte protocol)
    {
        _next = Index.With(_removed, _added, out var clash);
        address = clash.Address.Equals(default) ? "" : $"{clash.Address}";
        (port, protocol) = (clash.Port, clash.Protocol);
        return _next is not null;
    }

    /// <summary>Takes over what <see cref="TryIndex"/> has made.</summary>
    /// <param name="all">All frontends there are now.</param>
    public void Commit(IEnumerable<Frontend<TAddress>> all)
    {
        Index = _next!;
        if (!ExternalOf(_removed).SetEquals(ExternalOf(_added))) External = ExternalOf(all);
        if (!OutOfRangeOf(_removed).SetEquals(OutOfRangeOf(_added))) OutOfRange = OutOfRangeOf(all);
        Begin();
    }

    private static HashSet<ExternalFrontend<TAddress>> ExternalOf(IEnumerable<Frontend<TAddress>> frontends) =>
        [.. frontends.Where(f => f.Kind != FrontendKind.ClusterIp).Select(AsExternal)];

    private HashSet<ExternalFrontend<TAddress>> OutOfRangeOf(IEnumerable<Frontend<TAddress>> frontends) =>
        [.. frontends.Where(f => f.Kind == FrontendKind.ClusterIp && serviceRange?.Contains(FieldParser.From(f.Address)) != true).Select(AsExternal)];

    private static ExternalFrontend<TAddress> AsExternal(Frontend<TAddress> frontend) => new(frontend.Address, frontend.Port, frontend.Protocol);

    private int Backends(Message message, out List<Backend<TAddress>> cluster, out List<Backend<TAddress>> local)
    {
        (cluster, local) = ([], []);
        int count = 0;
        foreach (var backend in message.Backends)
        {
            if (!TAddress.TryParse(backend.Address, out var address)) continue;
            count++;
            var made = new Backend<TAddress>(address, Be16.FromHost((ushort)backend.Port));
            bool here = backend.Node == nodeName;
            if (backend.Use is Use.Default or Use.Cluster or Use.ClusterAndLocal) cluster.Add(made);
            if (backend.Use is Use.Local or Use.ClusterAndLocal || here && backend.Use == Use.Default) local.Add(made);
        }
        return count;
    }

    private BackendSet<TAddress> Set(List<Backend<TAddress>> backends, bool maglev)
    {
        if (backends.Count == 0) return BackendSet<TAddress>.Empty;
        backends.Sort();
        if (!maglev) return new BackendSet<TAddress>([.. backends]);
        // The same name on every node: what the endpoint is, and nothing of this process.
        var names = new ulong[backends.Count];
        for (int i = 0; i < names.Length; i++) names[i] = TAddress.Mix(backends[i].Address, default, (ulong)backends[i].Port.Value << 48 | 0x6d61676c6576);
        return new BackendSet<TAddress>([.. backends], new MaglevTable(names, maglevSize));
    }

    private static PrefixTable<TAddress>? Ranges(Message message) => message.SourceRanges.Count == 0 ? null : new PrefixTable<TAddress>(
        [.. message.SourceRanges.Select(range => FieldParser.Network("source_ranges", range)).Where(FieldParser.IsOf<TAddress>).Select(network => FieldParser.Prefix<TAddress>(network, 0))]);
}
