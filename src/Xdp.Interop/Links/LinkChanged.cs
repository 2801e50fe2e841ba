namespace Xdp.Interop.Links;

/// <summary>An interface appeared, changed or went. The kernel also repeats unchanged ones.</summary>
public sealed record LinkChanged(LinkInfo Link, bool IsDeleted) : NetlinkEvent(IsDeleted);
