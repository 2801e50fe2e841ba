using System.Net;
using Dataplane.Control.Compile;
using Dataplane.Packets;
using Xdp.Interop.Links;

namespace Dataplane.Control.Apply;

/// <summary>
/// The rules and routes of a <see cref="HostFrontendsSpec{TAddress}"/>, without the kernel. Two tables: <see cref="HostFrontends.NodePortTable"/> leads to this node's own
/// addresses, <see cref="HostFrontends.HostPortTable"/> leads everything, both into the host port.
/// </summary>
internal sealed class HostFrontendsPlan<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    /// <summary>Rules for single frontends. The kernel asks them one by one for each new connection of the node.</summary>
    public const int MaxFrontendRules = 256;

    private static readonly TAddress NextHop = FieldParser.To<TAddress>(HostWay<TAddress>.NextHop);

    private readonly HashSet<RoutingRule> _rules = [];
    private readonly HashSet<Route> _routes = [];
    private readonly List<string> _obstacles = [];

    private HostFrontendsPlan()
    {
    }

    /// <summary>Nothing is led.</summary>
    public static HostFrontendsPlan<TAddress> Empty { get; } = new();

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
    public static HostFrontendsPlan<TAddress> Make(HostFrontendsSpec<TAddress> spec, int hostIndex, IReadOnlySet<RoutingRule>? before = null)
    {
        var plan = new HostFrontendsPlan<TAddress>();
        var way = HostWay<TAddress>.To(HostWay<TAddress>.Everything, hostIndex, FieldParser.From(spec.Gateway), spec.RouteMtu);
        var local = spec.LocalAddresses.ToHashSet();
        var others = spec.OtherNodes.ToHashSet();
        var served = spec.NodePortAddresses.Where(address => local.Contains(address) && !address.IsLoopback).ToHashSet();
        // Protocols that have node ports: one rule for the range of each covers all of its frontends there.
        var inRange = spec.Frontends.Where(frontend => IsWildcard(frontend) && IsNodePort(spec, frontend)).Select(frontend => frontend.Protocol).ToHashSet();
        foreach (byte protocol in inRange)
            plan._rules.Add(new RoutingRule { Family = HostWay<TAddress>.Family, Priority = HostFrontends.NodePortPriority, InputInterface = "lo", IpProtocol = protocol, DestinationPorts = spec.NodePorts, Table = HostFrontends.NodePortTable });
        var single = new HashSet<RoutingRule>();
        var routed = new HashSet<TAddress>();
        foreach (var frontend in spec.Frontends)
        {
            bool wildcard = IsWildcard(frontend);
            if (IsNodePort(spec, frontend) && inRange.Contains(frontend.Protocol) && (wildcard || served.Contains(frontend.Address))) continue;
            if (!wildcard && !CanLeadTo(frontend.Address)) plan.Refuse(frontend);
            else if (wildcard || local.Contains(frontend.Address) || others.Contains(frontend.Address)) single.Add(RuleFor(frontend));
            else routed.Add(frontend.Address);
        }
        plan.AddSingle(single, before);
        plan.NeedsLocalRuleMoved = plan._rules.Count > 0;
        plan._rules.Add(HostFrontends.ReplyRule with { Family = HostWay<TAddress>.Family });

        plan._routes.Add(way with { Table = HostFrontends.HostPortTable });
        if (plan._rules.Any(rule => rule.Table == HostFrontends.NodePortTable))
            plan._routes.UnionWith(served.Select(address => way with { Destination = Only(address), Table = HostFrontends.NodePortTable }));
        plan._routes.UnionWith(routed.Select(address => way with { Destination = Only(address) }));
        return plan;
    }

    /// <summary>True when both lead to the same rules and routes.</summary>
    public bool IsSameAs(HostFrontendsPlan<TAddress> other) => _rules.SetEquals(other._rules) && _routes.SetEquals(other._routes);

    private static RoutingRule RuleFor(ExternalFrontend<TAddress> frontend) => new()
    {
        Family = HostWay<TAddress>.Family,
        Priority = HostFrontends.FrontendPriority,
        InputInterface = "lo",
        Destination = IsWildcard(frontend) ? null : Only(frontend.Address),
        IpProtocol = frontend.Protocol,
        DestinationPorts = (frontend.Port, frontend.Port),
        Table = IsWildcard(frontend) ? HostFrontends.NodePortTable : HostFrontends.HostPortTable,
    };

    private static bool CanLeadTo(TAddress address) => !address.IsLoopback && !address.IsGroup && !address.Equals(NextHop);

    private static bool IsNodePort(HostFrontendsSpec<TAddress> spec, ExternalFrontend<TAddress> frontend) => frontend.Port >= spec.NodePorts.First && frontend.Port <= spec.NodePorts.Last;

    private static bool IsWildcard(ExternalFrontend<TAddress> frontend) => frontend.Address.Equals(default);

    private static IPNetwork Only(TAddress address) => new(FieldParser.From(address), HostWay<TAddress>.HostBits);

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

    private static string Name(RoutingRule rule)
    {
        string where = rule.Destination is not { } to ? "the node" : rule.Family == HostWay<IPv6Address>.Family ? $"[{to.BaseAddress}]" : $"{to.BaseAddress}";
        return $"{where}:{rule.DestinationPorts!.Value.First}";
    }

    private void Refuse(ExternalFrontend<TAddress> frontend) =>
        _obstacles.Add($"frontend {frontend} is not served to this node's own processes: nothing can be led there over a device; use another address");
}
