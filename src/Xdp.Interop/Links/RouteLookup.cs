using System.Net;
using Xdp.Interop.Links.Native;

namespace Xdp.Interop.Links;

/// <summary>Where the kernel would send a packet now: the answer of <see cref="NetlinkRoutes.Get"/>.</summary>
public sealed record RouteLookup
{
    /// <summary>Index of the output interface.</summary>
    public required int Interface { get; init; }

    /// <summary>The next hop; null when the destination itself is on the link.</summary>
    public IPAddress? Gateway { get; init; }

    /// <summary>The source address the kernel would choose.</summary>
    public IPAddress? Source { get; init; }

    /// <summary>Bytes: the route's or the learned path MTU; without either, the device's.</summary>
    public int Mtu { get; init; }

    /// <summary><see cref="RouteType.Local"/> for an address of this machine.</summary>
    public RouteType Type { get; init; }

    internal static RouteLookup? Decode(ReadOnlySpan<byte> body)
    {
        var head = NetlinkMessages.Head<RtMsg>(body);
        IPAddress? gateway = null, source = null;
        int index = 0, mtu = 0;
        foreach (var attribute in new NetlinkAttributes(body[RtMsg.Size..]))
        {
            switch (attribute.Type)
            {
                case Rtnl.RTA_OIF: index = attribute.Int32; break;
                case Rtnl.RTA_GATEWAY: gateway = attribute.Address; break;
                case Rtnl.RTA_VIA: gateway = Route.Via(attribute); break;
                case Rtnl.RTA_PREFSRC: source = attribute.Address; break;
                case Rtnl.RTA_METRICS: mtu = Route.Metrics(attribute.Nested).Mtu ?? 0; break;
            }
        }

        return new RouteLookup { Interface = index, Gateway = gateway, Source = source, Mtu = mtu, Type = (RouteType)head.Type };
    }
}
