namespace Xdp.Interop.Links;

/// <summary>State of a neighbour entry (linux/neighbour.h NUD_*).</summary>
[Flags]
public enum NeighborState : ushort
{
    None = 0,
    /// <summary>Being asked for.</summary>
    Incomplete = 0x01,
    /// <summary>Confirmed lately.</summary>
    Reachable = 0x02,
    /// <summary>Known, not confirmed lately.</summary>
    Stale = 0x04,
    Delay = 0x08,
    Probe = 0x10,
    /// <summary>Asked for in vain.</summary>
    Failed = 0x20,
    NoArp = 0x40,
    Permanent = 0x80,
}
