namespace Xdp.Interop.Links;

/// <summary>Who installed a route (linux/rtnetlink.h RTPROT_*).</summary>
public enum RouteProtocol : byte
{
    Unspecified = 0,
    Redirect = 1,
    /// <summary>The kernel itself, e.g. for the prefix of an address.</summary>
    Kernel = 2,
    Boot = 3,
    /// <summary>An administrator.</summary>
    Static = 4,
    /// <summary>This dataplane: the routes it may replace and must remove. Free in /etc/iproute2/rt_protos.</summary>
    Dataplane = 77,
    /// <summary>
    /// This dataplane too: the prefixes of pods, with native routing. A number of their own, by which a routing daemon knows what to announce.
    /// Free in /etc/iproute2/rt_protos.
    /// </summary>
    DataplanePods = 78,
}
