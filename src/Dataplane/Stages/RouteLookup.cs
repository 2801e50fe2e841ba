using Dataplane.Conntrack;
using Dataplane.Packets;
using Dataplane.Tables;

namespace Dataplane.Stages;

/// <summary>Finds where an address is: a local pod, this node's own stack, or another node behind the tunnel.</summary>
public static class RouteLookup
{
    /// <summary>Fills in where packets to <paramref name="address"/> go; the rest of the action is left as it is.</summary>
    public static Verdict Run<TAddress>(TAddress address, DataplaneTables tables, FamilyTables<TAddress> family, ref FlowAction action)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        int local = family.Endpoints.Find(address);
        if (local >= 0)
        {
            ref readonly var endpoint = ref family.Endpoints[local];
            action.Kind = ForwardKind.Port;
            action.Port = endpoint.Port;
            action.NextHop = endpoint.Mac;
            action.Mtu = 0;
            return Verdict.Continue;
        }

        // Groups lie in the default route's prefix, but neither the host's stack nor another node would know what to do with them.
        if (address.IsGroup) return Verdict.Drop(DropReason.MulticastUnsupported);
        if (address.IsLoopback) return Verdict.Drop(DropReason.RouteUnreachable); // the node's own stack might let it in
        var route = family.Routes.Find(address);
        switch (route.Kind)
        {
            case RouteKind.Host or RouteKind.World when tables.Node.HostPort != 0:
                action.Kind = ForwardKind.Port;
                action.Port = tables.Node.HostPort;
                action.NextHop = tables.Node.HostMac;
                action.Mtu = route.Kind == RouteKind.World ? tables.Node.WorldMtu : (ushort)0;
                return Verdict.Continue;
            case RouteKind.Overlay:
                var vtep = tables.Vteps[route.Vtep];
                action.Kind = ForwardKind.Overlay;
                action.Vtep = (uint)route.Vtep;
                action.Port = vtep.Port;
                action.Mtu = (ushort)Math.Min(vtep.Mtu, ushort.MaxValue);
                return Verdict.Continue;
            default:
                return Verdict.Drop(DropReason.RouteUnreachable);
        }
    }
}
