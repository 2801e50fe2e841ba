using Dataplane.Conntrack;
using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Tables;

namespace Dataplane.Stages;

/// <summary>
/// Gives a new flow another source where its answers would not come back here, or not be understood (K22, S16). After policy, which
/// is about who really sends. Wherever the answer passes this node anyway the client's address stays.
/// </summary>
public static class Masquerade
{
    /// <summary>Changes the source in <see cref="PacketInfo{TAddress}.Translated"/>; its port is then from the pool.</summary>
    /// <param name="packet">The packet that opens the flow, its destination translated.</param>
    /// <param name="context">Tables and ports.</param>
    /// <param name="destination">What the translated destination is.</param>
    public static Verdict Run<TAddress>(ref Packet<TAddress> packet, PathContext<TAddress> context, RouteKind destination)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        ref var info = ref packet.Info;
        if (!TryChooseSource(info, context.Tables.Node, context.Family, destination, out var source)) return Verdict.Continue;
        // Without its first fragment's header there is no telling what would have to be changed.
        if ((info.Flags & PacketFlags.LaterFragment) != 0) return Verdict.Drop(DropReason.FragmentFirstMissing);
        if (!HasPort(packet)) return Verdict.Drop(DropReason.NatProtocolUnsupported);
        return TryTakePort(ref info, context, source) ? Verdict.Continue : Verdict.Drop(DropReason.NatPortsExhausted);
    }

    /// <summary>Takes a port from the pool for a source; false when all are in use at the flow's destination.</summary>
    public static bool TryTakePort<TAddress>(ref PacketInfo<TAddress> info, PathContext<TAddress> context, TAddress source)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        if (!context.Conntrack.NatPorts.TryTake(info.Translated, context.NextRandom(), out var port)) return false;
        SetSource(ref info.Translated, source, port);
        info.Flags |= PacketFlags.PooledPort;
        return true;
    }

    /// <summary>Replaces the source; of an echo, whose identifier stands in both ports, both.</summary>
    public static void SetSource<TAddress>(ref FlowTuple<TAddress> tuple, TAddress source, Be16 port)
        where TAddress : unmanaged, IIpAddress<TAddress> =>
        tuple = new FlowTuple<TAddress>(source, tuple.Destination, port, tuple.Protocol == TAddress.IcmpProtocol ? port : tuple.DestinationPort, tuple.Protocol);

    private static bool TryChooseSource<TAddress>(in PacketInfo<TAddress> info, NodeSettings node, FamilyTables<TAddress> family, RouteKind destination, out TAddress source)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        bool toService = (info.Flags & PacketFlags.ToService) != 0, outside = (info.Flags & PacketFlags.FromOutside) != 0;
        source = family.Gateway;
        switch (destination)
        {
            case RouteKind.Pod:
                // A pod that reaches itself through a service would take its own address as the peer's for a mistake.
                return toService && (node.MasqueradeAll || info.Translated.Destination.Equals(info.Tuple.Source));
            case RouteKind.Native when toService && info.Origin == PacketOrigin.Host && !outside && !info.Tuple.Source.Equals(family.Gateway):
                // A process of this node that has chosen an address of it: the answer comes by the uplink, and only at our ports past the node's stack.
                source = family.NodeAddress;
                return true;
            case RouteKind.Overlay or RouteKind.Native:
                return toService && (outside || node.MasqueradeAll);
            case RouteKind.Host:
                // The node's stack takes no packet from an address of its own, and answers strangers by the uplink, past us. TCP from
                // outside it leads back by the mark that our packets carry, so that it sees the client's address.
                source = family.HostPeer;
                return toService && (!outside ? info.Origin == PacketOrigin.Host : info.Origin != PacketOrigin.Overlay && info.Tuple.Protocol != IpProtocol.Tcp);
            case RouteKind.World:
                source = family.NodeAddress;
                return toService && (outside || node.Masquerade)
                    || node.Masquerade && !outside && family.Unmasqueraded.Find(info.Translated.Destination) < 0;
            default:
                return false;
        }
    }

    private static bool HasPort<TAddress>(in Packet<TAddress> packet)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        byte protocol = packet.Info.Tuple.Protocol;
        if (protocol is IpProtocol.Tcp or IpProtocol.Udp or IpProtocol.Sctp) return true;
        return protocol == TAddress.IcmpProtocol && TAddress.IsEcho(packet.Transport[0]);
    }
}
