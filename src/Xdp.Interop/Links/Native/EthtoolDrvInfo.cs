using System.Runtime.InteropServices;

namespace Xdp.Interop.Links.Native;

/// <summary>struct ethtool_drvinfo (linux/ethtool.h).</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal unsafe struct EthtoolDrvInfo
{
    internal const int Size = 196;

    internal uint Command;
    internal fixed byte Driver[32];
    internal fixed byte Version[32];
    internal fixed byte FirmwareVersion[32];
    internal fixed byte BusInfo[32];
    internal fixed byte EromVersion[32];
    internal fixed byte Reserved[12];
    internal uint PrivateFlags;
    internal uint Statistics;
    internal uint TestInfoLength;
    internal uint EepromDumpLength;
    internal uint RegisterDumpLength;
}
