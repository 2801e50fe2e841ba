using Dataplane.Packets;
using Dataplane.Tables;
using Message = Dataplane.Contracts.V1.Service;

namespace Dataplane.Control.Compile;

/// <summary>
/// Makes the indexes of service frontends. Keeps what it made of each message, so that one service's change among ten thousand costs a
/// look at ten thousand references and the making of one service.
/// </summary>
/// <param name="nodeName">This node.</param>
/// <param name="maglevSize">Slots of the Maglev tables of services that are reached from outside; 0: endpoints are drawn at random.</param>
/// <param name="dualStack">Whether there is IPv6.</param>
internal sealed class ServiceCompiler(string nodeName, int maglevSize, bool dualStack)
{
    private readonly ServiceIndexer<IPv4Address> _v4 = new(nodeName, maglevSize);
    private readonly ServiceIndexer<IPv6Address> _v6 = new(nodeName, maglevSize);
    private Dictionary<ServiceKey, Compiled> _compiled = [];
    private uint _lastId;

    private sealed record Compiled(Message Message, uint Id, Frontend<IPv4Address>[] V4, Frontend<IPv6Address>[] V6);

    /// <summary>What is in force of IPv4.</summary>
    public ServiceIndexer<IPv4Address> V4 => _v4;

    /// <summary>What is in force of IPv6.</summary>
    public ServiceIndexer<IPv6Address> V6 => _v6;

    /// <summary>Endpoints of all services that may take connections.</summary>
    public int Backends { get; private set; }

    /// <summary>Brings the indexes up to date.</summary>
    /// <exception cref="InvalidStateException">Two services have the same frontend; nothing was changed.</exception>
    public void Compile(IReadOnlyDictionary<ServiceKey, Message> services)
    {
        _v4.Begin();
        _v6.Begin();
        var next = new Dictionary<ServiceKey, Compiled>(services.Count);
        int backends = 0, kept = 0;
        foreach (var (key, message) in services)
        {
            _compiled.TryGetValue(key, out var known);
            if (known is not null) kept++;
            if (!ReferenceEquals(known?.Message, message))
            {
                if (known is not null) Remove(known);
                uint id = known?.Id ?? ++_lastId;
                known = new Compiled(message, id, _v4.Add(message, id), dualStack ? _v6.Add(message, id) : []);
            }
            next.Add(key, known!);
            backends += Usable(known!);
        }
        if (kept < _compiled.Count)
        {
            foreach (var (key, gone) in _compiled)
            {
                if (!services.ContainsKey(key)) Remove(gone);
            }
        }
        if (!_v4.TryIndex(out string address, out ushort port, out byte protocol) || !_v6.TryIndex(out address, out port, out protocol)) throw Clash(services, address, port, protocol);
        _v4.Commit(next.Values.SelectMany(c => c.V4));
        _v6.Commit(next.Values.SelectMany(c => c.V6));
        _compiled = next;
        Backends = backends;
    }

    private void Remove(Compiled compiled)
    {
        _v4.Remove(compiled.V4);
        _v6.Remove(compiled.V6);
    }

    private static int Usable(Compiled compiled) =>
        (compiled.V4.Length > 0 ? compiled.V4[0].Service.Cluster.Count : 0) + (compiled.V6.Length > 0 ? compiled.V6[0].Service.Cluster.Count : 0);

    private static InvalidStateException Clash(IReadOnlyDictionary<ServiceKey, Message> services, string address, ushort port, byte protocol)
    {
        var owners = services.Where(s => TableCompiler.ProtocolNumber(s.Key.Protocol) == protocol && s.Value.Frontends.Any(f => f.Port == port && f.Address == address))
            .Select(s => s.Key.ToString()).Order(StringComparer.Ordinal).ToList();
        return new InvalidStateException(
            $"services['{owners.LastOrDefault()}'].frontends", $"{(address.Contains(':') ? $"[{address}]" : address)}:{port}", $"is a frontend of {string.Join(" and ", owners)}; an address and port belong to one service");
    }
}
