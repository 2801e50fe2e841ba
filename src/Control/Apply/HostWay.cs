using System.Net;
using System.Net.Sockets;
using Dataplane.Packets;
using Xdp.Interop.Links;

namespace Dataplane.Control.Apply;

/// <summary>How routes of a family lead into the host port: by a next hop that means something in that pair only, behind a permanent neighbour.</summary>
internal static class HostWay<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private const int TcpHeader = 20; // bytes

    /// <summary>The family, as the kernel's interfaces name it.</summary>
    public static readonly AddressFamily Family = IsV6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork;

    /// <summary>Bits of an address.</summary>
    public static readonly int HostBits = TAddress.ByteLength * 8;

    /// <summary>The next hop.</summary>
    public static readonly IPAddress NextHop = IsV6 ? HostVeth.NextHopV6 : HostVeth.NextHop;

    /// <summary>The best metric of the family: routes of others to the same prefix come after ours. IPv6 takes 0 for "the default, 1024".</summary>
    public static readonly uint Metric = IsV6 ? 1u : 0u;

    /// <summary>All addresses.</summary>
    public static readonly IPNetwork Everything = new(IsV6 ? IPAddress.IPv6Any : IPAddress.Any, 0);

    private static readonly int IpHeader = TAddress.HeaderLength;

    private static bool IsV6 => TAddress.ByteLength == IPv6Address.Size;

    /// <summary>A route into the pair, in the main table.</summary>
    /// <param name="destination">What it leads to.</param>
    /// <param name="hostIndex">Index of the host stack's end.</param>
    /// <param name="source">The host port's address.</param>
    /// <param name="mtu">Bytes.</param>
    public static Route To(IPNetwork destination, int hostIndex, IPAddress source, int mtu) => new()
    {
        Destination = destination,
        Gateway = NextHop,
        Interface = hostIndex,
        PreferredSource = source,
        Mtu = mtu,
        AdvertisedMss = mtu - IpHeader - TcpHeader,
        Metric = Metric,
    };

    /// <summary>Whether a route is one to an address of a service (see <see cref="HostFrontends"/>), and not to one of the cluster's prefixes.</summary>
    public static bool IsToFrontend(Route route, int hostIndex) =>
        route.Protocol == RouteProtocol.Dataplane && route.Table == RouteTableId.Main && route.Interface == hostIndex
        && route.Destination.PrefixLength == HostBits && NextHop.Equals(route.Gateway);

    /// <summary>Whether a route is of the family.</summary>
    public static bool IsOf(Route route) => route.Destination.BaseAddress.AddressFamily == Family;
}
