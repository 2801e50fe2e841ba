using System.Net;
using Dataplane.Tables;
using Xdp.Interop.Links;

namespace Dataplane.Control.Apply;

/// <summary>How the pods of another node are reached, one prefix of them.</summary>
/// <param name="Node">Its name.</param>
/// <param name="Pods">The prefix.</param>
/// <param name="Kind"><see cref="RouteKind.Overlay"/>, <see cref="RouteKind.Native"/> or, without a way, <see cref="RouteKind.Unreachable"/>.</param>
/// <param name="NextHop">Of a native one: the router, or the node itself on the same link; null where a route of somebody else names none.</param>
/// <param name="Origin">Who has brought the route, of an unreachable one that which refuses the pods; unspecified without.</param>
/// <param name="Interface">Of a native one: index of the output interface.</param>
/// <param name="ByHost">Of a native one: that is no uplink, so that only the node's own stack brings and takes its packets.</param>
internal sealed record PeerRoute(
    string Node, IPNetwork Pods, RouteKind Kind, IPAddress? NextHop = null, RouteProtocol Origin = RouteProtocol.Unspecified, int Interface = 0, bool ByHost = false);
