using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Xdp.Interop.Links;

namespace Dataplane.Control.Apply;

/// <summary>What the pod's end of a veth has of one family: an address, the gateway as a permanent neighbour, and the routes by it.</summary>
/// <param name="Address">The pod's.</param>
/// <param name="Gateway">Next hop, of the same family.</param>
/// <param name="RouteMtu">Bytes.</param>
internal sealed record PodAddressing(IPAddress Address, IPAddress Gateway, int RouteMtu)
{
    private const int TcpHeader = 20, IPv4Header = 20, IPv6Header = 40; // bytes

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private bool IsV6 => Address.AddressFamily == AddressFamily.InterNetworkV6;

    private int HostBits => IsV6 ? 128 : 32;

    /// <summary>
    /// Makes IPv6 work in the pod, whatever its defaults are, and makes it work at once: nobody else on the link could have one of its addresses, and
    /// nobody advertises routes. The pod's end is to be down still, if it is new.
    /// </summary>
    public static void EnableV6(NetworkNamespace pod, string podInterface)
    {
        foreach (var (key, value) in ((string, string)[])[
            ($"{podInterface}/accept_ra", "0"), // also ends router solicitations
            ($"{podInterface}/accept_dad", "0"), ($"{podInterface}/dad_transmits", "0"),
            ($"{podInterface}/disable_ipv6", "0"), ("lo/disable_ipv6", "0")]) // the pod reaches itself by lo
            Sysctl.Ensure("ipv6/conf/" + key, value, pod);
    }

    /// <summary>
    /// Takes away the IPv6 that an earlier run has set up in the pod, which is known by its routes. Addresses of the link stay.
    /// </summary>
    public static void RemoveV6(NetlinkSocket inPod, int podIndex)
    {
        foreach (var route in inPod.Routes.List(new RouteFilter { Protocol = RouteProtocol.Dataplane, Interface = podIndex }))
        {
            if (route.Destination.BaseAddress.AddressFamily != AddressFamily.InterNetworkV6) continue;
            inPod.Routes.Delete(route);
            if (route.Gateway is { } gateway) inPod.Neighbors.Delete(podIndex, gateway);
            if (route.PreferredSource is { } source) inPod.Addresses.Delete(podIndex, source, 128);
        }
    }

    /// <summary>Makes the address the only one of its family, but for IPv6's link-local one.</summary>
    public void SetAddress(NetlinkSocket inPod, int podIndex)
    {
        foreach (var old in inPod.Addresses.List(podIndex))
        {
            if (old.Address.AddressFamily == Address.AddressFamily && !old.Address.IsIPv6LinkLocal && !(old.Address.Equals(Address) && old.PrefixLength == HostBits))
                inPod.Addresses.Delete(podIndex, old.Address, old.PrefixLength);
        }
        inPod.Addresses.Add(new InterfaceAddress { Interface = podIndex, Address = Address, PrefixLength = HostBits, NoDuplicateDetection = IsV6 });
    }

    /// <summary>Installs neighbour and routes; the pod's end is up.</summary>
    public void SetRoutes(NetlinkSocket inPod, int podIndex, PhysicalAddress gatewayMac)
    {
        if (IsV6) inPod.Routes.WaitUntilLocal(Address, Patience);
        // Saves the pod a question; the gateway's address never changes during the life of the pair.
        inPod.Neighbors.Replace(podIndex, Gateway, gatewayMac);
        var route = new Route
        {
            Destination = new IPNetwork(Gateway, HostBits),
            Interface = podIndex,
            Scope = IsV6 ? RouteScope.Universe : RouteScope.Link, // IPv6 has no scopes of routes
            PreferredSource = Address,
            Mtu = RouteMtu,
            AdvertisedMss = RouteMtu - TcpHeader - (IsV6 ? IPv6Header : IPv4Header),
        };
        inPod.Routes.Replace(route);
        inPod.Routes.Replace(route with { Destination = new IPNetwork(IsV6 ? IPAddress.IPv6Any : IPAddress.Any, 0), Scope = RouteScope.Universe, Gateway = Gateway });
    }
}
