namespace Xdp.Interop.Links;

/// <summary>Flags of a link (linux/if.h IFF_*).</summary>
[Flags]
public enum LinkFlags : uint
{
    None = 0,
    /// <summary>Set up by the administrator.</summary>
    Up = 0x1,
    Broadcast = 0x2,
    Loopback = 0x8,
    PointToPoint = 0x10,
    /// <summary>Operational: up, with carrier.</summary>
    Running = 0x40,
    NoArp = 0x80,
    Promiscuous = 0x100,
    Multicast = 0x1000,
    /// <summary>Has carrier; for a veth: the peer is up.</summary>
    LowerUp = 0x10000,
}
