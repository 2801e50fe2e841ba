using Dataplane.Conntrack;
using Dataplane.Packets;
using Dataplane.Tables;

namespace Dataplane.Stages;

/// <summary>Finds where an address is: a local pod, this node's own stack, another node, behind a tunnel or not, or outside of the cluster.</summary>
public static class RouteLookup
{
    /// <summary>Fills in where packets to an address go; the rest of the action is left as it is.</summary>
    /// <param name="address">Destination.</param>
    /// <param name="tables">Everything else.</param>
    /// <param name="family">Tables of the address's family.</param>
    /// <param name="action">Filled in.</param>
    /// <param name="kind">What the address is.</param>
    /// <param name="onUnderlay">True when another node's own address is to be reached on the underlay, even where a tunnel leads to it.</param>
    public static Verdict Run<TAddress>(TAddress address, DataplaneTables tables, FamilyTables<TAddress> family, ref FlowAction action, out RouteKind kind, bool onUnderlay = false)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        int local = family.Endpoints.Find(address);
        if (local >= 0)
        {
            ref readonly var endpoint = ref family.Endpoints[local];
            kind = RouteKind.Pod;
            ToPort(ref action, endpoint.Port, endpoint.Mac, 0);
            return Verdict.Continue;
        }

        kind = RouteKind.Unreachable;
        // Groups lie in the default route's prefix, but neither the host's stack nor another node would know what to do with them.
        if (address.IsGroup) return Verdict.Drop(DropReason.MulticastUnsupported);
        if (address.IsLoopback) return Verdict.Drop(DropReason.RouteUnreachable); // the node's own stack might let it in
        var route = family.Routes.Find(address);
        kind = onUnderlay && route is { Kind: RouteKind.Overlay, IsNode: true } ? RouteKind.World : route.Kind;
        switch (kind)
        {
            case RouteKind.Host when tables.Node.HostPort != 0:
                ToPort(ref action, tables.Node.HostPort, tables.Node.HostMac, 0);
                return Verdict.Continue;
            case RouteKind.Overlay:
                var vtep = tables.Vteps[route.Vtep];
                action.Kind = ForwardKind.Overlay;
                action.Target = (uint)route.Vtep;
                action.Port = vtep.Port;
                action.Mtu = (ushort)Math.Min(vtep.Mtu, ushort.MaxValue);
                return Verdict.Continue;
            case RouteKind.World or RouteKind.Native:
                return ByUnderlay(address, tables, family, ref action);
            default:
                return Verdict.Drop(DropReason.RouteUnreachable);
        }
    }

    private static Verdict ByUnderlay<TAddress>(TAddress address, DataplaneTables tables, FamilyTables<TAddress> family, ref FlowAction action)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        int neighbor = family.Underlay.Find(address);
        if (neighbor >= 0)
        {
            action.Kind = ForwardKind.Neighbor;
            action.Target = (uint)neighbor;
            action.Port = family.Underlay[neighbor].Port;
            action.Mtu = family.Underlay[neighbor].Mtu;
            return Verdict.Continue;
        }
        if (tables.Node.HostPort == 0) return Verdict.Drop(DropReason.RouteUnreachable);
        ToPort(ref action, tables.Node.HostPort, tables.Node.HostMac, tables.Node.WorldMtu);
        return Verdict.Continue;
    }

    private static void ToPort(ref FlowAction action, ushort port, MacAddress mac, ushort mtu)
    {
        action.Kind = ForwardKind.Port;
        action.Port = port;
        action.NextHop = mac;
        action.Mtu = mtu;
    }
}
