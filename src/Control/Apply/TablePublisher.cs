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
    private readonly PrefixTable<IPv4Address> _unmasqueraded;
    private readonly UplinkSteering _steering;
    private readonly HostFrontends _hostFrontends;
    private readonly LingeringFrontends _frontends = new();
    private readonly ILogger _log;
    private uint _revision = 1;
    private bool _leadsNode;
    private IReadOnlyList<IPv4Address> _addresses = [];
    private IReadOnlyList<IPv4Address> _nodePortAddresses = [];
    private Dictionary<IPv4Address, UplinkAddressUse> _addressUses = [];

    public TablePublisher(NodeRuntime node, UplinkSteering steering, ILogger log)
    {
        _node = node;
        _steering = steering;
        _log = log;
        _hostFrontends = new HostFrontends(node.Options.HostPort, node.Options.StateDirectory);
        _compiler = new TableCompiler(node.Options.NodeName, node.Options.ServiceCidr, node.Options.Maglev ? node.Options.MaglevTableSize : 0);
        _unmasqueraded = new PrefixTable<IPv4Address>([.. node.Options.NonMasqueradeCidrs.Select(c => new PrefixEntry<IPv4Address>(FieldParser.ToIPv4(c.BaseAddress), c.PrefixLength, 0))]);
    }

    /// <summary>Endpoints of all services that may take connections.</summary>
    public int ServiceBackends => _compiler.ServiceBackends;

    /// <summary>What on this node stands in the way of services, for people; one sentence each.</summary>
    public IReadOnlyList<string> FindObstacles(IReadOnlySet<ushort> own) => _hostFrontends.FindObstacles(own);

    /// <summary>Told when frontends have gone that may be in use still; they linger until <see cref="Forget"/>.</summary>
    public event Action? FrontendsGone;

    /// <summary>Frontends that no service has any more and that packets are led here for; a copy.</summary>
    public IReadOnlyCollection<ExternalFrontend> Lingering => [.. _frontends.Gone];

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
    public void Forget(IReadOnlyCollection<ExternalFrontend> unused, DesiredState state)
    {
        if (_frontends.Forget(unused)) Steer(state);
    }

    private void Steer(DesiredState state)
    {
        bool gone = _frontends.Follow(_compiler.ExternalFrontends);
        string? uplink = Attempt(() => _steering.Apply(new UplinkSteeringSpec
        {
            VxlanPort = _node.Options.VxlanPort,
            NatPorts = _node.Options.NatPorts,
            Addresses = _addressUses,
            Frontends = _frontends.All,
        }));
        string? host = !_leadsNode ? null : Attempt(() => _hostFrontends.Apply(new HostFrontendsSpec
        {
            Gateway = _node.Gateway,
            RouteMtu = _node.PathMtu,
            LocalAddresses = _addresses,
            NodePortAddresses = _nodePortAddresses,
            OtherNodes = OtherNodes(state),
            NodePorts = _node.Options.NodePortRange,
            NatPorts = _node.Options.NatPorts,
            Frontends = _frontends.All,
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

    private List<IPv4Address> OtherNodes(DesiredState state)
    {
        var others = new List<IPv4Address>();
        foreach (var node in state.Nodes.Values.Where(n => n.Name != _node.Options.NodeName))
        {
            foreach (string text in node.Addresses)
            {
                if (IPv4Address.TryParse(text, out var address)) others.Add(address);
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
        _nodePortAddresses = [.. addresses.Where(a => _node.Options.NodePortAddresses.Contains(IPAddress.Parse(a.ToString()), _node.Options.NodeIp))];
        var uses = new Dictionary<IPv4Address, UplinkAddressUse>();
        foreach (var address in _nodePortAddresses) uses[address] = UplinkAddressUse.NodePort;
        uses[_node.TunnelAddress] = uses.GetValueOrDefault(_node.TunnelAddress) | UplinkAddressUse.Vxlan | UplinkAddressUse.Nat;
        _addressUses = uses;
    }

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
            Gateway = _node.Gateway,
            HostPeer = FieldParser.ToIPv4(HostVeth.NextHop),
            PodCidr = options.PodCidr,
            ClusterCidr = options.ClusterCidr,
            ServiceCidr = options.ServiceCidr,
            NodeAddresses = _addresses,
            NodePortAddresses = _nodePortAddresses,
            Underlay = _node.Underlay?.Table ?? UnderlayTable<IPv4Address>.Empty,
            Unmasqueraded = _unmasqueraded,
            Endpoints = _node.Endpoints,
            NextHops = _node.KnownNextHops,
            UplinkPort = _node.UplinkDevice?.Port.Id ?? 0,
            UplinkMac = _node.UplinkDevice?.Mac ?? default,
            PathMtu = _node.PathMtu,
            Revision = _revision,
        };
    }
}
