using System.Net;

namespace Dataplane.Control.Apply;

/// <summary>Which way the kernel sends packets to another node's own address, whether or not the next hop answers.</summary>
/// <param name="Interface">Index of the output interface.</param>
/// <param name="NextHop">The router, or the node itself on the same link.</param>
internal readonly record struct PeerHop(int Interface, IPAddress NextHop);
