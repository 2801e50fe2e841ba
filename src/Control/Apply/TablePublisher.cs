using System.Net;
using Dataplane.Control.Compile;
using Dataplane.Control.Options;
using Dataplane.Packets;
using Dataplane.Tables;
using Microsoft.Extensions.Logging;
using Xdp.Interop;

namespace Dataplane.Control.Apply;

/// <summary>
/// Puts what is known into force: the packet path's tables by one write, then what the uplinks' program steers here and what the node's own
/// stack sends here. In this order, so that no packet comes here before the tables know what to do with it. One thread at a time.
/// </summary>
internal sealed class TablePublisher
{
    private readonly NodeRuntime _node;
    private readonly TableCompiler _compiler;
    private readonly FamilyInput<IPv4Address> _v4; // what does not change
    private readonly FamilyInput<IPv6Address>? _v6;
    private readonly UplinkSteering _steering;
    private readonly HostFrontends _hostFrontends;
    private readonly ILogger _log;
    private readonly PodRouteKeeper _podRoutes;
    private readonly PeerWatch _peers;
    private uint _revision = 1;
    private bool _leadsNode;
    private IReadOnlyList<IPAddress> _addresses = [];
    private LocalAddresses<IPv4Address> _localV4 = LocalAddresses<IPv4Address>.None;
    private LocalAddresses<IPv6Address> _localV6 = LocalAddresses<IPv6Address>.None;
    private Dictionary<IPv4Address, UplinkAddressUse> _addressUses = [];
    private Dictionary<IPv6Address, UplinkAddressUse> _addressUsesV6 = [];
    private CompileInput? _published;
    private string? _hostProblem;

    public TablePublisher(NodeRuntime node, UplinkSteering steering, ILogger log)
    {
        _node = node;
        _steering = steering;
        _log = log;
        _hostFrontends = new HostFrontends(node.Options.HostPort, node.Options.StateDirectory);
        var options = node.Options;
        _peers = new PeerWatch(options);
        _podRoutes = new PodRouteKeeper(node);
        _compiler = new TableCompiler(options.NodeName, options.ServiceCidr.IPv4, options.ServiceCidr.IPv6, options.Maglev ? options.MaglevTableSize : 0);
        _v4 = Fixed<IPv4Address>(options, options.NodeIp.IPv4, options.HostPortAddress.IPv4, HostVeth.NextHop, options.PodCidr.IPv4, options.ClusterCidr.IPv4);
        // The first address of a subnet is its routers' (RFC 4291, section 2.6.1): no pod has it, and the node's stack routes it to us.
        if (options.PodCidr.IPv6 is { } pods)
            _v6 = Fixed<IPv6Address>(options, options.NodeIp.IPv6!, options.HostPortAddress.IPv6!, pods.BaseAddress, pods, options.ClusterCidr.IPv6!.Value);
    }

    /// <summary>Endpoints of all services that may take connections.</summary>
    public int ServiceBackends => _compiler.ServiceBackends;

    /// <summary>Frontends that packets from outside are steered to, and how many can be; both families together, each of which has a table of its own.</summary>
    public (int Count, int Room) SteeredFrontends => (_steering.Frontends, _steering.FrontendRoom + (_v6 is null ? 0 : _steering.FrontendRoomV6));

    /// <summary>What on this node stands in the way of services, for people; one sentence each.</summary>
    public IReadOnlyList<string> FindObstacles(IReadOnlySet<ushort> own)
    {
        IReadOnlyList<string> found = [.. _hostFrontends.FindObstacles(own), .. PeerObstacles.Find(Peers.Peers)];
        return _v6 is null || _localV6.All.Contains(_v6.NodeAddress) ? found : [.. found,
            $"node-ip {_v6.NodeAddress} is no address of this node, or another host has it as well: what pods send to the world by IPv6 is not answered; give the address to an interface, or correct node-ip"];
    }

    /// <summary>Told when frontends have gone that may be in use still; they linger until <see cref="Forget{TAddress}"/>.</summary>
    public event Action? FrontendsGone;

    /// <summary>IPv4 frontends that packets are led here for.</summary>
    public LingeringFrontends<IPv4Address> Frontends { get; } = new();

    /// <summary>IPv6 frontends that packets are led here for.</summary>
    public LingeringFrontends<IPv6Address> FrontendsV6 { get; } = new();

    /// <summary>What is not in force, for people; null when all is.</summary>
    public string? Problem => string.Join("; ", ((string?[])[_steering.Problem, _hostProblem, _podRoutes.Problem]).OfType<string>()) is { Length: > 0 } problem ? problem : null;

    /// <summary>How other nodes' pods are reached. Callable from any thread.</summary>
    public PeerRoutes Peers => _peers.Current;

    /// <summary>Tables before there are ports.</summary>
    public DataplaneTables Initial() => _compiler.Compile(DesiredState.Empty, Input(hostPort: null));

