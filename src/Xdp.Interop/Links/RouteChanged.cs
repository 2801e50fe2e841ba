namespace Xdp.Interop.Links;

/// <summary>A route was added, replaced or removed. IPv4 routes that go because their link goes down are not announced: watch links too.</summary>
public sealed record RouteChanged(Route Route, bool IsDeleted) : NetlinkEvent(IsDeleted);
