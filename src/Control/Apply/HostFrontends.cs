using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Dataplane.Packets;
using Xdp.Interop;
using Xdp.Interop.Links;

using Dataplane.Control.Compile;

namespace Dataplane.Control.Apply;

/// <summary>
/// Makes the node's own stack send what it addresses to service frontends into the host port, and lead the answers of connections that it accepted
/// from there back into it, whoever the client is. Addresses are not changed by the node's stack, so its processes see the frontend as their peer.
/// <para>
/// For that, packets to addresses of this node must pass our rules before the kernel takes them for its own: the rule of the local table moves from priority 0
/// to <see cref="LocalPriority"/>, while there is something to be led. Answers are known by the mark that the host port's socket puts on
/// everything it delivers (<see cref="XskSocketOptions.Mark"/>) and accepted connections inherit.
/// </para>
/// <para>
/// All of it stays when the process ends; a successor takes it over. Works in the calling thread's network namespace, on a host port that is active. One
/// caller at a time.
/// </para>
/// </summary>
internal sealed class HostFrontends
{
    /// <summary>Routing tables of our own: this node's addresses, and everything.</summary>
    public const uint NodePortTable = 4977, HostPortTable = 4978;

    /// <summary>Priorities of our rules: the node port range, single frontends, answers; and where the local table's rule is moved to.</summary>
    public const uint NodePortPriority = 50, FrontendPriority = 51, ReplyPriority = 60, LocalPriority = 100;

    /// <summary>Mark of what the host port delivers, and the bits of a mark that it takes.</summary>
    public const uint Mark = 0x0044_0000, MarkMask = 0x00ff_0000;

    private const int LeastEphemeralPorts = 4096;
    private const string LocalRuleNote = "rule-local", Moved = "moved", Taken = "taken"; // in ChangedSettings; taken: another one was there
    private const string AcceptMark = "ipv4/tcp_fwmark_accept", ReflectMark = "ipv4/fwmark_reflect";

    // From the device: of local sources (answers of frontends at this node's addresses), and checked by the way that marked answers go.
    private static readonly string[] DeviceSettings = ["accept_local", "src_valid_mark"];

    private readonly string _hostPort;
    private readonly string _stateDirectory;
    private readonly List<string> _obstacles = [];
    private HostFrontendsSpec? _spec;
    private HostFrontendsPlan? _plan;
    private HashSet<RoutingRule> _rules = [];
    private HashSet<Route> _routes = [];
    private int _hostIndex;
    private bool _isKnown; // whether the above is what the kernel has

    /// <param name="hostPort">Name of the host stack's end of the pair.</param>
    /// <param name="stateDirectory">Where it is noted what was changed.</param>
    public HostFrontends(string hostPort, string stateDirectory)
    {
        _hostPort = hostPort;
        _stateDirectory = stateDirectory;
    }

    /// <summary>What leads answers back.</summary>
    internal static RoutingRule ReplyRule { get; } =
        new() { Priority = ReplyPriority, InputInterface = "lo", Mark = Mark, MarkMask = MarkMask, Table = HostPortTable };

    private static RoutingRule KernelsLocalRule { get; } = new() { Priority = 0, Table = RouteTableId.Local, Protocol = RouteProtocol.Kernel };

    /// <summary>Brings rules, routes and settings up to date. What is there already is not touched; new things come before stale ones go.</summary>
    /// <exception cref="XdpException">The kernel refused something. What was done until then stays, and the next call continues.</exception>
    public void Apply(HostFrontendsSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        if (_isKnown && _spec?.IsSameAs(spec) == true) return;
        using var netlink = NetlinkSocket.Open();
        int index = netlink.Links.Get(_hostPort).Index;
        var plan = HostFrontendsPlan.Make(spec, index, _rules);
        bool isNew = !_isKnown || index != _hostIndex || _plan is null || !plan.IsSameAs(_plan)
            || _spec is null || _spec.NodePorts != spec.NodePorts || _spec.NatPorts != spec.NatPorts;
        (_spec, _plan, _hostIndex) = (spec, plan, index);
        if (isNew) Bring(netlink, spec, plan);
    }

