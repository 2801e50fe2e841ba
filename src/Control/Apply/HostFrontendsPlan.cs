using System.Net;
using Dataplane.Control.Compile;
using Dataplane.Packets;
using Xdp.Interop.Links;

namespace Dataplane.Control.Apply;

/// <summary>
/// The rules and routes of a <see cref="HostFrontendsSpec"/>, without the kernel. Two tables: <see cref="HostFrontends.NodePortTable"/> leads to this node's own
/// addresses, <see cref="HostFrontends.HostPortTable"/> leads everything, both into the host port.
/// </summary>
internal sealed class HostFrontendsPlan
{
    /// <summary>Rules for single frontends. The kernel asks them one by one for each new connection of the node.</summary>
    public const int MaxFrontendRules = 256;

    private const int IpAndTcpHeaders = 40; // bytes
    private static readonly IPv4Address NextHop = IPv4Address.Parse(HostVeth.NextHop.ToString());

    private readonly HashSet<RoutingRule> _rules = [];
    private readonly HashSet<Route> _routes = [];
    private readonly List<string> _obstacles = [];

    private HostFrontendsPlan()
    {
    }

    /// <summary>All but the local rule.</summary>
    public IReadOnlySet<RoutingRule> Rules => _rules;

    /// <summary>Of both tables and the main one.</summary>
    public IReadOnlySet<Route> Routes => _routes;

    /// <summary>What is left out, for people.</summary>
    public IReadOnlyList<string> Obstacles => _obstacles;

    /// <summary>Whether packets to addresses of this node must be seen by our rules before the kernel takes them for its own.</summary>
    public bool NeedsLocalRuleMoved { get; private set; }

    /// <summary>Makes it.</summary>
    /// <param name="spec">What is wanted.</param>
    /// <param name="hostIndex">Index of the host port's device.</param>
    /// <param name="before">Rules in force: when there are too many frontends, those that have one keep it.</param>
    public static HostFrontendsPlan Make(HostFrontendsSpec spec, int hostIndex, IReadOnlySet<RoutingRule>? before = null)
    {
        var plan = new HostFrontendsPlan();
        var way = new Route
        {
            Destination = IPNetwork.Parse("0.0.0.0/0"),
            Gateway = HostVeth.NextHop,
            Interface = hostIndex,
            PreferredSource = Convert(spec.Gateway),
            Mtu = spec.RouteMtu,
            AdvertisedMss = spec.RouteMtu - IpAndTcpHeaders,
        };
        var local = spec.LocalAddresses.ToHashSet();
        var others = spec.OtherNodes.ToHashSet();
        var served = spec.NodePortAddresses.Where(address => local.Contains(address) && !address.IsLoopback).ToHashSet();
        // Protocols that have node ports: one rule for the range of each covers all of its frontends there.
        var inRange = spec.Frontends.Where(frontend => frontend.Address == default && IsNodePort(spec, frontend)).Select(frontend => frontend.Protocol).ToHashSet();
        foreach (byte protocol in inRange)
            plan._rules.Add(new RoutingRule { Priority = HostFrontends.NodePortPriority, InputInterface = "lo", IpProtocol = protocol, DestinationPorts = spec.NodePorts, Table = HostFrontends.NodePortTable });
        var single = new HashSet<RoutingRule>();
        var routed = new HashSet<IPv4Address>();
        foreach (var frontend in spec.Frontends)
        {
            bool wildcard = frontend.Address == default;
            if (IsNodePort(spec, frontend) && inRange.Contains(frontend.Protocol) && (wildcard || served.Contains(frontend.Address))) continue;
            if (!wildcard && !CanLeadTo(frontend.Address)) plan.Refuse(frontend);
            else if (wildcard || local.Contains(frontend.Address) || others.Contains(frontend.Address)) single.Add(RuleFor(frontend));
            else routed.Add(frontend.Address);
        }
        plan.AddSingle(single, before);
        plan.NeedsLocalRuleMoved = plan._rules.Count > 0;
        plan._rules.Add(HostFrontends.ReplyRule);

        plan._routes.Add(way with { Table = HostFrontends.HostPortTable });
        if (plan._rules.Any(rule => rule.Table == HostFrontends.NodePortTable))
            plan._routes.UnionWith(served.Select(address => way with { Destination = Only(address), Table = HostFrontends.NodePortTable }));
        plan._routes.UnionWith(routed.Select(address => way with { Destination = Only(address) }));
        return plan;
    }

    /// <summary>True when both lead to the same rules and routes.</summary>
    public bool IsSameAs(HostFrontendsPlan other) => _rules.SetEquals(other._rules) && _routes.SetEquals(other._routes);

    private static RoutingRule RuleFor(ExternalFrontend<IPv4Address> frontend) => new()
    {
        Priority = HostFrontends.FrontendPriority,
        InputInterface = "lo",
        Destination = frontend.Address == default ? null : Only(frontend.Address),
        IpProtocol = frontend.Protocol,
        DestinationPorts = (frontend.Port, frontend.Port),
        Table = frontend.Address == default ? HostFrontends.NodePortTable : HostFrontends.HostPortTable,
    };

    private static bool CanLeadTo(IPv4Address address) => !address.IsLoopback && !address.IsGroup && address != NextHop;

    private static bool IsNodePort(HostFrontendsSpec spec, ExternalFrontend<IPv4Address> frontend) => frontend.Port >= spec.NodePorts.First && frontend.Port <= spec.NodePorts.Last;

    private static IPNetwork Only(IPv4Address address) => new(Convert(address), 32);

    private static IPAddress Convert(IPv4Address address)
    {
        Span<byte> bytes = stackalloc byte[IPv4Address.Size];
        address.CopyTo(bytes);
        return new IPAddress(bytes);
    }

    private void AddSingle(HashSet<RoutingRule> single, IReadOnlySet<RoutingRule>? before)
    {
        if (single.Count <= MaxFrontendRules)
        {
            _rules.UnionWith(single);
            return;
        }
        var order = single.OrderBy(rule => before?.Contains(rule) == true ? 0 : 1).ThenBy(rule => rule.ToString(), StringComparer.Ordinal).ToList();
        _rules.UnionWith(order.Take(MaxFrontendRules));
        _obstacles.Add($"{single.Count} host ports and external IPs of nodes are outside the node port range, but the node's own processes can be led to {MaxFrontendRules} of them only: "
            + $"they do not reach {string.Join(", ", order.Skip(MaxFrontendRules).Take(3).Select(Name))}{(single.Count > MaxFrontendRules + 3 ? " ..." : "")}; use fewer, or ports within the node port range");
    }

    private static string Name(RoutingRule rule) =>
        $"{rule.Destination?.BaseAddress.ToString() ?? "the node"}:{rule.DestinationPorts!.Value.First}";

    private void Refuse(ExternalFrontend<IPv4Address> frontend) =>
        _obstacles.Add($"frontend {frontend} is not served to this node's own processes: nothing can be led there over a device; use another address");
}
