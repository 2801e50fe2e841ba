using System.Globalization;
using Dataplane.Control.Compile;
using Dataplane.Packets;

namespace Dataplane.Control.Telemetry;

/// <summary>Names of addresses and services, for people. Made when first asked for after a change of state.</summary>
public sealed class NameIndex
{
    private readonly Dictionary<IPv4Address, string> _pods = [];
    private readonly Dictionary<(IPv4Address, ushort, byte), string> _services = [];

    public NameIndex(DesiredState state, IReadOnlyCollection<AttachedEndpoint> endpoints)
    {
        foreach (var entry in state.Ipcache.Values)
        {
            if (entry.Owner.Length > 0 && entry.Cidr.EndsWith("/32", StringComparison.Ordinal) && IPv4Address.TryParse(entry.Cidr.AsSpan(0, entry.Cidr.Length - 3), out var address)) _pods[address] = entry.Owner;
        }
        foreach (var endpoint in endpoints) _pods[endpoint.Address] = endpoint.Key;
        foreach (var (key, service) in state.Services)
        {
            string name = $"{key.Namespace}/{key.Name}:{(key.PortName.Length > 0 ? key.PortName : service.Frontends.FirstOrDefault()?.Port.ToString(CultureInfo.InvariantCulture))}";
            foreach (var frontend in service.Frontends)
            {
                IPv4Address address = default; // every address of the node
                if (frontend.Address.Length == 0 || IPv4Address.TryParse(frontend.Address, out address)) _services[(address, (ushort)frontend.Port, TableCompiler.ProtocolNumber(key.Protocol))] = name;
            }
        }
    }

    /// <inheritdoc cref="PodOf(IPv4Address)"/>
    public string PodOf(IPv6Address address) => address.TryNarrow(out var narrow) ? PodOf(narrow) : "";

    /// <inheritdoc cref="ServiceOf(IPv4Address, ushort, byte)"/>
    public string ServiceOf(IPv6Address address, ushort port, byte protocol) => address.TryNarrow(out var narrow) ? ServiceOf(narrow, port, protocol) : "";

    /// <summary>"namespace/pod", "node/NAME", or empty.</summary>
    public string PodOf(IPv4Address address) => _pods.GetValueOrDefault(address, "");

    /// <summary>"namespace/service:port", or empty.</summary>
    public string ServiceOf(IPv4Address address, ushort port, byte protocol) =>
        _services.GetValueOrDefault((address, port, protocol)) ?? _services.GetValueOrDefault((default, port, protocol), "");
}
