namespace Xdp.Interop.Links;

/// <summary>Who drives an interface (ETHTOOL_GDRVINFO).</summary>
/// <param name="Driver">E.g. "veth", "virtio_net", "ixgbe".</param>
/// <param name="Version">The driver's version, usually the kernel's.</param>
/// <param name="FirmwareVersion">Empty for software devices.</param>
/// <param name="BusInfo">E.g. the PCI address; empty for software devices.</param>
public sealed record EthtoolDriver(string Driver, string Version, string FirmwareVersion, string BusInfo);
