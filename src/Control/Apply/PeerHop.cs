using System.Net;

namespace Dataplane.Control.Apply;

/// <summary>Which way the kernel sends packets to another node's own address, whether or not the next hop answers.</summary>
/// <param name="Interface">Index of the output interface.</param>
/// <param name="NextHop">The router, or the node itself on the same link; null when it was looked for and there is no way.</param>
internal readonly record struct PeerHop(int Interface, IPAddress? NextHop)
{
    /// <summary>The kernel was asked, and has no way to the node.</summary>
    public static PeerHop None => default;
}
