using System.Runtime.InteropServices;

namespace Xdp.Interop.Links.Native;

/// <summary>struct rtmsg (linux/rtnetlink.h): head of the RTM_*ROUTE messages.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct RtMsg
{
    internal const int Size = 12;

    internal byte Family;
    internal byte DestinationLength; // bits
    internal byte SourceLength;      // bits
    internal byte Tos;
    internal byte Table;
    internal byte Protocol;
    internal byte Scope;
    internal byte Type;
    internal uint Flags;
}
