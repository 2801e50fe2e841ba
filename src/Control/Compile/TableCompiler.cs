using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Dataplane.Contracts.V1;
using Dataplane.Packets;
using Dataplane.Stages;
using Dataplane.Tables;
using Endpoint = Dataplane.Tables.Endpoint<Dataplane.Packets.IPv4Address>;
using PolicyRule = Dataplane.Tables.PolicyRule;
using Prefix = Dataplane.Tables.PrefixEntry<Dataplane.Packets.IPv4Address>;

namespace Dataplane.Control.Compile;

/// <summary>
/// Makes the packet path's tables from the desired state and what is attached to this node. What they are depends on that alone; but
/// tables whose sources are the same instances as last time are handed out again, so that a change costs what it changes. One thread at
/// a time.
/// </summary>
public sealed class TableCompiler
{
    private static readonly byte[] ProtocolNumbers = [0, 6, 17, 132, 1]; // by V1.Protocol

    private readonly ServiceCompiler _services;
    private readonly PrefixTable<IPv4Address> _serviceRange;
    private DesiredState? _lastState;
    private CompileInput? _lastInput;
    private DataplaneTables? _last;
    private Dictionary<uint, int> _policyIndex = [];
    private AddressMap<IPv4Address>? _nodePortAddresses;

    /// <param name="nodeName">This node.</param>
    /// <param name="serviceCidr">Where cluster addresses are allocated.</param>
    /// <param name="maglevSize">Slots of the Maglev tables of services that are reached from outside; 0: endpoints are drawn at random.</param>
    public TableCompiler(string nodeName, IPNetwork serviceCidr, int maglevSize = 0)
    {
        _services = new ServiceCompiler(nodeName, maglevSize);
        _serviceRange = new PrefixTable<IPv4Address>([ToPrefix(serviceCidr, 0)]);
    }

    /// <summary>Number of a protocol in the contract as it stands in IP headers; 0 for any.</summary>
    public static byte ProtocolNumber(Protocol protocol) => ProtocolNumbers[(int)protocol];

    /// <summary>Endpoints of all services that may take connections, by the last state that was compiled.</summary>
    public int ServiceBackends => _services.Backends;

    /// <summary>Frontends that clients outside of the cluster use; the same instance while they are the same.</summary>
    internal IReadOnlySet<ExternalFrontend> ExternalFrontends => _services.ExternalFrontends;

    /// <summary>Compiles everything that has changed.</summary>
    /// <exception cref="InvalidStateException">Two services have the same frontend; the compiler is as it was.</exception>
    public DataplaneTables Compile(DesiredState state, CompileInput input)
    {
        bool nodes = state.Nodes != _lastState?.Nodes, addresses = input.NodeAddresses != _lastInput?.NodeAddresses;
        bool policies = state.Policies != _lastState?.Policies;
        if (state.Services != _lastState?.Services) _services.Compile(state.Services); // first: it is what may refuse
        var policyTable = policies || _last is null ? Policies(state, out _policyIndex) : _last.Policies;
        var vteps = Vteps(state, input, out var vtepOfNode);
        if (nodes || addresses || _nodePortAddresses is null || input.NodePortAddresses != _lastInput?.NodePortAddresses) _nodePortAddresses = NodePortAddresses(state, input);
        var last = _last?.IPv4;
        var tables = new DataplaneTables
        {
            Generation = state.Generation,
            Revision = input.Revision,
            Node = input.Node,
            Policies = policyTable,
            Vteps = vteps,
            IPv4 = new FamilyTables<IPv4Address>
            {
                Endpoints = Endpoints(state, input, _policyIndex),
                Services = new ServiceTable<IPv4Address>(_services.Index, _nodePortAddresses, _serviceRange),
                Routes = Routes(state, input, vtepOfNode),
                Underlay = input.Underlay,
                Identities = last is null || addresses || state.Ipcache != _lastState?.Ipcache ? new IpCache<IPv4Address>(Identities(state, input)) : last.Identities,
                Gateway = input.Gateway,
                HostPeer = input.HostPeer,
                NodeAddress = input.Node.TunnelAddress,
                Unmasqueraded = input.Unmasqueraded,
            },
        };
        (_lastState, _lastInput, _last) = (state, input, tables);
        return tables;
    }

    /// <summary>The inner Ethernet address of a node's tunnel end point when its Node object names none.</summary>
    public static MacAddress DerivedVtepMac(IPv4Address node)
    {
        Span<byte> bytes = [0x0e, 0x64, 0, 0, 0, 0];
        node.CopyTo(bytes[2..]);
        return new MacAddress(bytes);
    }

    private static PolicyTable Policies(DesiredState state, out Dictionary<uint, int> index)
    {
        index = [];
        var definitions = new List<PolicyDefinition>(state.Policies.Count);
        foreach (var (id, policy) in state.Policies)
        {
            index[id] = definitions.Count;
            definitions.Add(new PolicyDefinition(
                policy.Ingress?.Isolated ?? false, Rules(policy.Ingress), policy.Egress?.Isolated ?? false, Rules(policy.Egress)));
        }
        return new PolicyTable(definitions);
    }

    private static PolicyRule[] Rules(PolicyDirection? direction)
    {
        if (direction is null) return [];
        var rules = new PolicyRule[direction.Rules.Count];
        for (int i = 0; i < rules.Length; i++)
        {
            var rule = direction.Rules[i];
            rules[i] = new PolicyRule(rule.Identity, ProtocolNumber(rule.Protocol), (ushort)rule.FirstPort, (ushort)rule.LastPort);
        }
        return rules;
    }

