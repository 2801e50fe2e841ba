using System.Net;
using Dataplane.Packets;
using Xdp.Interop;
using Xdp.Interop.Links;

namespace Dataplane.Control.Apply;

/// <summary>The rules and routes of one family that <see cref="HostFrontends"/> has in the kernel, and how they become those of a plan. One caller at a time.</summary>
internal sealed class FrontendRouting<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private const string Moved = "moved", Taken = "taken"; // in ChangedSettings; taken: another one was there

    private static readonly bool IsV6 = TAddress.ByteLength == IPv6Address.Size;
    private static readonly string LocalRuleNote = IsV6 ? "rule-local-v6" : "rule-local"; // in ChangedSettings

    private readonly string _hostPort;
    private readonly List<string> _obstacles = [];
    private HashSet<RoutingRule> _rules = [];
    private HashSet<Route> _routes = [];

    /// <param name="hostPort">Name of the host stack's end of the pair.</param>
    public FrontendRouting(string hostPort) => _hostPort = hostPort;

    /// <summary>Rules that the kernel has, as far as known.</summary>
    public IReadOnlySet<RoutingRule> Rules => _rules;

    /// <summary>What is left out because of others, for people.</summary>
    public IReadOnlyList<string> Obstacles => _obstacles;

    private static RoutingRule KernelsLocalRule { get; } =
        new() { Family = HostWay<TAddress>.Family, Priority = 0, Table = RouteTableId.Local, Protocol = RouteProtocol.Kernel };

    /// <summary>Learns what is ours: by owner, and by place, since the owner's number is not registered anywhere.</summary>
    public void Read(NetlinkSocket netlink)
    {
        _rules = [.. netlink.Rules.List(HostWay<TAddress>.Family).Where(rule => rule.Protocol == RouteProtocol.Dataplane
            && rule.Priority is HostFrontends.NodePortPriority or HostFrontends.FrontendPriority or HostFrontends.ReplyPriority
            && rule.Table is HostFrontends.NodePortTable or HostFrontends.HostPortTable && !rule.HasMore)];
        int index = netlink.Links.Find(_hostPort)?.Index ?? 0;
        _routes = [.. netlink.Routes.List(new RouteFilter { Protocol = RouteProtocol.Dataplane }).Where(route => HostWay<TAddress>.IsOf(route)
            && (route.Table is HostFrontends.NodePortTable or HostFrontends.HostPortTable || HostWay<TAddress>.IsToFrontend(route, index)))];
    }

    /// <summary>Makes what was read, or made before, what is wanted. New things come before stale ones go.</summary>
    /// <param name="netlink">In the node's namespace.</param>
    /// <param name="plan">What is wanted.</param>
    /// <param name="settings">Notes where the local table's rule was.</param>
    /// <param name="done">What had to be done is added, for people.</param>
    /// <exception cref="XdpException">The kernel refused something; it is to be read again.</exception>
    public void Bring(NetlinkSocket netlink, HostFrontendsPlan<TAddress> plan, ChangedSettings settings, List<string> done)
    {
        _obstacles.Clear();
        AddRoutes(netlink, plan, done);
        if (plan.NeedsLocalRuleMoved) MoveLocalRule(netlink, settings, done);
        foreach (var rule in plan.Rules.Except(_rules).ToList())
        {
            netlink.Rules.Add(rule);
            _rules.Add(rule);
            done.Add($"rule {rule}");
        }
        foreach (var stale in _rules.Except(plan.Rules).ToList()) // after the new ones are there
        {
            netlink.Rules.Delete(stale);
            _rules.Remove(stale);
        }
        if (!plan.NeedsLocalRuleMoved) PutLocalRuleBack(netlink, settings);
        var wanted = plan.Routes.Select(Key).ToHashSet();
        foreach (var stale in _routes.Where(route => !wanted.Contains(Key(route))).ToList())
        {
            netlink.Routes.Delete(stale);
            _routes.Remove(stale);
        }
    }

    /// <summary>Takes all of it away, also what an earlier process has made.</summary>
    /// <returns>What was undone, for people.</returns>
    public IReadOnlyList<string> Remove(NetlinkSocket netlink, ChangedSettings settings)
    {
        _obstacles.Clear();
        Read(netlink);
        var undone = new List<string>([.. _rules.Select(rule => $"rule {rule}"), .. _routes.Select(route => $"route {route}")]);
        foreach (var rule in _rules) netlink.Rules.Delete(rule);
        if (PutLocalRuleBack(netlink, settings)) undone.Add($"place of the {(IsV6 ? "IPv6 " : "")}local table's rule, which is at priority 0 again");
        foreach (var route in _routes) netlink.Routes.Delete(route);
        (_rules, _routes) = ([], []);
        return undone;
    }

    private void AddRoutes(NetlinkSocket netlink, HostFrontendsPlan<TAddress> plan, List<string> done)
    {
        var missing = plan.Routes.Except(_routes).ToList();
        if (missing.Count == 0) return;
        var foreign = netlink.Routes.List(new RouteFilter { Table = RouteTableId.Main }).Where(route => route.Protocol != RouteProtocol.Dataplane && HostWay<TAddress>.IsOf(route)).ToList();
        var taken = foreign.Select(route => route.Destination).ToHashSet();
        var nextHops = foreign.Select(route => route.Gateway).OfType<IPAddress>().ToHashSet();
        foreach (var route in missing)
        {
            if (route.Table == RouteTableId.Main && (taken.Contains(route.Destination) || nextHops.Contains(route.Destination.BaseAddress)))
            {
                _obstacles.Add(taken.Contains(route.Destination)
                    ? $"a route of somebody else leads to {route.Destination}, a service's address: it stays, and this node's own processes do not reach the service there; remove the route"
                    : $"{route.Destination.BaseAddress}, a service's address, is the next hop of a route of this node: its own processes do not reach the service there; use another address");
                continue;
            }
            netlink.Routes.Replace(route);
            _routes.RemoveWhere(old => Key(old) == Key(route));
            _routes.Add(route);
            done.Add($"route {route}");
        }
    }

    private void MoveLocalRule(NetlinkSocket netlink, ChangedSettings settings, List<string> done)
    {
        var local = netlink.Rules.List(HostWay<TAddress>.Family).Where(IsLocal).ToList();
        if (local.Find(rule => rule.Priority <= HostFrontends.ReplyPriority && rule.Priority != 0) is { } early)
        {
            _obstacles.Add($"the rule \"{early}\" comes before ours: this node's own processes reach no node port at its own addresses; move it to a priority above {HostFrontends.ReplyPriority}");
            return;
        }
        var first = local.FindAll(rule => rule.Priority == 0);
        bool mustAdd = !local.Exists(rule => rule.Priority > HostFrontends.ReplyPriority);
        if (first.Count == 0 && !mustAdd) return;
        // Of protocol "kernel": network daemons remove rules of owners that they do not know, and without this one the node would be deaf.
        if (settings[LocalRuleNote].Length == 0) settings[LocalRuleNote] = mustAdd ? Moved : Taken;
        if (mustAdd) netlink.Rules.Add(KernelsLocalRule with { Priority = HostFrontends.LocalPriority });
        foreach (var rule in first) netlink.Rules.Delete(rule);
        done.Add($"place of the {(IsV6 ? "IPv6 " : "")}local table's rule behind ours");
    }

    private static bool PutLocalRuleBack(NetlinkSocket netlink, ChangedSettings settings)
    {
        string note = settings[LocalRuleNote];
        if (note.Length == 0) return false;
        netlink.Rules.Add(KernelsLocalRule);
        if (note == Moved) netlink.Rules.Delete(KernelsLocalRule with { Priority = HostFrontends.LocalPriority });
        settings[LocalRuleNote] = "";
        return true;
    }

    private static bool IsLocal(RoutingRule rule) => rule == KernelsLocalRule with { Priority = rule.Priority, Protocol = rule.Protocol };

    private static (uint Table, IPNetwork Destination) Key(Route route) => (route.Table, route.Destination);
}
