using System.Globalization;
using Dataplane.Control.Compile;
using Dataplane.Packets;

namespace Dataplane.Control.Telemetry;

/// <summary>Names of addresses and services, for people. Made when first asked for after a change of state.</summary>
public sealed class NameIndex
{
    private readonly Dictionary<IPv6Address, string> _pods = [];
    private readonly Dictionary<(IPv6Address, ushort, byte), string> _services = []; // IPv4 addresses are mapped

    public NameIndex(DesiredState state, IReadOnlyCollection<AttachedEndpoint> endpoints)
    {
        foreach (var entry in state.Ipcache.Values)
        {
            if (entry.Owner.Length > 0 && FieldParser.TryHost(entry.Cidr, out var address)) _pods[address] = entry.Owner;
        }
        foreach (var endpoint in endpoints)
        {
            _pods[endpoint.Address.Widen()] = endpoint.Key;
            if (endpoint.AddressV6 is { } v6) _pods[v6] = endpoint.Key;
        }
        foreach (var (key, service) in state.Services)
        {
            string name = $"{key.Namespace}/{key.Name}:{(key.PortName.Length > 0 ? key.PortName : service.Frontends.FirstOrDefault()?.Port.ToString(CultureInfo.InvariantCulture))}";
            foreach (var frontend in service.Frontends)
            {
                // No address: every address of the node.
                if (FieldParser.TryWide(frontend.Address, out var address)) _services[(address, (ushort)frontend.Port, TableCompiler.ProtocolNumber(key.Protocol))] = name;
            }
        }
    }

    /// <inheritdoc cref="PodOf(IPv6Address)"/>
    public string PodOf(IPv4Address address) => PodOf(address.Widen());

    /// <inheritdoc cref="ServiceOf(IPv6Address, ushort, byte)"/>
    public string ServiceOf(IPv4Address address, ushort port, byte protocol) => ServiceOf(address.Widen(), port, protocol);

    /// <summary>"namespace/pod", "node/NAME", or empty. IPv4 addresses are mapped.</summary>
    public string PodOf(IPv6Address address) => _pods.GetValueOrDefault(address, "");

    /// <summary>"namespace/service:port", or empty. IPv4 addresses are mapped.</summary>
    public string ServiceOf(IPv6Address address, ushort port, byte protocol) =>
        _services.GetValueOrDefault((address, port, protocol)) ?? _services.GetValueOrDefault((default, port, protocol), "");
}
