using System.Net;
using System.Runtime.InteropServices;
using Xdp.Interop.Links.Native;

namespace Xdp.Interop.Links;

/// <summary>A route: what a request installs, and what a dump returns.</summary>
public sealed record Route
{
    /// <summary>The destination prefix; 0.0.0.0/0 or ::/0 is the default route.</summary>
    public required IPNetwork Destination { get; init; }

    /// <summary>The next hop; null when the destination is on the link.</summary>
    public IPAddress? Gateway { get; init; }

    /// <summary>The gateway counts as on the link even when no address of ours covers it.</summary>
    public bool OnLink { get; init; }

    /// <summary>The route has several next hops, of which only the first is shown; of ours none has.</summary>
    public bool IsMultipath { get; init; }

    /// <summary>Index of the output interface; 0 lets the kernel derive it from the gateway.</summary>
    public int Interface { get; init; }

    /// <summary>Source address for packets of sockets that are not bound; null lets the kernel choose.</summary>
    public IPAddress? PreferredSource { get; init; }

    /// <summary>Bytes (RTAX_MTU); null is the device's MTU.</summary>
    public int? Mtu { get; init; }

    /// <summary>MSS announced in our SYN, bytes (RTAX_ADVMSS); null derives it from the MTU of the route.</summary>
    public int? AdvertisedMss { get; init; }

    public uint Table { get; init; } = RouteTableId.Main;

    public RouteProtocol Protocol { get; init; } = RouteProtocol.Dataplane;

    public RouteScope Scope { get; init; }

    public RouteType Type { get; init; } = RouteType.Unicast;

    /// <summary>Lower wins among routes to the same prefix; 0 is the default of IPv4 (IPv6 makes it 1024).</summary>
    public uint Metric { get; init; }

    public override string ToString() =>
        $"{Destination}{(Gateway is null ? "" : $" via {Gateway}")}{(Interface == 0 ? "" : $" dev {Interface}")} table {Table}";

    /// <summary>Decodes the body of RTM_NEWROUTE or RTM_DELROUTE; null for cached clones and for families other than IPv4 and IPv6.</summary>
    internal static Route? Decode(ReadOnlySpan<byte> body)
    {
        var head = NetlinkMessages.Head<RtMsg>(body);
        if (head.Family is not (LinksLibC.AF_INET or LinksLibC.AF_INET6) || (head.Flags & Rtnl.RTM_F_CLONED) != 0) return null;

        var prefix = head.Family == LinksLibC.AF_INET ? IPAddress.Any : IPAddress.IPv6Any;
        uint table = head.Table, metric = 0;
        var hop = (Gateway: (IPAddress?)null, Interface: 0, Flags: head.Flags);
        IPAddress? source = null;
        int? mtu = null, mss = null;
        bool multipath = false;
        foreach (var attribute in new NetlinkAttributes(body[RtMsg.Size..]))
        {
            switch (attribute.Type)
            {
                case Rtnl.RTA_DST: prefix = attribute.Address; break;
                case Rtnl.RTA_OIF: hop.Interface = attribute.Int32; break;
                case Rtnl.RTA_GATEWAY: hop.Gateway = attribute.Address; break;
                case Rtnl.RTA_VIA: hop.Gateway = Via(attribute); break;
                case Rtnl.RTA_MULTIPATH:
                    hop = FirstHop(attribute.Payload);
                    multipath = true;
                    break;
                case Rtnl.RTA_PREFSRC: source = attribute.Address; break;
                case Rtnl.RTA_PRIORITY: metric = attribute.UInt32; break;
                case Rtnl.RTA_TABLE: table = attribute.UInt32; break;
                case Rtnl.RTA_METRICS: (mtu, mss) = Metrics(attribute.Nested); break;
            }
        }

        if (head.DestinationLength > (head.Family == LinksLibC.AF_INET ? 32 : 128))
            throw NetlinkException.Malformed($"a route prefix of {head.DestinationLength} bits");
        return new Route
        {
            Destination = new IPNetwork(prefix, head.DestinationLength),
            Gateway = hop.Gateway,
            OnLink = (hop.Flags & Rtnl.RTNH_F_ONLINK) != 0,
            IsMultipath = multipath,
            Interface = hop.Interface,
            PreferredSource = source,
            Mtu = mtu,
            AdvertisedMss = mss,
            Table = table,
            Protocol = (RouteProtocol)head.Protocol,
            Scope = (RouteScope)head.Scope,
            Type = (RouteType)head.Type,
            Metric = metric,
        };
    }

    internal static (int? Mtu, int? Mss) Metrics(NetlinkAttributes metrics)
    {
        int? mtu = null, mss = null;
        foreach (var attribute in metrics)
        {
            if (attribute.Type == Rtnl.RTAX_MTU) mtu = attribute.Int32;
            else if (attribute.Type == Rtnl.RTAX_ADVMSS) mss = attribute.Int32;
        }

        return (mtu, mss);
    }

    /// <summary>struct rtvia: a gateway of the other family, e.g. IPv4 by an IPv6 next hop.</summary>
    internal static IPAddress Via(NetlinkAttribute via) => via.Payload.Length is 6 or 18
        ? new IPAddress(via.Payload[2..])
        : throw NetlinkException.Malformed($"a via of {via.Payload.Length} bytes");

    private static (IPAddress? Gateway, int Interface, uint Flags) FirstHop(ReadOnlySpan<byte> hops)
    {
        // The dataplane never installs a multipath route; of a foreign one the first leg is shown.
        if (hops.Length < RtNextHop.Size) return default;
        var head = MemoryMarshal.Read<RtNextHop>(hops);
        if (head.Length < RtNextHop.Size || head.Length > hops.Length) throw NetlinkException.Malformed($"a next hop claims {head.Length} of {hops.Length} bytes");
        IPAddress? gateway = null;
        foreach (var attribute in new NetlinkAttributes(hops[RtNextHop.Size..head.Length]))
        {
            if (attribute.Type == Rtnl.RTA_GATEWAY) gateway = attribute.Address;
            else if (attribute.Type == Rtnl.RTA_VIA) gateway = Via(attribute);
        }

        return (gateway, head.Index, head.Flags);
    }
}
