using System.Runtime.InteropServices;

namespace Xdp.Interop.Links.Native;

/// <summary>struct ifa_cacheinfo (linux/if_addr.h): lifetimes of an address, seconds; all ones for ever.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct IfaCacheInfo
{
    internal const int Size = 16;

    internal uint Preferred;
    internal uint Valid;
    internal uint Created;
    internal uint Updated;
}
