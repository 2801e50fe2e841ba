using System.Net;
using System.Net.Sockets;
using Xdp.Interop;
using Xdp.Interop.Links;

namespace Dataplane.Control.Apply;

/// <summary>The device by which this node reaches the others.</summary>
/// <param name="Link">Its state when it was detected; <see cref="LinkInfo.Mtu"/> is the underlay's MTU.</param>
/// <param name="Address">The node's address: the one asked for, or the source of the default route.</param>
public sealed record NodeUplink(LinkInfo Link, IPAddress Address)
{
    /// <summary>Finds the device that holds <paramref name="nodeAddress"/>, or without one the device of the IPv4 default route.</summary>
    /// <exception cref="XdpException">No device holds the address, or there is no default route with a source address.</exception>
    public static NodeUplink Detect(NetlinkSocket netlink, IPAddress? nodeAddress = null)
    {
        ArgumentNullException.ThrowIfNull(netlink);
        if (nodeAddress is not null)
        {
            foreach (var address in netlink.Addresses.List())
                if (address.Address.Equals(nodeAddress) && netlink.Links.Find(address.Interface) is { } holder && (holder.Flags & LinkFlags.Loopback) == 0)
                    return new NodeUplink(holder, nodeAddress);
            throw new XdpException($"find the uplink of node address {nodeAddress}", Errno.EADDRNOTAVAIL, "no interface has this address; correct --node-ip, or name the interface by --uplink");
        }

        var routes = netlink.Routes.List(new RouteFilter { Table = RouteTableId.Main });
        foreach (var route in routes.Where(r => r.Destination.PrefixLength == 0 && r.Destination.BaseAddress.AddressFamily == AddressFamily.InterNetwork && r.Interface != 0).OrderBy(r => r.Metric))
        {
            var source = route.PreferredSource
                ?? netlink.Addresses.List(route.Interface).FirstOrDefault(a => a.Address.AddressFamily == AddressFamily.InterNetwork && a.Scope == RouteScope.Universe)?.Address;
            if (source is not null && netlink.Links.Find(route.Interface) is { } link) return new NodeUplink(link, source);
        }

        throw new XdpException("find the uplink", Errno.ENETUNREACH, "there is no IPv4 default route; name the node's address by --node-ip and the interface by --uplink");
    }
}
