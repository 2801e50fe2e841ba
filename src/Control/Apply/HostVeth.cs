using System.Net;
using System.Net.NetworkInformation;
using Dataplane.Control.Compile;
using Dataplane.Packets;
using Xdp.Interop;
using Xdp.Interop.Links;

namespace Dataplane.Control.Apply;

/// <summary>
/// The host port's veth pair, in the calling thread's namespace. Order of use as with <see cref="PodVeth"/>: <see cref="Create"/>, attach XDP and
/// bind to <see cref="PortIndex"/>, <see cref="Activate"/>. Until then the host has no route into the pair. The pair of an earlier run is taken over.
/// </summary>
public sealed class HostVeth
{
    /// <summary>Alias of both ends, by which a pair is known for ours.</summary>
    internal const string Alias = "dataplane host port";

    private HostVethSpec _spec;

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

    /// <summary>The next hop of the host's IPv6 routes into the pair. What stands for an address of the host there is <see cref="Tables.FamilyTables{TAddress}.HostPeer"/>.</summary>
    public static IPAddress NextHopV6 { get; } = IPAddress.Parse("fe80::77:1");

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
            foreach (int end in (int[])[host.Index, host.PeerIndex]) netlink.Links.SetAlias(end, Alias); // first: without it a successor refuses them
            using var here = NetworkNamespace.Current();
            Sysctl.Ensure($"ipv6/conf/{spec.PortName}/disable_ipv6", "1", here);
            if (spec.AddressV6 is null) Sysctl.Ensure($"ipv6/conf/{spec.Name}/disable_ipv6", "1", here); // what a predecessor had there goes with it
            // Loose: a remote node's own address comes in here from the overlay, although the route back to it is by the uplink.
            Sysctl.Ensure($"ipv4/conf/{spec.Name}/rp_filter", "2", here);
            Sysctl.Ensure($"ipv4/conf/{spec.PortName}/forwarding", "0", here);
            VethOffloads.TurnOff(here, spec.Name);
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
            Bring([]);
        }
        catch
        {
            if (!WasTakenOver) Remove();
            throw;
        }
    }

    /// <summary>Puts back what others have taken away since <see cref="Activate"/>.</summary>
    /// <returns>What was put back, for people.</returns>
    /// <exception cref="XdpException">As <see cref="Activate"/>; the pair stays.</exception>
    public IReadOnlyList<string> Refresh()
    {
        var done = new List<string>();
        Bring(done);
        return done;
    }

    /// <summary>Changes the MTU of the host's routes into the pair, once it is active.</summary>
    /// <param name="mtu">Bytes.</param>
    /// <exception cref="XdpException">As <see cref="Activate"/>; the pair stays.</exception>
    public void SetRouteMtu(int mtu)
    {
        _spec = _spec with { RouteMtu = mtu };
        Bring([]);
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
        if (_spec.AddressV6 is not null && Sysctl.Read("ipv6/conf/all/forwarding", here) != "1")
        {
            found.Add("net.ipv6.conf.all.forwarding is 0: pods reach nothing outside the cluster by IPv6; set it to 1 (and net.ipv6.conf.INTERFACE.accept_ra to 2 "
                + "where the node has its own default route from router advertisements)");
        }
        return found;
    }

    /// <summary>Whether the pair is gone, with the remedy, for people; null while it is there. A new pair of that name is another one: our socket is not on it.</summary>
    /// <exception cref="XdpException">The kernel does not tell.</exception>
    public string? FindLoss()
    {
        using var netlink = NetlinkSocket.Open();
        return netlink.Links.Find(HostIndex) is not null && netlink.Links.Find(PortIndex) is not null ? null
            : $"interface {_spec.Name} was removed: pods reach neither their gateway nor this node's own stack, and this node reaches no pods; restart the dataplane";
    }

    /// <summary>Removes the pair, and with it its addresses, routes, neighbours and settings. False when it was gone.</summary>
    public bool Remove() => Remove(_spec.Name);

    /// <inheritdoc cref="Remove()"/>
    public static bool Remove(string name) => PodVeth.Remove(name);

    /// <summary>The one of two devices that no dataplane has made, or null: it is not to be touched.</summary>
    /// <param name="host">What has the name of the host stack's end; null for nothing.</param>
    /// <param name="port">What has the name of the other end; null for nothing.</param>
    internal static LinkInfo? FindForeign(LinkInfo? host, LinkInfo? port)
    {
        if (host is not null && (host.Kind != "veth" || host.Alias != Alias)) return host;
        if (port is null || port.Kind == "veth" && port.Alias == Alias) return null;
        return host is not null && host.PeerIndex == port.Index && host.PeerNamespaceId is null ? null : port; // earlier versions named one end only
    }

    /// <summary>Why a device is none of ours, for people.</summary>
    internal static string WhyForeign(LinkInfo link) =>
        link.Kind == "veth" ? $"{link.Name} is not a host port of a dataplane (those have the alias \"{Alias}\")" : $"{link.Name} is of kind {link.Kind ?? "hardware"}, not a host port of a dataplane";

    private static LinkInfo? FindExisting(NetlinkSocket netlink, HostVethSpec spec)
    {
        var host = netlink.Links.Find(spec.Name);
        var port = netlink.Links.Find(spec.PortName);
        if (FindForeign(host, port) is { } foreign)
            throw new XdpException($"take over {foreign.Name}", Errno.EEXIST, $"{WhyForeign(foreign)}; choose another --host-port, or rename or delete it");

        if (host is not null && port is not null && host.PeerIndex == port.Index && host.PeerNamespaceId is null
            && host.MacAddress.Equals(spec.HostMac) && port.MacAddress.Equals(spec.GatewayMac)
            && host.RxQueues == spec.Queues && port.RxQueues == spec.Queues && host.Mtu == spec.DeviceMtu && port.Mtu == spec.DeviceMtu)
            return host;
        // Half a pair, or one made with other settings: its connections cannot be kept.
        if (host is not null) netlink.Links.Delete(host.Index);
        if (port is not null) netlink.Links.Delete(port.Index);
        return null;
    }

    private void Bring(List<string> done)
    {
        using var netlink = NetlinkSocket.Open();
        if (_spec.AddressV6 is not null) EnableV6(done);
        if (netlink.Links.Find(HostIndex) is not { IsUp: true })
        {
            netlink.Links.SetUp(HostIndex);
            done.Add($"{_spec.Name}, which was down");
        }
        Of<IPv4Address>(_spec.Address).Bring(netlink, HostIndex, GatewayMac, done);
        if (_spec.AddressV6 is { } v6) Of<IPv6Address>(v6).Bring(netlink, HostIndex, GatewayMac, done);
    }

    private HostAddressing<TAddress> Of<TAddress>(IPAddress address)
        where TAddress : unmanaged, IIpAddress<TAddress> =>
        new(_spec.Name, address, [.. _spec.ClusterCidrs.Concat(_spec.ServiceCidrs).Where(FieldParser.IsOf<TAddress>)], _spec.RouteMtu);

    // No link-local address, and nobody is asked for routes: only what is configured here is on this link.
    private void EnableV6(List<string> done)
    {
        foreach (var (key, value) in ((string, string)[])[("addr_gen_mode", "1"), ("accept_ra", "0"), ("accept_dad", "0"), ("dad_transmits", "0"), ("disable_ipv6", "0")])
            if (Sysctl.Ensure($"ipv6/conf/{_spec.Name}/{key}", value)) done.Add($"setting net.ipv6.conf.{_spec.Name}.{key} = {value}");
    }
}
