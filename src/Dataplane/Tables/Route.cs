namespace Dataplane.Tables;

/// <summary>
/// Where a destination prefix leads; <paramref name="Vtep"/> is an index in the VTEP table for <see cref="RouteKind.Overlay"/>.
/// <paramref name="IsNode"/> marks the addresses of the other nodes themselves: those, unlike their pods', are also on the underlay.
/// </summary>
public readonly record struct Route(RouteKind Kind, int Vtep, bool IsNode = false);
