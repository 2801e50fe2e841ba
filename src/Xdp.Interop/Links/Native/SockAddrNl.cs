using System.Runtime.InteropServices;

namespace Xdp.Interop.Links.Native;

/// <summary>struct sockaddr_nl (linux/netlink.h).</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct SockAddrNl
{
    internal const int Size = 12;

    internal ushort Family;
    internal ushort Pad;
    internal uint PortId;
    internal uint Groups;
}
