using System.Diagnostics;
using System.Net;
using Xdp.Interop.Links.Native;

namespace Xdp.Interop.Links;

/// <summary>Requests about routes. Obtained from <see cref="NetlinkSocket.Routes"/>. All methods throw <see cref="NetlinkException"/>.</summary>
public sealed class NetlinkRoutes
{
    private readonly NetlinkSocket _socket;

    internal NetlinkRoutes(NetlinkSocket socket) => _socket = socket;

    /// <summary>Adds a route; one to the same prefix with the same metric in the same table is an error (EEXIST).</summary>
    public void Add(Route route) => Install(route, Nl.NLM_F_CREATE | Nl.NLM_F_EXCL, "add");

    /// <summary>Adds a route, or replaces the one to the same prefix with the same metric in the same table, whoever installed it.</summary>
    public void Replace(Route route) => Install(route, Nl.NLM_F_CREATE | Nl.NLM_F_REPLACE, "replace");

    /// <summary>Deletes the route that agrees in destination, table, protocol, type, and gateway, interface and metric where set. False when there is none.</summary>
    public bool Delete(Route route)
    {
        ArgumentNullException.ThrowIfNull(route);
        using var request = new NetlinkRequestLease();
        // Nowhere is the wildcard for the scope; metrics and preferred source would also have to agree, so they stay away.
        var key = route with { Scope = RouteScope.Nowhere, PreferredSource = null, Mtu = null, AdvertisedMss = null, OnLink = false };
        var failure = _socket.TryExecute(Write(request.Message, Rtnl.RTM_DELROUTE, Nl.NLM_F_ACK, key));
        if (failure is null) return true;
        return failure.Errno is Errno.ESRCH or Errno.ENODEV ? false : throw failure.ToException($"delete route {route}");
    }

    /// <summary>The routes of both families that match.</summary>
    public IReadOnlyList<Route> List(RouteFilter? filter = null)
    {
        using var request = new NetlinkRequestLease();
        // The kernel filters by table and protocol only for an existing table of one family, so we filter here.
        request.Message.Begin(Rtnl.RTM_GETROUTE, Nl.NLM_F_DUMP, default(RtMsg));
        var all = _socket.Dump(request.Message, Route.Decode, "list routes");
        return filter is null ? all : all.FindAll(filter.Matches);
    }

    /// <summary>Asks where a packet to <paramref name="destination"/> goes now; null when it is unreachable.</summary>
    /// <param name="destination">IPv4 or IPv6.</param>
    /// <param name="source">The packet's source, for policy rules by source; null leaves it open.</param>
    public RouteLookup? Get(IPAddress destination, IPAddress? source = null)
    {
        ArgumentNullException.ThrowIfNull(destination);
        using var request = new NetlinkRequestLease();
        var bits = (byte)(destination.GetAddressBytes().Length * 8);
        request.Message.Begin(Rtnl.RTM_GETROUTE, Nl.NLM_F_ACK, new RtMsg
        {
            Family = NetlinkAddresses.Family(destination),
            DestinationLength = bits,
            SourceLength = source is null ? (byte)0 : bits,
        });
        request.Message.AddAddress(Rtnl.RTA_DST, destination);
        if (source is not null) request.Message.AddAddress(Rtnl.RTA_SRC, source);
        var lookup = _socket.Get(request.Message, RouteLookup.Decode, out var failure);
        if (failure is not null)
        {
            return failure.Errno is Errno.ENETUNREACH or Errno.EHOSTUNREACH or Errno.EACCES or Errno.EINVAL or Errno.EAGAIN
                ? null
                : throw failure.ToException($"look up route to {destination}");
        }

        if (lookup is { Type: RouteType.Unreachable or RouteType.Blackhole or RouteType.Prohibit }) return null;
        if (lookup is { Mtu: 0, Interface: > 0 } && _socket.Links.Find(lookup.Interface) is { } link) lookup = lookup with { Mtu = link.Mtu };
        return lookup;
    }

    /// <summary>
    /// Waits until the kernel takes packets to an address of its own for its own: with IPv6 the route for that comes a moment after the address was added
    /// without duplicate address detection. False when that was not in time.
    /// </summary>
    public bool WaitUntilLocal(IPAddress address, TimeSpan patience)
    {
        var start = Stopwatch.GetTimestamp();
        while (Get(address) is not { Type: RouteType.Local })
        {
            if (Stopwatch.GetElapsedTime(start) > patience) return false;
            Thread.Sleep(1);
        }
        return true;
    }

    private void Install(Route route, int flags, string verb)
    {
        ArgumentNullException.ThrowIfNull(route);
        using var request = new NetlinkRequestLease();
        var failure = _socket.TryExecute(Write(request.Message, Rtnl.RTM_NEWROUTE, (ushort)(Nl.NLM_F_ACK | flags), route));
        if (failure is null) return;
        throw failure.ToException($"{verb} route {route}", failure.Errno switch
        {
            Errno.ENETUNREACH or Errno.EHOSTUNREACH => "the gateway is not on the link: set onlink or add its route first, and the link up",
            Errno.EEXIST => "a route to this prefix exists; delete it or use another metric",
            _ => null,
        });
    }

    private static NetlinkRequest Write(NetlinkRequest message, ushort type, ushort flags, Route route)
    {
        message.Begin(type, flags, new RtMsg
        {
            Family = NetlinkAddresses.Family(route.Destination.BaseAddress),
            DestinationLength = (byte)route.Destination.PrefixLength,
            Table = route.Table < 256 ? (byte)route.Table : Rtnl.RT_TABLE_UNSPEC,
            Protocol = (byte)route.Protocol,
            Scope = (byte)route.Scope,
            Type = (byte)route.Type,
            Flags = route.OnLink ? Rtnl.RTNH_F_ONLINK : 0,
        });
        if (route.Destination.PrefixLength > 0) message.AddAddress(Rtnl.RTA_DST, route.Destination.BaseAddress);
        if (route.Interface != 0) message.AddInt32(Rtnl.RTA_OIF, route.Interface);
        if (route.Gateway is { } gateway) message.AddAddress(Rtnl.RTA_GATEWAY, gateway);
        if (route.PreferredSource is { } source) message.AddAddress(Rtnl.RTA_PREFSRC, source);
        if (route.Metric != 0) message.AddUInt32(Rtnl.RTA_PRIORITY, route.Metric);
        message.AddUInt32(Rtnl.RTA_TABLE, route.Table);
        if (route.Mtu is null && route.AdvertisedMss is null) return message;

        var metrics = message.OpenNest(Rtnl.RTA_METRICS);
        if (route.Mtu is { } mtu) message.AddInt32(Rtnl.RTAX_MTU, mtu);
        if (route.AdvertisedMss is { } mss) message.AddInt32(Rtnl.RTAX_ADVMSS, mss);
        return message.CloseNest(metrics);
    }
}
