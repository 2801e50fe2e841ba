namespace Xdp.Interop.Links;

/// <summary>How an XDP program is attached to a link (linux/if_link.h XDP_ATTACHED_*).</summary>
public enum LinkXdpMode : byte
{
    None = 0,
    /// <summary>In the driver (native).</summary>
    Native = 1,
    /// <summary>After the socket buffer is made (generic).</summary>
    Generic = 2,
    /// <summary>On the card.</summary>
    Offloaded = 3,
    /// <summary>More than one of the above.</summary>
    Multiple = 4,
}
