using System.Runtime.InteropServices;

namespace Xdp.Interop.Links.Native;

/// <summary>struct nlattr (linux/netlink.h), host byte order; the payload follows, padded to 4 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct NlAttr
{
    internal const int Size = 4;

    internal ushort Length; // with this header, without the padding
    internal ushort Type;
}
