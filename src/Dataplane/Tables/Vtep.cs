using Dataplane.Packets;

namespace Dataplane.Tables;

/// <summary>
/// A remote tunnel end point with everything that is the same in each frame to it, ready to be copied: outer Ethernet, IPv4, UDP
/// and VXLAN headers and the inner Ethernet addresses.
/// </summary>
public sealed class Vtep
{
    /// <summary>Address of the remote node on the underlay.</summary>
    public required IPv4Address Remote { get; init; }

    /// <summary>The remote node's name, for people.</summary>
    public required string Node { get; init; }

    /// <summary>Port that leads to it: the uplink.</summary>
    public required ushort Port { get; init; }

    /// <summary>Largest inner IP packet on the way, bytes.</summary>
    public required int Mtu { get; init; }

    /// <summary>False while the next hop's Ethernet address is not known.</summary>
    public required bool Resolved { get; init; }

    /// <summary>Headers as <see cref="Stages.VxlanEncap.BuildHeader"/> makes them.</summary>
    public required byte[] Header { get; init; }
}
