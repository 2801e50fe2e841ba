using System.Net;
using Dataplane.Contracts.V1;
using Dataplane.Packets;
using Dataplane.Stages;
using Dataplane.Tables;
using PolicyRule = Dataplane.Tables.PolicyRule;

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
    private readonly FamilyCompiler<IPv4Address> _v4;
    private readonly FamilyCompiler<IPv6Address>? _v6;
    private DesiredState? _lastState;
    private DataplaneTables? _last;
    private Dictionary<uint, int> _policyIndex = [];

    /// <param name="nodeName">This node.</param>
    /// <param name="serviceCidr">Where cluster addresses are allocated.</param>
    /// <param name="serviceCidrV6">The same of IPv6; null where the cluster has none.</param>
    /// <param name="maglevSize">Slots of the Maglev tables of services that are reached from outside; 0: endpoints are drawn at random.</param>
    public TableCompiler(string nodeName, IPNetwork serviceCidr, IPNetwork? serviceCidrV6 = null, int maglevSize = 0)
    {
        _services = new ServiceCompiler(nodeName, maglevSize, serviceCidr, serviceCidrV6);
        _v4 = new FamilyCompiler<IPv4Address>(FieldParser.Prefix<IPv4Address>(serviceCidr, 0));
        if (serviceCidrV6 is { } v6) _v6 = new FamilyCompiler<IPv6Address>(FieldParser.Prefix<IPv6Address>(v6, 0));
    }

    /// <summary>Number of a protocol in the contract as it stands in IP headers; 0 for any.</summary>
    public static byte ProtocolNumber(Protocol protocol) => ProtocolNumbers[(int)protocol];

    /// <summary>Endpoints of all services that may take connections, by the last state that was compiled.</summary>
    public int ServiceBackends => _services.Backends;

    /// <summary>Frontends that clients outside of the cluster use; the same instance while they are the same.</summary>
    internal IReadOnlySet<ExternalFrontend<IPv4Address>> ExternalFrontends => _services.V4.External;

    /// <inheritdoc cref="ExternalFrontends"/>
    internal IReadOnlySet<ExternalFrontend<IPv6Address>> ExternalFrontendsV6 => _services.V6.External;

    /// <summary>Cluster addresses outside of the service range; the same instance while they are the same.</summary>
    internal IReadOnlySet<ExternalFrontend<IPv4Address>> OutOfRange => _services.V4.OutOfRange;

    /// <inheritdoc cref="OutOfRange"/>
    internal IReadOnlySet<ExternalFrontend<IPv6Address>> OutOfRangeV6 => _services.V6.OutOfRange;

    /// <summary>Compiles everything that has changed.</summary>
    /// <exception cref="InvalidStateException">Two services have the same frontend; the compiler is as it was.</exception>
    public DataplaneTables Compile(DesiredState state, CompileInput input)
    {
        if (state.Services != _lastState?.Services) _services.Compile(state.Services); // first: it is what may refuse
        var policies = _last is null || state.Policies != _lastState?.Policies ? Policies(state, out _policyIndex) : _last.Policies;
        var vteps = Vteps(state, input, out var vtepOfNode);
        var tables = new DataplaneTables
        {
            Generation = state.Generation,
            Revision = input.Revision,
            Node = input.Node,
            Policies = policies,
            Vteps = vteps,
            IPv4 = _v4.Compile(state, input, input.IPv4, _services.V4.Index, _policyIndex, vtepOfNode),
            IPv6 = input.IPv6 is null ? null : _v6?.Compile(state, input, input.IPv6, _services.V6.Index, _policyIndex, vtepOfNode),
        };
        (_lastState, _last) = (state, tables);
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
}
