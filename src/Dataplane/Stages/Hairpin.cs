using Dataplane.Conntrack;
using Dataplane.Packets;
using Dataplane.Tables;

namespace Dataplane.Stages;

/// <summary>
/// A pod that reaches itself through a service would see its own address as the peer's, and refuse. Such a flow gets the node's
/// gateway address as its source (K22b).
/// </summary>
public static class Hairpin
{
    /// <summary>Translates the source where the chosen backend is the client itself.</summary>
    /// <param name="packet">The packet that opens the flow, its destination translated.</param>
    /// <param name="gateway">The node's gateway address.</param>
    /// <param name="sourcePort">Source port to use: the client's own at first, another when that one is taken.</param>
    public static void Run<TAddress>(ref Packet<TAddress> packet, TAddress gateway, Be16 sourcePort)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        ref var t = ref packet.Info.Translated;
        t = new FlowTuple<TAddress>(gateway, t.Destination, sourcePort, t.DestinationPort, t.Protocol);
    }

    /// <summary>
    /// True when the node reaches its own stack through a service, as it does the API server's on a control plane node. The stack takes
    /// no packet from an address of its own that comes in on a device.
    /// </summary>
    public static bool AppliesToNode<TAddress>(ref Packet<TAddress> packet, RouteTable<TAddress> routes)
        where TAddress : unmanaged, IIpAddress<TAddress> =>
        packet.Info.Origin == PacketOrigin.Host && !packet.Info.Translated.Destination.Equals(packet.Info.Tuple.Destination)
        && routes.Find(packet.Info.Translated.Destination).Kind == RouteKind.Host;

    /// <summary>True when the flow's destination, after translation, is its source.</summary>
    public static bool Applies<TAddress>(ref Packet<TAddress> packet)
        where TAddress : unmanaged, IIpAddress<TAddress> =>
        packet.Info.Translated.Destination.Equals(packet.Info.Tuple.Source)
        && !packet.Info.Tuple.Destination.Equals(packet.Info.Tuple.Source);
}
