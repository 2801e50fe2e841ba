namespace Dataplane.Tables;

/// <summary>Where a destination prefix leads; <paramref name="Vtep"/> is an index in the VTEP table for <see cref="RouteKind.Overlay"/>.</summary>
public readonly record struct Route(RouteKind Kind, int Vtep);