    /// <summary>Compiles a state and puts it into force.</summary>
    /// <param name="state">The state.</param>
    /// <param name="servicesOnly">
    /// True when nothing in the state has changed that an established flow depends on. If nothing around it has either, flows need not be
    /// judged again.
    /// </param>
    /// <exception cref="InvalidStateException">It cannot be compiled; nothing was changed.</exception>
    public void Publish(DesiredState state, bool servicesOnly)
    {
        FollowAddresses();
        string? before = Problem;
        var (input, tables) = Compile(state, servicesOnly);
        if (_leadsNode)
        {
            var refused = _podRoutes.Refused;
            _podRoutes.Add(_peers.Current, state);
            if (!ReferenceEquals(refused, _podRoutes.Refused)) (input, tables) = Compile(state, servicesOnly); // what the kernel would not take is no way
        }
        _node.Handover.Settle(tables, _node.Engine);
        _node.Engine.Publish(tables);
        _published = input;
        if (_leadsNode) _podRoutes.RemoveStale(state);
        Steer(state, before);
    }

    private (CompileInput, DataplaneTables) Compile(DesiredState state, bool servicesOnly)
    {
        _peers.Follow(state, _node.KnownHops, _node.Underlay?.PodRoutes ?? [], _node.Uplinks, _podRoutes.Refused);
        var input = Input(_node.HostPort);
        // Routes and neighbours are followed by other threads, whose news this call may bring into force before theirs does: flows keep
        // places in these tables, which are right for one revision only.
        if (!servicesOnly || !input.HasSurroundingsOf(_published)) _revision++;
        input = input with { Revision = _revision };
        return (input, _compiler.Compile(state, input));
    }

    /// <summary>
    /// Leads packets here for the frontends that connections of an earlier process were opened to, before the services are known. Called once,
    /// before the first <see cref="Publish"/>.
    /// </summary>
    public void Linger(FlowHandover handover)
    {
        if (Frontends.Linger(handover.Frontends) | FrontendsV6.Linger(handover.FrontendsV6)) FrontendsGone?.Invoke();
    }

    /// <summary>Makes what the node's own stack sends to frontends come here; called once the host port is active.</summary>
    public void LeadNode(DesiredState state)
    {
        _leadsNode = true;
        Steer(state, Problem);
    }

