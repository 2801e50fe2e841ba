using System.Runtime.InteropServices;

namespace Xdp.Interop.Links.Native;

/// <summary>struct nlmsghdr (linux/netlink.h), host byte order.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct NlMsgHdr
{
    internal const int Size = 16;

    internal uint Length; // with this header
    internal ushort Type;
    internal ushort Flags;
    internal uint Sequence;
    internal uint PortId;
}
