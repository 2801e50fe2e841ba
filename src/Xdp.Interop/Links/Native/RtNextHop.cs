using System.Runtime.InteropServices;

namespace Xdp.Interop.Links.Native;

/// <summary>struct rtnexthop (linux/rtnetlink.h): one leg of RTA_MULTIPATH, followed by its attributes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct RtNextHop
{
    internal const int Size = 8;

    internal ushort Length; // with the attributes
    internal byte Flags;
    internal byte Hops;
    internal int Index;
}
