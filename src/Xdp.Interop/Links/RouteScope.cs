namespace Xdp.Interop.Links;

/// <summary>How far a destination is (linux/rtnetlink.h RT_SCOPE_*).</summary>
public enum RouteScope : byte
{
    /// <summary>Behind a gateway.</summary>
    Universe = 0,
    Site = 200,
    /// <summary>On the link.</summary>
    Link = 253,
    /// <summary>This machine.</summary>
    Host = 254,
    Nowhere = 255,
}
