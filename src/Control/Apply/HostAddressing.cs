using System.Net;
using System.Net.NetworkInformation;
using Dataplane.Packets;
using Xdp.Interop;
using Xdp.Interop.Links;

namespace Dataplane.Control.Apply;

/// <summary>What the host stack's end of the host port has of one family: its address, the neighbour behind it, and the routes of the cluster's prefixes.</summary>
/// <param name="Device">Name of the host stack's end.</param>
/// <param name="Address">The host port's address.</param>
/// <param name="Prefixes">What is routed into the pair.</param>
/// <param name="RouteMtu">Bytes.</param>
internal sealed record HostAddressing<TAddress>(string Device, IPAddress Address, IReadOnlyList<IPNetwork> Prefixes, int RouteMtu)
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private static IPAddress NextHop => HostWay<TAddress>.NextHop;

    /// <summary>Makes it so. What is right already is not touched; routes of ours that are no longer wanted go.</summary>
    /// <param name="netlink">In the node's namespace; the device is up.</param>
    /// <param name="hostIndex">Index of the device.</param>
    /// <param name="neighborMac">Ethernet address of the pair's other end.</param>
    /// <param name="done">What had to be done is added, for people.</param>
    /// <exception cref="XdpException">E.g. a route to one of the prefixes exists that is not ours.</exception>
    public void Bring(NetlinkSocket netlink, int hostIndex, PhysicalAddress neighborMac, List<string> done)
    {
        SetAddress(netlink, hostIndex, done);
        if (netlink.Neighbors.Find(hostIndex, NextHop) is not { State: NeighborState.Permanent } neighbor || !neighborMac.Equals(neighbor.MacAddress))
        {
            netlink.Neighbors.Replace(hostIndex, NextHop, neighborMac);
            done.Add($"neighbour {NextHop} of {Device}");
        }
        SetRoutes(netlink, hostIndex, done);
    }

    private void SetAddress(NetlinkSocket netlink, int hostIndex, List<string> done)
    {
        foreach (var old in netlink.Addresses.List(hostIndex))
        {
            if (old.Address.AddressFamily == HostWay<TAddress>.Family && !old.Address.Equals(Address)) netlink.Addresses.Delete(hostIndex, old.Address, old.PrefixLength);
        }
        // Usable at once: routes need it as their source, and nobody else on the link could have it.
        var address = new InterfaceAddress { Interface = hostIndex, Address = Address, PrefixLength = HostWay<TAddress>.HostBits, NoDuplicateDetection = Address.AddressFamily == HostWay<IPv6Address>.Family };
        if (!netlink.Addresses.Add(address)) return;
        netlink.Routes.WaitUntilLocal(Address, Patience);
        done.Add($"address {Address} of {Device}");
    }

    private void SetRoutes(NetlinkSocket netlink, int hostIndex, List<string> done)
    {
        var wanted = Prefixes.Distinct().Select(prefix => HostWay<TAddress>.To(prefix, hostIndex, Address, RouteMtu)).ToList();
        // IPv6's next hop is a link-local address, which needs no route.
        if (HostWay<TAddress>.Family == HostWay<IPv4Address>.Family)
            wanted.Insert(0, new Route { Destination = new IPNetwork(NextHop, 32), Interface = hostIndex, Scope = RouteScope.Link, PreferredSource = Address, Mtu = RouteMtu });

        var existing = netlink.Routes.List(new RouteFilter { Table = RouteTableId.Main }).Where(HostWay<TAddress>.IsOf).ToList();
        foreach (var route in wanted)
        {
            if (existing.Contains(route)) continue;
            // Replacing would destroy what somebody else relies on, and removing ours later would not bring it back.
            if (existing.Find(r => r.Destination.Equals(route.Destination) && r.Metric == route.Metric && r.Protocol != RouteProtocol.Dataplane) is { } foreign)
                throw new XdpException($"route {route.Destination} to {Device}", Errno.EEXIST, $"a route of protocol {(int)foreign.Protocol} by link {foreign.Interface} covers the same prefix; remove it (another network plugin?)");
            netlink.Routes.Replace(route);
            done.Add($"route {route}");
        }

        foreach (var stale in existing)
        {
            if (stale.Protocol == RouteProtocol.Dataplane && stale.Interface == hostIndex && !HostWay<TAddress>.IsToFrontend(stale, hostIndex)
                && !wanted.Exists(w => w.Destination.Equals(stale.Destination) && w.Metric == stale.Metric))
                netlink.Routes.Delete(stale);
        }
    }
}
