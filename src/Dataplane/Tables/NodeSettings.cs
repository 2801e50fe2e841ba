using Dataplane.Packets;

namespace Dataplane.Tables;

/// <summary>What is fixed for this node while the process runs.</summary>
public sealed record NodeSettings
{
    /// <summary>Port of the node's own stack; 0 while there is none.</summary>
    public required ushort HostPort { get; init; }

    /// <summary>
    /// Largest IP packet, bytes, that the node's own stack is given to route on: it could not cut a super-packet, whose segment size
    /// is lost on the way to us.
    /// </summary>
    public ushort WorldMtu { get; init; } = ushort.MaxValue;

    /// <summary>True when what pods send out of the cluster gets the node's address as its source (S16).</summary>
    public bool Masquerade { get; init; }

    /// <summary>True when all that is sent to a service is masqueraded (K22e).</summary>
    public bool MasqueradeAll { get; init; }

    /// <summary>Ethernet address of the host stack's side of the host port.</summary>
    public required MacAddress HostMac { get; init; }

    /// <summary>Our Ethernet address on every pod port and on the host port.</summary>
    public required MacAddress GatewayMac { get; init; }

    /// <summary>Address of this node's tunnel end point.</summary>
    public required IPv4Address TunnelAddress { get; init; }

    /// <summary>VXLAN network identifier, 24 bits.</summary>
    public required uint Vni { get; init; }

    /// <summary>
    /// True when pods of other nodes are reached without a tunnel, or some are: what the underlay brings from their addresses is theirs then. How
    /// each is reached its <see cref="Route"/> says; what comes from it may come either way, because two nodes need not change their minds at once.
    /// </summary>
    public bool NativeRouting { get; init; }

    /// <summary>UDP port of VXLAN; 0 where there are no tunnels.</summary>
    public required ushort VxlanPort { get; init; }
}
