using System.Runtime.InteropServices;

namespace Xdp.Interop.Links.Native;

/// <summary>struct ethtool_channels (linux/ethtool.h).</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct EthtoolChannels
{
    internal const int Size = 36;

    internal uint Command;
    internal uint MaxRx;
    internal uint MaxTx;
    internal uint MaxOther;
    internal uint MaxCombined;
    internal uint Rx;
    internal uint Tx;
    internal uint Other;
    internal uint Combined;
}
