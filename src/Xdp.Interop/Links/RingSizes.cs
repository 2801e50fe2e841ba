namespace Xdp.Interop.Links;

/// <summary>Descriptor rings of an interface (ETHTOOL_GRINGPARAM), in entries.</summary>
/// <param name="Rx">In use.</param>
/// <param name="Tx">In use.</param>
/// <param name="MaxRx">What the driver allows.</param>
/// <param name="MaxTx">What the driver allows.</param>
public sealed record RingSizes(int Rx, int Tx, int MaxRx, int MaxTx);
