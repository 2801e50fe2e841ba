namespace Xdp.Interop.Links;

/// <summary>What a <see cref="NetlinkMonitor"/> saw: one of <see cref="LinkChanged"/>, <see cref="AddressChanged"/>, <see cref="RouteChanged"/>,
/// <see cref="NeighborChanged"/> and <see cref="ResyncNeeded"/>.</summary>
/// <param name="IsDeleted">The object is gone; otherwise it is new or changed.</param>
public abstract record NetlinkEvent(bool IsDeleted);
