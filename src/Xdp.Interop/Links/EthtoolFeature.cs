namespace Xdp.Interop.Links;

/// <summary>An offload of an interface, by the kernel's name such as "tx-udp-segmentation".</summary>
/// <param name="Active">In effect now.</param>
/// <param name="Requested">What was asked for; it takes effect when what it depends on is on too.</param>
/// <param name="Changeable">False for what `ethtool -k` marks as fixed.</param>
public readonly record struct EthtoolFeature(bool Active, bool Requested, bool Changeable);
