using Dataplane.Packets;
using Dataplane.Tables;
using Backend = Dataplane.Tables.Backend<Dataplane.Packets.IPv4Address>;
using Frontend = Dataplane.Tables.Frontend<Dataplane.Packets.IPv4Address>;
using Service = Dataplane.Tables.Service<Dataplane.Packets.IPv4Address>;

namespace Dataplane.Control.Compile;

/// <summary>
/// Makes the index of service frontends. Keeps what it made of each message, so that one service's change among ten thousand costs a
/// look at ten thousand references and the making of one service.
/// </summary>
internal sealed class ServiceCompiler(string nodeName, int maglevSize)
{
    private Dictionary<ServiceKey, Compiled> _compiled = [];
    private uint _lastId;

    private sealed record Compiled(Contracts.V1.Service Message, uint Id, Frontend[] Frontends, int Backends);

    /// <summary>The index in force.</summary>
    public FrontendIndex<IPv4Address> Index { get; private set; } = FrontendIndex<IPv4Address>.Empty;

    /// <summary>Frontends that clients outside of the cluster use; the same instance while they are the same.</summary>
    public IReadOnlySet<ExternalFrontend> ExternalFrontends { get; private set; } = new HashSet<ExternalFrontend>();

    /// <summary>Endpoints of all services that may take connections.</summary>
    public int Backends { get; private set; }

    /// <summary>Brings the index up to date.</summary>
    /// <exception cref="InvalidStateException">Two services have the same frontend; nothing was changed.</exception>
    public void Compile(IReadOnlyDictionary<ServiceKey, Contracts.V1.Service> services)
    {
        List<Frontend> removed = [], added = [];
        var next = new Dictionary<ServiceKey, Compiled>(services.Count);
        int backends = 0, kept = 0;
        foreach (var (key, message) in services)
        {
            _compiled.TryGetValue(key, out var known);
            if (known is not null) kept++;
            if (!ReferenceEquals(known?.Message, message))
            {
                if (known is not null) removed.AddRange(known.Frontends);
                known = Make(message, known?.Id ?? ++_lastId);
                added.AddRange(known.Frontends);
            }
            next.Add(key, known!);
            backends += known!.Backends;
        }
        if (kept < _compiled.Count)
        {
            foreach (var (key, gone) in _compiled)
            {
                if (!services.ContainsKey(key)) removed.AddRange(gone.Frontends);
            }
        }
        Index = Index.With(removed, added, out var clash) ?? throw Clash(services, clash);
        _compiled = next;
        Backends = backends;
        if (!External(removed).SetEquals(External(added))) ExternalFrontends = External(next.Values.SelectMany(c => c.Frontends));
    }

    private static HashSet<ExternalFrontend> External(IEnumerable<Frontend> frontends) =>
        [.. frontends.Where(f => f.Kind != FrontendKind.ClusterIp).Select(f => new ExternalFrontend(f.Address, f.Port, f.Protocol))];

    private Compiled Make(Contracts.V1.Service message, uint id)
    {
        List<Backend> cluster = [], local = [];
        foreach (var backend in message.Backends)
        {
            if (!IPv4Address.TryParse(backend.Address, out var address)) continue;
            var made = new Backend(address, Be16.FromHost((ushort)backend.Port));
            bool here = backend.Node == nodeName;
            if (backend.Use is Contracts.V1.Backend.Types.Use.Default or Contracts.V1.Backend.Types.Use.Cluster or Contracts.V1.Backend.Types.Use.ClusterAndLocal) cluster.Add(made);
            if (backend.Use is Contracts.V1.Backend.Types.Use.Local or Contracts.V1.Backend.Types.Use.ClusterAndLocal || here && backend.Use == Contracts.V1.Backend.Types.Use.Default) local.Add(made);
        }
        bool maglev = maglevSize != 0 && message.Frontends.Any(f => f.Kind is not (Contracts.V1.Frontend.Types.Kind.ClusterIp or Contracts.V1.Frontend.Types.Kind.HostPort));
        var service = new Service
        {
            Id = id,
            Cluster = Set(cluster, maglev),
            Local = Set(local, maglev),
            InternalLocal = message.InternalLocal,
            ExternalLocal = message.ExternalLocal,
            AffinitySeconds = message.AffinitySeconds,
            SourceRanges = Ranges(message),
        };
        var frontends = new List<Frontend>(message.Frontends.Count);
        foreach (var frontend in message.Frontends)
        {
            IPv4Address address = default;
            if (frontend.Address.Length == 0 || IPv4Address.TryParse(frontend.Address, out address))
                frontends.Add(new Frontend(address, TableCompiler.ProtocolNumber(message.Protocol), (ushort)frontend.Port, (FrontendKind)frontend.Kind, service));
        }
        return new Compiled(message, id, [.. frontends], cluster.Count);
    }

    private BackendSet<IPv4Address> Set(List<Backend> backends, bool maglev)
    {
        if (backends.Count == 0) return BackendSet<IPv4Address>.Empty;
        backends.Sort();
        if (!maglev) return new BackendSet<IPv4Address>([.. backends]);
        // The same name on every node: what the endpoint is, and nothing of this process.
        var names = new ulong[backends.Count];
        for (int i = 0; i < names.Length; i++) names[i] = IPv4Address.Mix(backends[i].Address, default, (ulong)backends[i].Port.Value << 48 | 0x6d61676c6576);
        return new BackendSet<IPv4Address>([.. backends], new MaglevTable(names, maglevSize));
    }

    private static PrefixTable<IPv4Address>? Ranges(Contracts.V1.Service message)
    {
        if (message.SourceRanges.Count == 0) return null;
        var prefixes = new List<PrefixEntry<IPv4Address>>();
        foreach (string range in message.SourceRanges)
        {
            var network = FieldParser.Network("source_ranges", range);
            if (network.BaseAddress.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork)
                prefixes.Add(new(FieldParser.ToIPv4(network.BaseAddress), network.PrefixLength, 0));
        }
        return new PrefixTable<IPv4Address>(prefixes);
    }

    private static InvalidStateException Clash(IReadOnlyDictionary<ServiceKey, Contracts.V1.Service> services, in Frontend clash)
    {
        string address = clash.Address.Equals(default) ? "" : clash.Address.ToString();
        uint port = clash.Port;
        byte protocol = clash.Protocol;
        var owners = services.Where(s => TableCompiler.ProtocolNumber(s.Key.Protocol) == protocol && s.Value.Frontends.Any(f => f.Port == port && f.Address == address))
            .Select(s => s.Key.ToString()).Order(StringComparer.Ordinal).ToList();
        return new InvalidStateException(
            $"services['{owners.LastOrDefault()}'].frontends", $"{address}:{port}", $"is a frontend of {string.Join(" and ", owners)}; an address and port belong to one service");
    }
}
