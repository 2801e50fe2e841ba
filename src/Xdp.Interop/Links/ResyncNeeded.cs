namespace Xdp.Interop.Links;

/// <summary>The kernel dropped events because they came faster than they were read: list everything again.</summary>
public sealed record ResyncNeeded() : NetlinkEvent(false);
