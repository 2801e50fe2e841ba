using System.Globalization;
using Dataplane.Control.Compile;
using Dataplane.Packets;
using Dataplane.Tables;

namespace Dataplane.Control.Telemetry;

/// <summary>
/// Names of addresses and services, for people, and what the tables in force take an address for. Made when first asked for after a change
/// of state. Addresses are of either family: IPv4 as <see cref="IPv4Address.Widen"/> makes it.
/// </summary>
public sealed class NameIndex
{
    private readonly Dictionary<IPv6Address, string> _pods = [];
    private readonly Dictionary<(IPv6Address, ushort, byte), string> _services = [];
    private readonly Dictionary<IPv6Address, Contracts.V1.Policy> _policies = [];
    private readonly DataplaneTables _tables;

    /// <param name="state">Names.</param>
    /// <param name="endpoints">Attached pods: what they are called here counts.</param>
    /// <param name="tables">Made of the two.</param>
    public NameIndex(DesiredState state, IReadOnlyCollection<AttachedEndpoint> endpoints, DataplaneTables tables)
    {
        _tables = tables;
        foreach (var entry in state.Ipcache.Values)
        {
            if (entry.Owner.Length > 0 && FieldParser.TryHost(entry.Cidr, out var address)) _pods[address] = entry.Owner;
        }
        foreach (var endpoint in endpoints)
        {
            _pods[endpoint.Address.Widen()] = endpoint.Key;
            if (endpoint.AddressV6 is { } v6) _pods[v6] = endpoint.Key;
            if (state.WorkloadOf(endpoint) is not { } workload || !state.Policies.TryGetValue(workload.Policy, out var policy)) continue;
            _policies[endpoint.Address.Widen()] = policy;
            if (endpoint.AddressV6 is { } other) _policies[other] = policy;
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

    /// <summary>"namespace/pod", "node/NAME", or empty.</summary>
    public string PodOf(IPv6Address address) => _pods.GetValueOrDefault(address, "");

    /// <summary>"namespace/name" of the NetworkPolicies that isolate the pod of this node at an address.</summary>
    /// <param name="address">The pod's address.</param>
    /// <param name="direction">Direction as the pod sees it.</param>
    public IReadOnlyList<string> PoliciesOf(IPv6Address address, TrafficDirection direction) =>
        _policies.TryGetValue(address, out var policy)
            ? (direction == TrafficDirection.Ingress ? policy.Ingress : policy.Egress)?.IsolatedBy ?? []
            : [];

    /// <summary>
    /// "namespace/service:port" of the service that packets to an address and port are for, by its own address or as a node port; or empty.
    /// </summary>
    public string ServiceOf(IPv6Address address, ushort port, byte protocol)
    {
        var at = address.TryNarrow(out var narrow) ? FrontendOf(_tables.IPv4, narrow, port, protocol) : FrontendOf(_tables.IPv6, address, port, protocol);
        return at is { } frontend ? _services.GetValueOrDefault((frontend, port, protocol), "") : "";
    }

    /// <summary>
    /// The identity by which policy judges an address; 0 for zero, for pods of this node, whose identity is their own, and for addresses
    /// of services, which are judged as what they are translated to.
    /// </summary>
    public uint IdentityOf(IPv6Address address) =>
        address.IsZero ? 0 : address.TryNarrow(out var narrow) ? IdentityOf(_tables.IPv4, narrow) : IdentityOf(_tables.IPv6, address);

    private static uint IdentityOf<TAddress>(FamilyTables<TAddress>? family, TAddress address)
        where TAddress : unmanaged, IIpAddress<TAddress> =>
        family is null || family.Endpoints.Find(address) >= 0 || family.Services.HasClusterAddress(address) || family.Services.InServiceRange(address)
            ? 0
            : family.Identities.Find(address);

    private static IPv6Address? FrontendOf<TAddress>(FamilyTables<TAddress>? family, TAddress address, ushort port, byte protocol)
        where TAddress : unmanaged, IIpAddress<TAddress> =>
        family is not null && family.Services.TryFind(address, protocol, port, out var frontend) ? frontend.Address.Widen() : null;
}
