using System.Net;
using Dataplane.Packets;
using Dataplane.Tables;
using Message = Dataplane.Contracts.V1.Service;

namespace Dataplane.Control.Compile;

/// <summary>
/// Makes the indexes of service frontends. Keeps what it made of each message, so that one service's change among ten thousand costs the
/// making of one service.
/// </summary>
/// <param name="nodeName">This node.</param>
/// <param name="maglevSize">Slots of the Maglev tables of services that are reached from outside; 0: endpoints are drawn at random.</param>
/// <param name="range">Where cluster addresses are allocated.</param>
/// <param name="rangeV6">The same of IPv6; null where the cluster has none.</param>
internal sealed class ServiceCompiler(string nodeName, int maglevSize, IPNetwork range, IPNetwork? rangeV6)
{
    private readonly ServiceIndexer<IPv4Address> _v4 = new(nodeName, maglevSize, range);
    private readonly ServiceIndexer<IPv6Address> _v6 = new(nodeName, maglevSize, rangeV6);
    private readonly Dictionary<ServiceKey, Compiled> _compiled = [];
    private SharedMap<ServiceKey, Message> _services = SharedMap<ServiceKey, Message>.Empty;
    private uint _lastId;

    private sealed record Compiled(uint Id, Frontend<IPv4Address>[] V4, Frontend<IPv6Address>[] V6);

    /// <summary>What is in force of IPv4.</summary>
    public ServiceIndexer<IPv4Address> V4 => _v4;

    /// <summary>What is in force of IPv6.</summary>
    public ServiceIndexer<IPv6Address> V6 => _v6;

    /// <summary>Endpoints of all services that may take connections.</summary>
    public int Backends { get; private set; }

    /// <summary>Brings the indexes up to date.</summary>
    /// <exception cref="InvalidStateException">Two services have the same frontend; nothing was changed.</exception>
    public void Compile(SharedMap<ServiceKey, Message> services)
    {
        _v4.Begin();
        _v6.Begin();
        var changes = new List<(ServiceKey Key, Compiled? Made)>();
        int backends = Backends;
        foreach (var (key, _, message) in SharedMap<ServiceKey, Message>.Changes(_services, services))
        {
            Compiled? made = null;
            if (_compiled.TryGetValue(key, out var known))
            {
                Remove(known);
                backends -= Usable(known);
            }
            if (message is not null)
            {
                uint id = known?.Id ?? ++_lastId;
                made = new Compiled(id, _v4.Add(message, id), rangeV6 is not null ? _v6.Add(message, id) : []);
                backends += Usable(made);
            }
            changes.Add((key, made));
        }
        if (!_v4.TryIndex(out string address, out ushort port, out byte protocol) || !_v6.TryIndex(out address, out port, out protocol)) throw Clash(services, address, port, protocol);
        foreach (var (key, made) in changes)
        {
            if (made is null) _compiled.Remove(key);
            else _compiled[key] = made;
        }
        _v4.Commit(_compiled.Values.SelectMany(c => c.V4));
        _v6.Commit(_compiled.Values.SelectMany(c => c.V6));
        (_services, Backends) = (services, backends);
    }

    private void Remove(Compiled compiled)
    {
        _v4.Remove(compiled.V4);
        _v6.Remove(compiled.V6);
    }

    private static int Usable(Compiled compiled) =>
        (compiled.V4.Length > 0 ? compiled.V4[0].Service.Cluster.Count : 0) + (compiled.V6.Length > 0 ? compiled.V6[0].Service.Cluster.Count : 0);

    private static InvalidStateException Clash(SharedMap<ServiceKey, Message> services, string address, ushort port, byte protocol)
    {
        var owners = services.Where(s => TableCompiler.ProtocolNumber(s.Key.Protocol) == protocol && s.Value.Frontends.Any(f => f.Port == port && f.Address == address))
            .Select(s => s.Key.ToString()).Order(StringComparer.Ordinal).ToList();
        return new InvalidStateException(
            $"services['{owners.LastOrDefault()}'].frontends", $"{(address.Contains(':') ? $"[{address}]" : address)}:{port}", $"is a frontend of {string.Join(" and ", owners)}; an address and port belong to one service");
    }
}
