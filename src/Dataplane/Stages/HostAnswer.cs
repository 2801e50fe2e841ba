using Dataplane.Conntrack;
using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Tables;

namespace Dataplane.Stages;

/// <summary>
/// Carries out by the underlay what the node's own stack says to a packet that <see cref="PassToHost"/> gave it: resets and ICMP errors inherit the
/// mark of that packet (fwmark_reflect), which leads them into the host port, though no flow is known here. Without them a client would
/// wait for a process that is not there.
/// </summary>
public static class HostAnswer
{
    /// <summary>True for a reset or an ICMP error from an address of this node to somebody on the underlay. For packets of the host port.</summary>
    public static bool Concerns<TAddress>(in Packet<TAddress> packet, FamilyTables<TAddress> family)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        ref readonly var info = ref packet.Info;
        bool answers = info.Tuple.Protocol == IpProtocol.Tcp ? (info.TcpFlags & TcpHeader.Rst) != 0 : (info.Flags & PacketFlags.IcmpError) != 0;
        if (!answers || family.Routes.Find(info.Tuple.Source).Kind != RouteKind.Host) return false;
        var to = family.Routes.Find(info.Tuple.Destination);
        // A service's client is not answered untranslated.
        return (to.Kind is RouteKind.World or RouteKind.Native || to.IsNode) && !ServiceLookup.Concerns(packet, family);
    }

    /// <summary>Fills in the action and leaves the packet as it is. No flow is made of it.</summary>
    public static Verdict Run<TAddress>(ref Packet<TAddress> packet, PathContext<TAddress> context)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        ref var info = ref packet.Info;
        info.Translated = info.Tuple;
        info.Action = default;
        var v = RouteLookup.Run(info.Tuple.Destination, context.Tables, context.Family, ref info.Action, out _, onUnderlay: true);
        // Where only the stack knows the way it gets the packet back. Should its way lead here again, that must not go round as fast as it can.
        return !v.IsFinal && info.Action.Kind == ForwardKind.Port && !context.TakeIcmpError() ? Verdict.Drop(DropReason.IcmpRateLimited) : v;
    }
}