    /// <summary>Looks at what the kernel has and repairs what others have changed. Nothing before the first <see cref="Apply"/>.</summary>
    /// <exception cref="XdpException">As <see cref="Apply"/>.</exception>
    public void Refresh()
    {
        if (_spec is not { } spec) return;
        _isKnown = false;
        Apply(spec);
    }

    /// <summary>What is left out, and what on this node stands in the way of frontends; one sentence each with the remedy.</summary>
    /// <param name="own">Ports that this dataplane itself listens on: health checks have theirs from the node port range.</param>
    public IReadOnlyList<string> FindObstacles(IReadOnlySet<ushort>? own = null)
    {
        var found = new List<string>([.. _plan?.Obstacles ?? [], .. _obstacles]);
        if (_spec is not { } spec) return found;
        foreach (var (address, port, protocol) in PortListener.List())
        {
            if (port < spec.NodePorts.First || port > spec.NodePorts.Last || own?.Contains(port) == true || (address != default && address.IsLoopback)) continue;
            string name = new ExternalFrontend<IPv4Address>(address, port, protocol).ToString();
            found.Add($"a process listens on {name}, which is within the node port range {spec.NodePorts.First}-{spec.NodePorts.Last}: once a service has this port, clients reach the service "
                + $"and not the process; let it listen elsewhere (ss -lptun 'sport = :{port}' shows which it is)");
        }
        return found;
    }

    /// <summary>Undoes everything, also what an earlier process has done: rules, routes and settings are as before. The host port itself stays.</summary>
    /// <returns>What was undone, for people; empty when there was nothing.</returns>
    /// <exception cref="XdpException">The kernel refused something; the next call continues.</exception>
    public IReadOnlyList<string> Remove()
    {
        using var netlink = NetlinkSocket.Open();
        (_spec, _plan, _isKnown) = (null, null, false);
        _obstacles.Clear();
        var settings = new ChangedSettings(_stateDirectory);
        Read(netlink);
        var undone = new List<string>([.. _rules.Select(rule => $"rule {rule}"), .. _routes.Select(route => $"route {route}")]);
        foreach (var rule in _rules) netlink.Rules.Delete(rule);
        if (PutLocalRuleBack(netlink, settings)) undone.Add("place of the local table's rule, which is at priority 0 again");
        foreach (var route in _routes) netlink.Routes.Delete(route);
        foreach (string setting in DeviceSettings)
            if (Sysctl.Read($"ipv4/conf/default/{setting}") is { } usual) Sysctl.Ensure($"ipv4/conf/{_hostPort}/{setting}", usual);
        undone.AddRange(settings.Restore());
        (_rules, _routes) = ([], []);
        return undone;
    }

    private void Bring(NetlinkSocket netlink, HostFrontendsSpec spec, HostFrontendsPlan plan)
    {
        if (!_isKnown) Read(netlink);
        _isKnown = false;
        _obstacles.Clear();
        var settings = new ChangedSettings(_stateDirectory);
        foreach (string setting in DeviceSettings) Sysctl.Ensure($"ipv4/conf/{_hostPort}/{setting}", "1");
        settings.Set(AcceptMark, "1");
        settings.Set(ReflectMark, "1");
        ReservePorts(settings, spec);

        AddRoutes(netlink, plan);
        if (plan.NeedsLocalRuleMoved) MoveLocalRule(netlink, settings);
        foreach (var rule in plan.Rules.Except(_rules).ToList())
        {
            netlink.Rules.Add(rule);
            _rules.Add(rule);
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
        _isKnown = true;
    }

    /// <summary>Learns what is ours: by owner, and by place, since the owner's number is not registered anywhere.</summary>
    private void Read(NetlinkSocket netlink)
    {
        _rules = [.. netlink.Rules.List(AddressFamily.InterNetwork).Where(rule => rule.Protocol == RouteProtocol.Dataplane
            && rule.Priority is NodePortPriority or FrontendPriority or ReplyPriority && rule.Table is NodePortTable or HostPortTable && !rule.HasMore)];
        int index = netlink.Links.Find(_hostPort)?.Index ?? 0;
        _routes = [.. netlink.Routes.List(new RouteFilter { Protocol = RouteProtocol.Dataplane }).Where(route =>
            route.Table is NodePortTable or HostPortTable || HostVeth.IsToFrontend(route, index))];
    }

    private void AddRoutes(NetlinkSocket netlink, HostFrontendsPlan plan)
    {
        var missing = plan.Routes.Except(_routes).ToList();
        if (missing.Count == 0) return;
        var foreign = netlink.Routes.List(new RouteFilter { Table = RouteTableId.Main }).Where(route => route.Protocol != RouteProtocol.Dataplane).ToList();
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
        }
    }

