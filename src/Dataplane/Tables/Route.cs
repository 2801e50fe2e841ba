namespace Dataplane.Tables;

/// <summary>
/// Where a destination prefix leads; <paramref name="Vtep"/> is an index in the VTEP table for <see cref="RouteKind.Overlay"/> and
/// <see cref="RouteKind.Native"/>, whose packets may come out of a tunnel all the same.
/// <paramref name="IsNode"/> marks the addresses of the other nodes themselves: those, unlike their pods', are also on the underlay.
/// <paramref name="IsCutOff"/> marks pods of another node to which no way is known: unlike an address that nobody has, it may still be heard of.
/// <paramref name="ByHost"/> marks other nodes and their pods to which the way leaves by a device that is no uplink: by that, and so by the node's own
/// stack, they come as well.
/// </summary>
public readonly record struct Route(RouteKind Kind, int Vtep, bool IsNode = false, bool IsCutOff = false, bool ByHost = false)
{
    /// <summary>True for another node or a pod of one, however it is reached, and if it is at all.</summary>
    public bool IsPeer => Kind is RouteKind.Overlay or RouteKind.Native || IsCutOff;
}
