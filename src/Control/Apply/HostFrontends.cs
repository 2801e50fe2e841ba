using System.Globalization;
using Dataplane.Packets;
using Xdp.Interop;
using Xdp.Interop.Links;

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

    // Accepted connections of both families keep the mark; what is answered without a connection has a setting for each.
    private const string AcceptMark = "ipv4/tcp_fwmark_accept", ReflectMark = "ipv4/fwmark_reflect", ReflectMarkV6 = "ipv6/fwmark_reflect";

    // From the device: of local sources (answers of frontends at this node's addresses), and checked by the way that marked answers go. IPv6 does not check.
    private static readonly string[] DeviceSettings = ["accept_local", "src_valid_mark"];

    private readonly string _hostPort;
    private readonly string _stateDirectory;
    private readonly FrontendRouting<IPv4Address> _routing;
    private readonly FrontendRouting<IPv6Address> _routingV6;
    private readonly List<string> _obstacles = [];
    private HostFrontendsSpec<IPv4Address>? _spec;
    private HostFrontendsSpec<IPv6Address>? _specV6;
    private HostFrontendsPlan<IPv4Address>? _plan;
    private HostFrontendsPlan<IPv6Address> _planV6 = HostFrontendsPlan<IPv6Address>.Empty;
    private int _hostIndex;
    private bool _isKnown; // whether the kernel has the above

    /// <param name="hostPort">Name of the host stack's end of the pair.</param>
    /// <param name="stateDirectory">Where it is noted what was changed.</param>
    public HostFrontends(string hostPort, string stateDirectory)
    {
        _hostPort = hostPort;
        _stateDirectory = stateDirectory;
        _routing = new(hostPort);
        _routingV6 = new(hostPort);
    }

    /// <summary>What leads answers back.</summary>
    internal static RoutingRule ReplyRule { get; } =
        new() { Priority = ReplyPriority, InputInterface = "lo", Mark = Mark, MarkMask = MarkMask, Table = HostPortTable };

    /// <summary>Brings rules, routes and settings up to date. What is there already is not touched; new things come before stale ones go.</summary>
    /// <param name="spec">What is wanted of IPv4.</param>
    /// <param name="specV6">What is wanted of IPv6; null where the cluster has none: what a predecessor left of it goes.</param>
    /// <exception cref="XdpException">The kernel refused something. What was done until then stays, and the next call continues.</exception>
    public void Apply(HostFrontendsSpec<IPv4Address> spec, HostFrontendsSpec<IPv6Address>? specV6 = null)
    {
        ArgumentNullException.ThrowIfNull(spec);
        if (_isKnown && spec.IsSameAs(_spec) && (specV6 is null ? _specV6 is null : specV6.IsSameAs(_specV6))) return;
        using var netlink = NetlinkSocket.Open();
        int index = netlink.Links.Get(_hostPort).Index;
        var plan = HostFrontendsPlan<IPv4Address>.Make(spec, index, _routing.Rules);
        var planV6 = specV6 is null ? HostFrontendsPlan<IPv6Address>.Empty : HostFrontendsPlan<IPv6Address>.Make(specV6, index, _routingV6.Rules);
        bool isNew = !_isKnown || index != _hostIndex || _plan is null || !plan.IsSameAs(_plan) || !planV6.IsSameAs(_planV6)
            || _spec is null || _spec.NodePorts != spec.NodePorts || _spec.NatPorts != spec.NatPorts;
        (_spec, _specV6, _plan, _planV6, _hostIndex) = (spec, specV6, plan, planV6, index);
        if (isNew) Bring(netlink, []);
    }

    /// <summary>Looks at what the kernel has and repairs what others have changed. Nothing before the first <see cref="Apply"/>.</summary>
    /// <returns>What was missing, for people.</returns>
    /// <exception cref="XdpException">As <see cref="Apply"/>.</exception>
    public IReadOnlyList<string> Refresh()
    {
        if (_plan is null) return [];
        using var netlink = NetlinkSocket.Open();
        int index = netlink.Links.Get(_hostPort).Index;
        if (index != _hostIndex) // somebody has made another device of that name
        {
            _isKnown = false;
            Apply(_spec!, _specV6);
            return [$"rules and routes, which led to another {_hostPort}"];
        }
        var repaired = new List<string>();
        _isKnown = false;
        Bring(netlink, repaired);
        return repaired;
    }

    /// <summary>What is left out, and what on this node stands in the way of frontends; one sentence each with the remedy.</summary>
    /// <param name="own">Ports that this dataplane itself listens on: health checks have theirs from the node port range.</param>
    public IReadOnlyList<string> FindObstacles(IReadOnlySet<ushort>? own = null)
    {
        var found = new List<string>([.. _plan?.Obstacles ?? [], .. _planV6.Obstacles, .. _routing.Obstacles, .. _routingV6.Obstacles, .. _obstacles]);
        if (_spec is not { } spec) return found;
        foreach (var listener in PortListener.List())
        {
            if (listener.Port < spec.NodePorts.First || listener.Port > spec.NodePorts.Last || own?.Contains(listener.Port) == true
                || !(listener.TakesIPv4 || _specV6 is not null && listener.TakesIPv6)) continue;
            found.Add($"a process listens on {listener}, which is within the node port range {spec.NodePorts.First}-{spec.NodePorts.Last}: once a service has this port, clients reach the service "
                + $"and not the process; let it listen elsewhere (ss -lptun 'sport = :{listener.Port}' shows which it is)");
        }
        return found;
    }

    /// <summary>Undoes everything, also what an earlier process has done: rules, routes and settings are as before. The host port itself stays.</summary>
    /// <returns>What was undone, for people; empty when there was nothing.</returns>
    /// <exception cref="XdpException">The kernel refused something; the next call continues.</exception>
    public IReadOnlyList<string> Remove()
    {
        using var netlink = NetlinkSocket.Open();
        (_spec, _specV6, _plan, _planV6, _isKnown) = (null, null, null, HostFrontendsPlan<IPv6Address>.Empty, false);
        _obstacles.Clear();
        var settings = new ChangedSettings(_stateDirectory);
        var undone = new List<string>([.. _routing.Remove(netlink, settings), .. _routingV6.Remove(netlink, settings)]);
        foreach (string setting in DeviceSettings)
            if (Sysctl.Read($"ipv4/conf/default/{setting}") is { } usual) Sysctl.Ensure($"ipv4/conf/{_hostPort}/{setting}", usual);
        undone.AddRange(settings.Restore());
        return undone;
    }

    private void Bring(NetlinkSocket netlink, List<string> done)
    {
        if (!_isKnown)
        {
            _routing.Read(netlink);
            _routingV6.Read(netlink);
        }
        _isKnown = false;
        _obstacles.Clear();
        var settings = new ChangedSettings(_stateDirectory);
        foreach (string setting in DeviceSettings)
            if (Sysctl.Ensure($"ipv4/conf/{_hostPort}/{setting}", "1")) done.Add($"setting net.ipv4.conf.{_hostPort}.{setting} = 1");
        foreach (string setting in _specV6 is null ? (string[])[AcceptMark, ReflectMark] : [AcceptMark, ReflectMark, ReflectMarkV6])
            if (settings.Set(setting, "1")) done.Add($"setting net.{setting.Replace('/', '.')} = 1");
        if (_specV6 is null) settings.PutBack(ReflectMarkV6);
        ReservePorts(settings, _spec!, done);
        _routing.Bring(netlink, _plan!, settings, done);
        _routingV6.Bring(netlink, _planV6, settings, done);
        _isKnown = true;
    }

    // Of one family's spec: the setting is for both, and so are the ranges.
    private void ReservePorts(ChangedSettings settings, HostFrontendsSpec<IPv4Address> spec, List<string> done)
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
        if (settings.Reserve(wanted)) done.Add($"reservation of ports {wanted}");
    }
}