    private void MoveLocalRule(NetlinkSocket netlink, ChangedSettings settings)
    {
        var local = netlink.Rules.List(AddressFamily.InterNetwork).Where(IsLocal).ToList();
        if (local.Find(rule => rule.Priority <= ReplyPriority && rule.Priority != 0) is { } early)
        {
            _obstacles.Add($"the rule \"{early}\" comes before ours: this node's own processes reach no node port at its own addresses; move it to a priority above {ReplyPriority}");
            return;
        }
        var first = local.FindAll(rule => rule.Priority == 0);
        bool mustAdd = !local.Exists(rule => rule.Priority > ReplyPriority);
        if (first.Count == 0 && !mustAdd) return;
        // Of protocol "kernel": network daemons remove rules of owners that they do not know, and without this one the node would be deaf.
        if (settings[LocalRuleNote].Length == 0) settings[LocalRuleNote] = mustAdd ? Moved : Taken;
        if (mustAdd) netlink.Rules.Add(KernelsLocalRule with { Priority = LocalPriority });
        foreach (var rule in first) netlink.Rules.Delete(rule);
    }

    private static bool PutLocalRuleBack(NetlinkSocket netlink, ChangedSettings settings)
    {
        string note = settings[LocalRuleNote];
        if (note.Length == 0) return false;
        netlink.Rules.Add(KernelsLocalRule);
        if (note == Moved) netlink.Rules.Delete(KernelsLocalRule with { Priority = LocalPriority });
        settings[LocalRuleNote] = "";
        return true;
    }

    private static bool IsLocal(RoutingRule rule) => rule == KernelsLocalRule with { Priority = rule.Priority, Protocol = rule.Protocol };

    private void ReservePorts(ChangedSettings settings, HostFrontendsSpec spec)
    {
        var wanted = PortRanges.Empty;
        string[] ephemeral = (Sysctl.Read("ipv4/ip_local_port_range") ?? "32768 60999").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        var free = PortRanges.Of(ushort.Parse(ephemeral[0], CultureInfo.InvariantCulture), ushort.Parse(ephemeral[^1], CultureInfo.InvariantCulture)).Except(settings.ReservedByOthers());
        foreach (var (first, last) in spec.NatPorts is { } nat ? ((ushort, ushort)[])[spec.NodePorts, nat] : [spec.NodePorts])
        {
            var range = PortRanges.Of(first, last);
            var left = free.Except(range);
            if (left.Count < free.Count && left.Count < LeastEphemeralPorts)
            {
                _obstacles.Add($"ports {first}-{last} cannot be reserved: of net.ipv4.ip_local_port_range {ephemeral[0]}-{ephemeral[^1]} too few would be left for this node's own connections, "
                    + "which now may take ports of services or of translated sources; choose another range for one of them");
                continue;
            }
            free = left;
            wanted = wanted.Union(range);
        }
        settings.Reserve(wanted);
    }

    private static (uint Table, IPNetwork Destination) Key(Route route) => (route.Table, route.Destination);
}
