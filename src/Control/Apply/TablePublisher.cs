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
    private uint _revision = 1;
    private bool _leadsNode;
    private IReadOnlyList<IPAddress> _addresses = [];
    private LocalAddresses<IPv4Address> _localV4 = LocalAddresses<IPv4Address>.None;
    private LocalAddresses<IPv6Address> _localV6 = LocalAddresses<IPv6Address>.None;
    private Dictionary<IPv4Address, UplinkAddressUse> _addressUses = [];

    public TablePublisher(NodeRuntime node, UplinkSteering steering, ILogger log)
    {
        _node = node;
        _steering = steering;
        _log = log;
        _hostFrontends = new HostFrontends(node.Options.HostPort, node.Options.StateDirectory);
        var options = node.Options;
        _compiler = new TableCompiler(options.NodeName, options.ServiceCidr.IPv4, options.ServiceCidr.IPv6, options.Maglev ? options.MaglevTableSize : 0);
        _v4 = Fixed<IPv4Address>(options, options.NodeIp.IPv4, options.HostPortAddress.IPv4, HostVeth.NextHop, options.PodCidr.IPv4, options.ClusterCidr.IPv4);
        // The first address of a subnet is its routers' (RFC 4291, section 2.6.1): no pod has it, and the node's stack routes it to us.
        if (options.PodCidr.IPv6 is { } pods)
            _v6 = Fixed<IPv6Address>(options, options.NodeIp.IPv6!, options.HostPortAddress.IPv6!, pods.BaseAddress, pods, options.ClusterCidr.IPv6!.Value);
    }

    /// <summary>Endpoints of all services that may take connections.</summary>
    public int ServiceBackends => _compiler.ServiceBackends;

    /// <summary>Frontends that packets from outside are steered to, and how many can be.</summary>
    public (int Count, int Room) SteeredFrontends => (_steering.Frontends, _steering.FrontendRoom);

    /// <summary>What on this node stands in the way of services, for people; one sentence each.</summary>
    public IReadOnlyList<string> FindObstacles(IReadOnlySet<ushort> own) => _hostFrontends.FindObstacles(own);

    /// <summary>Told when frontends have gone that may be in use still; they linger until <see cref="Forget{TAddress}"/>.</summary>
    public event Action? FrontendsGone;

    /// <summary>IPv4 frontends that packets are led here for.</summary>
    public LingeringFrontends<IPv4Address> Frontends { get; } = new();

    /// <summary>IPv6 frontends that packets are led here for.</summary>
    public LingeringFrontends<IPv6Address> FrontendsV6 { get; } = new();

    /// <summary>What of the last state is not in force, for people; null when all is.</summary>
    public string? Problem { get; private set; }

    /// <summary>Tables before there are ports.</summary>
    public DataplaneTables Initial() => _compiler.Compile(DesiredState.Empty, Input(hostPort: null));

    /// <summary>Compiles a state and puts it into force.</summary>
    /// <param name="state">The state.</param>
    /// <param name="servicesOnly">True when nothing that an established flow depends on has changed: flows need not be judged again.</param>
    /// <exception cref="InvalidStateException">It cannot be compiled; nothing was changed.</exception>
    public void Publish(DesiredState state, bool servicesOnly)
    {
        FollowAddresses();
        if (!servicesOnly) _revision++;
        var tables = _compiler.Compile(state, Input(_node.HostPort));
        _node.Engine.Publish(tables);
        Steer(state);
    }

    /// <summary>Makes what the node's own stack sends to frontends come here; called once the host port is active.</summary>
    public void LeadNode(DesiredState state)
    {
        _leadsNode = true;
        Steer(state);
    }

    /// <summary>Leads no packets here any more for frontends that no service has.</summary>
    public void Forget<TAddress>(LingeringFrontends<TAddress> family, IReadOnlyCollection<ExternalFrontend<TAddress>> unused, DesiredState state)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        if (family.Forget(unused)) Steer(state);
    }

    private void Steer(DesiredState state)
    {
        bool gone = Frontends.Follow(_compiler.ExternalFrontends) | FrontendsV6.Follow(_compiler.ExternalFrontendsV6);
        string? uplink = Attempt(() => _steering.Apply(new UplinkSteeringSpec
        {
            VxlanPort = _node.Options.VxlanPort,
            NatPorts = _node.Options.NatPorts,
            Addresses = _addressUses,
            Frontends = Frontends.All,
        }));
        string? host = !_leadsNode ? null : Attempt(() => _hostFrontends.Apply(new HostFrontendsSpec
        {
            Gateway = _node.Gateway,
            RouteMtu = _node.PathMtu,
            LocalAddresses = _localV4.All,
            NodePortAddresses = _localV4.NodePorts,
            OtherNodes = OtherNodes<IPv4Address>(state),
            NodePorts = _node.Options.NodePortRange,
            NatPorts = _node.Options.NatPorts,
            Frontends = Frontends.All,
        }));
        string? problem = uplink is null || host is null ? uplink ?? host : $"{uplink}; {host}";
        if (problem is not null && problem != Problem) _log.LogError("{Problem}", problem);
        Problem = problem;
        if (gone) FrontendsGone?.Invoke();
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
        var uses = new Dictionary<IPv4Address, UplinkAddressUse>();
        foreach (var address in _localV4.NodePorts) uses[address] = UplinkAddressUse.NodePort;
        uses[_node.TunnelAddress] = uses.GetValueOrDefault(_node.TunnelAddress) | UplinkAddressUse.Vxlan | UplinkAddressUse.Nat;
        _addressUses = uses;
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
                VxlanPort = options.VxlanPort,
            },
            IPv4 = _v4 with { NodeAddresses = _localV4.All, NodePortAddresses = _localV4.NodePorts, Underlay = (_node.Underlay?.V4 ?? UnderlayWatch.Family<IPv4Address>.Empty).Table },
            IPv6 = _v6 is null ? null
                : _v6 with { NodeAddresses = _localV6.All, NodePortAddresses = _localV6.NodePorts, Underlay = (_node.Underlay?.V6 ?? UnderlayWatch.Family<IPv6Address>.Empty).Table },
            Endpoints = _node.Endpoints,
            NextHops = _node.KnownNextHops,
            UplinkPort = _node.UplinkDevice?.Port.Id ?? 0,
            UplinkMac = _node.UplinkDevice?.Mac ?? default,
            PathMtu = _node.PathMtu,
            Revision = _revision,
        };
    }
}
