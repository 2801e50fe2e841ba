namespace Xdp.Interop.Links;

/// <summary>RFC 2863 operational state of a link (linux/if.h IF_OPER_*).</summary>
public enum OperationalState : byte
{
    /// <summary>The driver does not say; a veth in this state with its flags up does carry traffic.</summary>
    Unknown = 0,
    NotPresent = 1,
    Down = 2,
    LowerLayerDown = 3,
    Testing = 4,
    Dormant = 5,
    Up = 6,
}
