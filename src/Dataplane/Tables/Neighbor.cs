using Dataplane.Packets;

namespace Dataplane.Tables;

/// <summary>A next hop on the underlay that packets are sent to as they are, not in a tunnel.</summary>
public sealed class Neighbor
{
    /// <summary>Port that leads to it: the uplink.</summary>
    public required ushort Port { get; init; }

    /// <summary>Its Ethernet address.</summary>
    public required MacAddress Mac { get; init; }

    /// <summary>Ethernet address of the uplink.</summary>
    public required MacAddress Source { get; init; }

    /// <summary>MTU of the way, bytes of an IP packet.</summary>
    public required ushort Mtu { get; init; }
}
