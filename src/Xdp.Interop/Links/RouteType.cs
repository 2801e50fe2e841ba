namespace Xdp.Interop.Links;

/// <summary>What a route does with a packet (linux/rtnetlink.h RTN_*).</summary>
public enum RouteType : byte
{
    Unspecified = 0,
    Unicast = 1,
    Local = 2,
    Broadcast = 3,
    Anycast = 4,
    Multicast = 5,
    /// <summary>Drop silently.</summary>
    Blackhole = 6,
    /// <summary>Drop with ICMP unreachable.</summary>
    Unreachable = 7,
    Prohibit = 8,
    Throw = 9,
}
