using System.Runtime.InteropServices;

namespace Xdp.Interop.Links.Native;

/// <summary>struct ifinfomsg (linux/rtnetlink.h): head of the RTM_*LINK messages.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct IfInfoMsg
{
    internal const int Size = 16;

    internal byte Family;
    internal byte Pad;
    internal ushort Type; // ARPHRD_*
    internal int Index;
    internal uint Flags;  // IFF_*
    internal uint Change; // which flags a request sets
}
