using System.Runtime.InteropServices;

namespace Xdp.Interop.Links.Native;

/// <summary>struct ethtool_set_features_block (linux/ethtool.h): 32 features, one bit each.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct EthtoolSetFeaturesBlock
{
    internal const int Size = 8;

    internal uint Valid; // which bits the caller sets
    internal uint Requested;
}
