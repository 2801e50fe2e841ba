using System.Net;
using System.Net.NetworkInformation;
using Xdp.Interop;
using Xdp.Interop.Links;

namespace Dataplane.Control.Apply;

/// <summary>
/// The host port's veth pair, in the calling thread's namespace. Order of use as with <see cref="PodVeth"/>: <see cref="Create"/>, attach XDP and
/// bind to <see cref="PortIndex"/>, <see cref="Activate"/>. Until then the host has no route into the pair. The pair of an earlier run is taken over.
/// </summary>
public sealed class HostVeth
{
    /// <summary>Alias of the host stack's end, by which a pair is known for ours.</summary>
    internal const string Alias = "dataplane host port";

    private const int IpAndTcpHeaders = 40; // bytes

    private readonly HostVethSpec _spec;

    private HostVeth(HostVethSpec spec, int hostIndex, int portIndex, bool takenOver)
    {
        _spec = spec;
        HostIndex = hostIndex;
        PortIndex = portIndex;
        WasTakenOver = takenOver;
    }

    /// <summary>
    /// The next hop of the host's routes into the pair, a permanent neighbour behind <see cref="HostVethSpec.GatewayMac"/>. It is link-local and means
    /// something in this pair only. The host routes it here as well, so the dataplane can use it as a source address towards the host stack whenever
    /// the true source is an address of the host itself, which the kernel would refuse as martian and answer over loopback.
    /// </summary>
    public static IPAddress NextHop { get; } = IPAddress.Parse("169.254.77.1");

    /// <summary>Interface index of the end that stays with the host stack.</summary>
    public int HostIndex { get; }

    /// <summary>Interface index of the end for XDP.</summary>
    public int PortIndex { get; }

    /// <summary>Destination address of frames for the host stack.</summary>
    public PhysicalAddress HostMac => _spec.HostMac!;

    /// <summary>Source address of frames for the host stack.</summary>
    public PhysicalAddress GatewayMac => _spec.GatewayMac!;

    /// <summary>The pair was there already.</summary>
    public bool WasTakenOver { get; }

    /// <summary>Makes the pair, or takes over the one that is there. On failure nothing new is left behind.</summary>
    /// <exception cref="XdpException">The message names the step, the object and the remedy.</exception>
    public static HostVeth Create(HostVethSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var bytes = spec.Address.GetAddressBytes();
        spec = spec with
        {
            GatewayMac = spec.GatewayMac ?? new PhysicalAddress([0x0e, 0x58, .. bytes]),
            HostMac = spec.HostMac ?? new PhysicalAddress([0x0a, 0x58, .. bytes]),
        };

        using var netlink = NetlinkSocket.Open();
        var host = FindExisting(netlink, spec);
        var created = host is null;
        try
        {
            host ??= netlink.Links.CreateVeth(new VethSpec
            {
                Name = spec.Name, MacAddress = spec.HostMac, Mtu = spec.DeviceMtu, Queues = spec.Queues,
                PeerName = spec.PortName, PeerMacAddress = spec.GatewayMac, PeerMtu = spec.DeviceMtu,
            });
            using var here = NetworkNamespace.Current();
            foreach (var name in (string[])[spec.Name, spec.PortName]) Sysctl.Ensure($"ipv6/conf/{name}/disable_ipv6", "1", here);
            // Loose: a remote node's own address comes in here from the overlay, although the route back to it is by the uplink.
            Sysctl.Ensure($"ipv4/conf/{spec.Name}/rp_filter", "2", here);
            Sysctl.Ensure($"ipv4/conf/{spec.PortName}/forwarding", "0", here);
            VethOffloads.TurnOff(here, spec.Name);
            netlink.Links.SetAlias(host.Index, Alias);
            netlink.Links.SetUp(host.PeerIndex);
            return new HostVeth(spec, host.Index, host.PeerIndex, takenOver: !created);
        }
        catch
        {
            if (created) Remove(spec.Name);
            throw;
        }
    }

    /// <summary>Sets the host's end up, with its address, neighbour and routes; routes of ours that are no longer wanted go.</summary>
    /// <exception cref="XdpException">E.g. a route to one of the prefixes exists that is not ours. The pair is removed then, unless it was taken over.</exception>
    public void Activate()
    {
        try
        {
            using var netlink = NetlinkSocket.Open();
            netlink.Links.SetUp(HostIndex);
            foreach (var old in netlink.Addresses.List(HostIndex))
                if (!old.Address.Equals(_spec.Address)) netlink.Addresses.Delete(HostIndex, old.Address, old.PrefixLength);
            netlink.Addresses.Add(HostIndex, _spec.Address, 32);
            netlink.Neighbors.Replace(HostIndex, NextHop, GatewayMac);
            SetRoutes(netlink);
        }
        catch
        {
            if (!WasTakenOver) Remove();
            throw;
        }
    }

