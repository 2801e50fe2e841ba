using System.Runtime.InteropServices;

namespace Xdp.Interop.Links.Native;

/// <summary>struct ethtool_get_features_block (linux/ethtool.h): 32 features, one bit each.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct EthtoolGetFeaturesBlock
{
    internal const int Size = 16;

    internal uint Available;
    internal uint Requested;
    internal uint Active;
    internal uint NeverChanged;
}
