using System.Runtime.InteropServices;

namespace Xdp.Interop.Native;

/// <summary>struct xdp_ring_offset: byte offsets inside one ring's mapping.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct XdpRingOffset
{
    public const int Size = 32;
    public ulong Producer;
    public ulong Consumer;
    public ulong Descriptors;
    public ulong Flags;
}