    /// <summary>What the node's settings, which are not ours to change, keep from working; one sentence each with the remedy.</summary>
    public IReadOnlyList<string> FindObstacles()
    {
        using var here = NetworkNamespace.Current();
        var found = new List<string>();
        if (Sysctl.Read("ipv4/ip_forward", here) == "0")
            found.Add("net.ipv4.ip_forward is 0: pods reach nothing outside the cluster; set it to 1");
        else if (Sysctl.Read($"ipv4/conf/{_spec.Name}/forwarding", here) == "0")
            found.Add($"net.ipv4.conf.{_spec.Name}.forwarding is 0: pods reach nothing outside the cluster; set it to 1");
        return found;
    }

    /// <summary>Removes the pair, and with it its addresses, routes, neighbours and settings. False when it was gone.</summary>
    public bool Remove() => Remove(_spec.Name);

    /// <inheritdoc cref="Remove()"/>
    public static bool Remove(string name) => PodVeth.Remove(name);

    /// <summary>Whether a route is one to an address of a service (see <see cref="HostFrontends"/>), and not to one of the cluster's prefixes.</summary>
    internal static bool IsToFrontend(Route route, int hostIndex) =>
        route.Protocol == RouteProtocol.Dataplane && route.Table == RouteTableId.Main && route.Interface == hostIndex
        && route.Destination.PrefixLength == 32 && NextHop.Equals(route.Gateway);

    private static LinkInfo? FindExisting(NetlinkSocket netlink, HostVethSpec spec)
    {
        var host = netlink.Links.Find(spec.Name);
        var port = netlink.Links.Find(spec.PortName);
        foreach (var link in (LinkInfo?[])[host, port])
        {
            if (link is not null && link.Kind != "veth")
                throw new XdpException($"take over {link.Name}", Errno.EEXIST, $"it is of kind {link.Kind ?? "hardware"}, not a veth of ours; rename or delete it");
        }

        if (host is not null && port is not null && host.PeerIndex == port.Index && host.PeerNamespaceId is null
            && host.MacAddress.Equals(spec.HostMac) && port.MacAddress.Equals(spec.GatewayMac)
            && host.RxQueues == spec.Queues && port.RxQueues == spec.Queues && host.Mtu == spec.DeviceMtu && port.Mtu == spec.DeviceMtu)
            return host;
        // Half a pair, or one made with other settings: its connections cannot be kept.
        if (host is not null) netlink.Links.Delete(host.Index);
        if (port is not null) netlink.Links.Delete(port.Index);
        return null;
    }

    private void SetRoutes(NetlinkSocket netlink)
    {
        var link = new Route { Destination = new IPNetwork(NextHop, 32), Interface = HostIndex, Scope = RouteScope.Link, PreferredSource = _spec.Address, Mtu = _spec.RouteMtu };
        List<Route> wanted =
        [
            link,
            .. _spec.ClusterCidrs.Concat(_spec.ServiceCidrs).Distinct().Select(cidr => link with
            {
                Destination = cidr,
                Scope = RouteScope.Universe,
                Gateway = NextHop,
                AdvertisedMss = _spec.RouteMtu - IpAndTcpHeaders,
            }),
        ];

        var existing = netlink.Routes.List(new RouteFilter { Table = RouteTableId.Main });
        foreach (var route in wanted)
        {
            // Replacing would destroy what somebody else relies on, and removing ours later would not bring it back.
            if (existing.FirstOrDefault(r => r.Destination.Equals(route.Destination) && r.Metric == 0 && r.Protocol != RouteProtocol.Dataplane) is { } foreign)
                throw new XdpException($"route {route.Destination} to {_spec.Name}", Errno.EEXIST, $"a route of protocol {(int)foreign.Protocol} by link {foreign.Interface} covers the same prefix; remove it (another network plugin?)");
            netlink.Routes.Replace(route);
        }

        foreach (var stale in existing)
            if (stale.Protocol == RouteProtocol.Dataplane && stale.Interface == HostIndex && !IsToFrontend(stale, HostIndex) && !wanted.Exists(w => w.Destination.Equals(stale.Destination)))
                netlink.Routes.Delete(stale);
    }
}
