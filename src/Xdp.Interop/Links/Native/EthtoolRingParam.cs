using System.Runtime.InteropServices;

namespace Xdp.Interop.Links.Native;

/// <summary>struct ethtool_ringparam (linux/ethtool.h); entries.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct EthtoolRingParam
{
    internal const int Size = 36;

    internal uint Command;
    internal uint RxMax;
    internal uint RxMiniMax;
    internal uint RxJumboMax;
    internal uint TxMax;
    internal uint Rx;
    internal uint RxMini;
    internal uint RxJumbo;
    internal uint Tx;
}
