namespace Xdp.Interop.Links;

/// <summary>An ARP or ND entry changed its state or address.</summary>
public sealed record NeighborChanged(Neighbor Neighbor, bool IsDeleted) : NetlinkEvent(IsDeleted);
