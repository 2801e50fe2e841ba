namespace Xdp.Interop.Links.Native;

/// <summary>Commands of SIOCETHTOOL (linux/ethtool.h).</summary>
internal static class EthtoolAbi
{
    internal const uint ETHTOOL_GDRVINFO = 0x03;
    internal const uint ETHTOOL_GRINGPARAM = 0x10;
    internal const uint ETHTOOL_GSTRINGS = 0x1b;
    internal const uint ETHTOOL_GSSET_INFO = 0x37;
    internal const uint ETHTOOL_GFEATURES = 0x3a;
    internal const uint ETHTOOL_SFEATURES = 0x3b;
    internal const uint ETHTOOL_GCHANNELS = 0x3c;
    internal const uint ETHTOOL_SCHANNELS = 0x3d;
    internal const uint ETH_SS_FEATURES = 4;
    internal const int ETH_GSTRING_LEN = 32;
    internal const int IFNAMSIZ = 16;
}
