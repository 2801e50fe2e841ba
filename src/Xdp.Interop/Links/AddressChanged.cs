namespace Xdp.Interop.Links;

/// <summary>An address was added, changed or removed.</summary>
public sealed record AddressChanged(InterfaceAddress Address, bool IsDeleted) : NetlinkEvent(IsDeleted);
