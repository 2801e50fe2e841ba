using System.Globalization;
using Dataplane.Packets;
using Dataplane.Tables;
using Node = Dataplane.Contracts.V1.Node;

namespace Dataplane.Control.Compile;

/// <summary>Makes the tables of one family. What its sources have not changed is handed out again.</summary>
internal sealed class FamilyCompiler<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private static readonly int HostBits = TAddress.ByteLength * 8;

    private readonly PrefixTable<TAddress> _serviceRange;
    private FamilyTables<TAddress>? _last;
    private FamilyInput<TAddress>? _lastInput;
    private DesiredState? _lastState;
    private AddressMap<TAddress>? _nodePortAddresses;

    /// <param name="serviceRange">Where cluster addresses are allocated.</param>
    public FamilyCompiler(PrefixEntry<TAddress> serviceRange) => _serviceRange = new PrefixTable<TAddress>([serviceRange]);

    /// <summary>Makes them.</summary>
    /// <param name="state">What is wanted.</param>
    /// <param name="common">What belongs to no family.</param>
    /// <param name="input">What belongs to this one.</param>
    /// <param name="services">Frontends.</param>
    /// <param name="policyIndex">Places of policies in their table, by id.</param>
    /// <param name="vtepOfNode">Places of nodes in the table of tunnel end points, by name.</param>
    public FamilyTables<TAddress> Compile(
        DesiredState state, CompileInput common, FamilyInput<TAddress> input, FrontendIndex<TAddress> services, Dictionary<uint, int> policyIndex, Dictionary<string, int> vtepOfNode)
    {
        bool nodes = state.Nodes != _lastState?.Nodes, addresses = input.NodeAddresses != _lastInput?.NodeAddresses;
        if (nodes || addresses || _nodePortAddresses is null || input.NodePortAddresses != _lastInput?.NodePortAddresses) _nodePortAddresses = NodePortAddresses(state, common, input);
        var tables = new FamilyTables<TAddress>
        {
            Endpoints = Endpoints(state, common, policyIndex),
            Services = new ServiceTable<TAddress>(services, _nodePortAddresses, _serviceRange),
            Routes = Routes(state, input, vtepOfNode, hasTunnels: common.Node.VxlanPort != 0),
            Underlay = input.Underlay,
            Identities = _last is null || addresses || state.Ipcache != _lastState?.Ipcache ? new IpCache<TAddress>(Identities(state, input)) : _last.Identities,
            Gateway = input.Gateway,
            HostPeer = input.HostPeer,
            NodeAddress = input.NodeAddress,
            Unmasqueraded = input.Unmasqueraded,
        };
        (_last, _lastInput, _lastState) = (tables, input, state);
        return tables;
    }

    private static EndpointTable<TAddress> Endpoints(DesiredState state, CompileInput common, Dictionary<uint, int> policyIndex)
    {
        var endpoints = new List<Endpoint<TAddress>>(common.Endpoints.Count);
        foreach (var attached in common.Endpoints)
        {
            if (!attached.TryGetAddress(out TAddress address)) continue;
            uint identity = 0;
            int policy = -1;
            if (state.WorkloadOf(attached) is { } workload)
            {
                // The families of a pod may lie in different blocks of policies (P33): what is said of this address comes first.
                bool named = state.Ipcache.TryGetValue($"{address}/{HostBits}", out var entry) && entry.Owner == attached.Key;
                identity = named ? entry!.Identity : workload.Identity;
                policy = policyIndex.GetValueOrDefault(workload.Policy, -1);
            }
            endpoints.Add(new(address, attached.Port, attached.Mac, identity, policy));
        }
        return new EndpointTable<TAddress>([.. endpoints]);
    }

    private static AddressMap<TAddress> NodePortAddresses(DesiredState state, CompileInput common, FamilyInput<TAddress> input)
    {
        var addresses = new List<KeyValuePair<TAddress, int>>();
        foreach (var node in state.Nodes.Values.Where(n => n.Name != common.NodeName))
        {
            foreach (var address in Addresses(node)) addresses.Add(new(address, (int)NodeAddressKind.Remote));
        }
        // Last, so that they win: whatever the cluster says, the node's own addresses are here.
        foreach (var address in input.NodePortAddresses) addresses.Add(new(address, (int)NodeAddressKind.Local));
        return new AddressMap<TAddress>(addresses);
    }

    private static RouteTable<TAddress> Routes(DesiredState state, FamilyInput<TAddress> input, Dictionary<string, int> vtepOfNode, bool hasTunnels)
    {
        var routes = new List<Route> { new(RouteKind.Unreachable, 0), new(RouteKind.Host, 0), new(RouteKind.World, 0) };
        const int unreachable = 0, host = 1, world = 2;
        var prefixes = new List<PrefixEntry<TAddress>>
        {
            new(default, 0, world),
            FieldParser.Prefix<TAddress>(input.ClusterCidr, unreachable),
            FieldParser.Prefix<TAddress>(input.PodCidr, unreachable),
            new(input.Gateway, HostBits, host),
            new(input.HostPeer, HostBits, host),
            new(input.NodeAddress, HostBits, host),
        };
        foreach (var node in state.Nodes.Values)
        {
            if (!vtepOfNode.TryGetValue(node.Name, out int vtep)) continue;
            int route = routes.Count;
            var way = input.Peers.GetValueOrDefault(node.Name, new PeerWay(RouteKind.Overlay));
            routes.Add(new Route(way.Kind, vtep, IsCutOff: way.Kind == RouteKind.Unreachable, ByHost: way.ByHost));
            foreach (string cidr in node.PodCidrs)
            {
                var network = FieldParser.Network("pod_cidrs", cidr);
                if (FieldParser.IsOf<TAddress>(network)) prefixes.Add(FieldParser.Prefix<TAddress>(network, route));
            }
            int self = routes.Count;
            // Where there are tunnels they lead to the nodes' own addresses, also to those whose pods need none: a node that thinks otherwise of us
            // would answer in a tunnel to what it has not seen come. Without them a node is reached as everybody reaches it; so is one that no tunnel
            // leads to, because those leave by the uplink.
            routes.Add(new Route(hasTunnels && !way.NodeByHost ? RouteKind.Overlay : RouteKind.Native, vtep, IsNode: true, ByHost: way.NodeByHost));
            foreach (var address in Addresses(node)) prefixes.Add(new(address, HostBits, self));
        }
        // Last, so that they win: whatever the cluster says, the node's own addresses are here.
        foreach (var address in input.NodeAddresses) prefixes.Add(new(address, HostBits, host));
        return new RouteTable<TAddress>(prefixes, [.. routes]);
    }

    private static List<PrefixEntry<TAddress>> Identities(DesiredState state, FamilyInput<TAddress> input)
    {
        var prefixes = new List<PrefixEntry<TAddress>>(state.Ipcache.Count);
        foreach (var entry in state.Ipcache.Values)
        {
            int slash = entry.Cidr.IndexOf('/');
            if (!TAddress.TryParse(entry.Cidr.AsSpan(0, slash), out var address)) continue;
            int length = int.Parse(entry.Cidr.AsSpan(slash + 1), CultureInfo.InvariantCulture);
            prefixes.Add(new(address, length, (int)entry.Identity));
        }
        // Last, so that they win: this node is itself even before the agent says so, or the kubelet's probes would fail (P23).
        foreach (var address in (IEnumerable<TAddress>)[.. input.NodeAddresses, input.Gateway, input.NodeAddress]) prefixes.Add(new(address, HostBits, (int)Tables.Identities.Host));
        return prefixes;
    }

    private static IEnumerable<TAddress> Addresses(Node node)
    {
        foreach (string text in node.Addresses)
        {
            if (TAddress.TryParse(text, out var address)) yield return address;
        }
    }
}
