using System.Runtime.InteropServices;

namespace Xdp.Interop.Links.Native;

/// <summary>struct ifaddrmsg (linux/if_addr.h): head of the RTM_*ADDR messages.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct IfAddrMsg
{
    internal const int Size = 8;

    internal byte Family;
    internal byte PrefixLength;
    internal byte Flags;
    internal byte Scope;
    internal uint Index;
}