    /// <summary>Leads no packets here any more for frontends that no service has.</summary>
    public void Forget<TAddress>(LingeringFrontends<TAddress> family, IReadOnlyCollection<ExternalFrontend<TAddress>> unused, DesiredState state)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        if (family.Forget(unused)) Steer(state, Problem);
    }

    /// <summary>
    /// Puts back what others have taken away of the node's routes and rules that lead its own packets here, and tries again what could not be
    /// written for the uplinks.
    /// </summary>
    /// <param name="mustPublish">True when tables have to be made anew for what the kernel takes or refuses now.</param>
    /// <returns>What was put back, for people.</returns>
    public IReadOnlyList<string> Repair(out bool mustPublish)
    {
        mustPublish = false;
        string? before = Problem;
        var repaired = new List<string>();
        if (_steering.Retry()) repaired.Add("the uplinks' steering, which had failed");
        if (!_leadsNode || _node.HostPort is not { } hostPort) return repaired;
        string? problem = Attempt(() =>
        {
            repaired.AddRange(hostPort.Refresh()); // first: the others are routes by its next hop
            repaired.AddRange(_hostFrontends.Refresh());
        });
        var refused = _podRoutes.Refused;
        repaired.AddRange(_podRoutes.Repair());
        mustPublish = !ReferenceEquals(refused, _podRoutes.Refused);
        Tell(problem, before);
        return repaired;
    }

    private void Steer(DesiredState state, string? before)
    {
        bool gone = Frontends.Follow(_compiler.ExternalFrontends) | FrontendsV6.Follow(_compiler.ExternalFrontendsV6);
        _steering.TryApply(new UplinkSteeringSpec
        {
            Pods = _node.Options.Routing == RoutingMode.Vxlan ? [] : [.. _node.Options.PodCidr.All],
            VxlanPort = _node.Options.TunnelPort,
            Vni = _node.Options.Vni,
            Devices = _node.Uplinks.SelectMany(uplink => uplink.Addresses.Select(mac => new DeviceAddress(uplink.Ifindex, mac))).ToHashSet(),
            NatPorts = _node.Options.NatPorts,
            Addresses = _addressUses,
            AddressesV6 = _addressUsesV6,
            Frontends = Frontends.All,
            FrontendsV6 = FrontendsV6.All,
            Lingering = Frontends.Gone,
            LingeringV6 = FrontendsV6.Gone,
        });
        string? host = !_leadsNode ? null : Attempt(() => _hostFrontends.Apply(
            Led(_v4, _localV4, Frontends.All, _compiler.OutOfRange, state), _v6 is null ? null : Led(_v6, _localV6, FrontendsV6.All, _compiler.OutOfRangeV6, state)));
        Tell(host, before);
        if (gone) FrontendsGone?.Invoke();
    }

    private HostFrontendsSpec<TAddress> Led<TAddress>(
        FamilyInput<TAddress> family, LocalAddresses<TAddress> local, IReadOnlySet<ExternalFrontend<TAddress>> frontends, IReadOnlySet<ExternalFrontend<TAddress>> outOfRange, DesiredState state)
        where TAddress : unmanaged, IIpAddress<TAddress> => new()
        {
            Gateway = family.Gateway,
            RouteMtu = _node.PathMtu,
            LocalAddresses = local.All,
            NodePortAddresses = local.NodePorts,
            OtherNodes = OtherNodes<TAddress>(state),
            NodePorts = _node.Options.NodePortRange,
            NatPorts = _node.Options.NatPorts,
            Frontends = outOfRange.Count == 0 ? frontends : frontends.Union(outOfRange).ToHashSet(),
        };

    private void Tell(string? hostProblem, string? before)
    {
        _hostProblem = hostProblem;
        if (Problem is { } problem && problem != before) _log.LogError("{Problem}", problem);
    }

    private static string? Attempt(Action action)
    {
        try
        {
            action();
            return null;
        }
        catch (XdpException e)
        {
            return e.Message;
        }
    }

    private List<TAddress> OtherNodes<TAddress>(DesiredState state)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        var others = new List<TAddress>();
        if (state.Generation == 0) state = _node.Handover.State ?? state; // frontends that linger may be at addresses of nodes
        foreach (var node in state.Nodes.Values.Where(n => n.Name != _node.Options.NodeName))
        {
            foreach (string text in node.Addresses)
            {
                if (TAddress.TryParse(text, out var address)) others.Add(address);
            }
        }
        return others;
    }

    // The node's addresses change rarely; what is derived of them is kept, so that the compiler sees that nothing has changed.
    private void FollowAddresses()
    {
        var addresses = _node.LocalAddresses;
        if (ReferenceEquals(addresses, _addresses)) return;
        _addresses = addresses;
        _localV4 = LocalAddresses<IPv4Address>.Of(addresses, _node.Options);
        if (_v6 is not null) _localV6 = LocalAddresses<IPv6Address>.Of(addresses, _node.Options);
        _addressUses = Uses(_localV4, _node.TunnelAddress, UplinkAddressUse.Vxlan | UplinkAddressUse.Nat);
        if (_v6 is not null) _addressUsesV6 = Uses(_localV6, _v6.NodeAddress, UplinkAddressUse.Nat);
    }

    private static Dictionary<TAddress, UplinkAddressUse> Uses<TAddress>(LocalAddresses<TAddress> local, TAddress node, UplinkAddressUse nodeUses)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        var uses = local.NodePorts.ToDictionary(address => address, _ => UplinkAddressUse.NodePort);
        uses[node] = uses.GetValueOrDefault(node) | nodeUses;
        return uses;
    }

    private static FamilyInput<TAddress> Fixed<TAddress>(
        DataplaneOptions options, IPAddress node, IPAddress gateway, IPAddress hostPeer, IPNetwork pods, IPNetwork cluster)
        where TAddress : unmanaged, IIpAddress<TAddress> => new()
        {
            Gateway = FieldParser.To<TAddress>(gateway),
            HostPeer = FieldParser.To<TAddress>(hostPeer),
            NodeAddress = FieldParser.To<TAddress>(node),
            PodCidr = pods,
            ClusterCidr = cluster,
            NodeAddresses = [],
            NodePortAddresses = [],
            Unmasqueraded = new PrefixTable<TAddress>([.. options.NonMasqueradeCidrs.Where(FieldParser.IsOf<TAddress>).Select(c => FieldParser.Prefix<TAddress>(c, 0))]),
        };

    private CompileInput Input(HostPort? hostPort)
    {
        var options = _node.Options;
        return new CompileInput
        {
            NodeName = options.NodeName,
            Node = new NodeSettings
            {
                HostPort = hostPort?.Port.Id ?? 0,
                WorldMtu = (ushort)_node.PathMtu,
                Masquerade = options.Masquerade,
                MasqueradeAll = options.MasqueradeAll,
                HostMac = hostPort?.Mac ?? default,
                GatewayMac = _node.GatewayMac,
                TunnelAddress = _node.TunnelAddress,
                Vni = options.Vni,
                VxlanPort = options.TunnelPort,
                NativeRouting = options.Routing != RoutingMode.Vxlan,
            },
            IPv4 = _v4 with { Peers = _peers.WaysV4, NodeAddresses = _localV4.All, NodePortAddresses = _localV4.NodePorts, Underlay = (_node.Underlay?.V4 ?? UnderlayWatch.Family<IPv4Address>.Empty).Table },
            IPv6 = _v6 is null ? null
                : _v6 with { Peers = _peers.WaysV6, NodeAddresses = _localV6.All, NodePortAddresses = _localV6.NodePorts, Underlay = (_node.Underlay?.V6 ?? UnderlayWatch.Family<IPv6Address>.Empty).Table },
            Endpoints = _node.Endpoints,
            NextHops = _node.KnownNextHops,
            UplinkPort = _node.UplinkDevice?.Port.Id ?? 0,
            UplinkMac = _node.UplinkDevice?.Mac ?? default,
            PathMtu = _node.PathMtu,
            Revision = _revision,
        };
    }
}