    private static EndpointTable<IPv4Address> Endpoints(DesiredState state, CompileInput input, Dictionary<uint, int> policyIndex)
    {
        var endpoints = new List<Endpoint>(input.Endpoints.Count);
        foreach (var attached in input.Endpoints)
        {
            uint identity = 0;
            int policy = -1;
            if (state.Workloads.TryGetValue(attached.Key, out var workload))
            {
                identity = workload.Identity;
                policy = policyIndex.GetValueOrDefault(workload.Policy, -1);
            }
            endpoints.Add(new Endpoint(attached.Address, attached.Port, attached.Mac, identity, policy));
        }
        return new EndpointTable<IPv4Address>([.. endpoints]);
    }

    private static AddressMap<IPv4Address> NodePortAddresses(DesiredState state, CompileInput input)
    {
        var addresses = new List<KeyValuePair<IPv4Address, int>>();
        foreach (var node in state.Nodes.Values.Where(n => n.Name != input.NodeName))
        {
            foreach (string text in node.Addresses)
            {
                if (IPv4Address.TryParse(text, out var address)) addresses.Add(new(address, (int)NodeAddressKind.Remote));
            }
        }
        // Last, so that they win: whatever the cluster says, the node's own addresses are here.
        foreach (var address in input.NodePortAddresses) addresses.Add(new(address, (int)NodeAddressKind.Local));
        return new AddressMap<IPv4Address>(addresses);
    }

    private static VtepTable Vteps(DesiredState state, CompileInput input, out Dictionary<string, int> ofNode)
    {
        ofNode = [];
        var vteps = new List<Vtep>();
        foreach (var node in state.Nodes.Values)
        {
            if (node.Name == input.NodeName || !TunnelAddress(node, out var remote)) continue;
            bool resolved = input.NextHops.TryGetValue(remote, out var hop) && input.UplinkPort != 0;
            var inner = node.VtepMac.Length > 0 ? FieldParser.Mac("vtep_mac", node.VtepMac) : DerivedVtepMac(remote);
            ofNode[node.Name] = vteps.Count;
            vteps.Add(new Vtep
            {
                Remote = remote,
                Node = node.Name,
                Port = input.UplinkPort,
                Resolved = resolved,
                Mtu = resolved ? Math.Min(hop.Mtu - VxlanEncap.OuterLength, input.PathMtu) : input.PathMtu,
                Header = VxlanEncap.BuildHeader(
                    hop.Mac, input.UplinkMac, input.Node.TunnelAddress, remote, input.Node.Vni, input.Node.VxlanPort, inner,
                    DerivedVtepMac(input.Node.TunnelAddress)),
            });
        }
        return new VtepTable([.. vteps]);
    }

    private static RouteTable<IPv4Address> Routes(DesiredState state, CompileInput input, Dictionary<string, int> vtepOfNode)
    {
        var routes = new List<Route> { new(RouteKind.Unreachable, 0), new(RouteKind.Host, 0), new(RouteKind.World, 0) };
        const int unreachable = 0, host = 1, world = 2;
        var prefixes = new List<Prefix>
        {
            new(default, 0, world),
            ToPrefix(input.ClusterCidr, unreachable),
            ToPrefix(input.PodCidr, unreachable),
            new(input.Gateway, 32, host),
            new(input.HostPeer, 32, host),
            new(input.Node.TunnelAddress, 32, host),
        };
        foreach (var node in state.Nodes.Values)
        {
            if (!vtepOfNode.TryGetValue(node.Name, out int vtep)) continue;
            int route = routes.Count;
            routes.Add(new Route(RouteKind.Overlay, vtep));
            foreach (string cidr in node.PodCidrs)
            {
                var network = FieldParser.Network("pod_cidrs", cidr);
                if (network.BaseAddress.AddressFamily == AddressFamily.InterNetwork) prefixes.Add(ToPrefix(network, route));
            }
            int self = routes.Count;
            routes.Add(new Route(RouteKind.Overlay, vtep, IsNode: true));
            foreach (string text in node.Addresses)
            {
                if (IPv4Address.TryParse(text, out var address)) prefixes.Add(new(address, 32, self));
            }
        }
        // Last, so that they win: whatever the cluster says, the node's own addresses are here.
        foreach (var address in input.NodeAddresses) prefixes.Add(new(address, 32, host));
        return new RouteTable<IPv4Address>(prefixes, [.. routes]);
    }

    private static List<Prefix> Identities(DesiredState state, CompileInput input)
    {
        var prefixes = new List<Prefix>(state.Ipcache.Count);
        foreach (var entry in state.Ipcache.Values)
        {
            int slash = entry.Cidr.IndexOf('/');
            if (!IPv4Address.TryParse(entry.Cidr.AsSpan(0, slash), out var address)) continue;
            int length = int.Parse(entry.Cidr.AsSpan(slash + 1), CultureInfo.InvariantCulture);
            prefixes.Add(new(address, length, (int)entry.Identity));
        }
        // Last, so that they win: this node is itself even before the agent says so, or the kubelet's probes would fail (P23).
        foreach (var address in input.NodeAddresses) prefixes.Add(new(address, 32, (int)Tables.Identities.Host));
        prefixes.Add(new(input.Gateway, 32, (int)Tables.Identities.Host));
        prefixes.Add(new(input.Node.TunnelAddress, 32, (int)Tables.Identities.Host));
        return prefixes;
    }

    /// <summary>The node's first IPv4 address: where its tunnel ends.</summary>
    public static bool TunnelAddress(Node node, out IPv4Address address)
    {
        foreach (string text in node.Addresses)
        {
            if (IPv4Address.TryParse(text, out address)) return true;
        }
        address = default;
        return false;
    }

    private static Prefix ToPrefix(IPNetwork network, int value) => new(FieldParser.ToIPv4(network.BaseAddress), network.PrefixLength, value);
}
