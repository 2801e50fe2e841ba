using System.Runtime.InteropServices;

namespace Xdp.Interop.Native;

/// <summary>struct xdp_mmap_offsets: what XDP_MMAP_OFFSETS returns.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct XdpMmapOffsets
{
    public const int Size = 4 * XdpRingOffset.Size;
    public XdpRingOffset Rx;
    public XdpRingOffset Tx;
    public XdpRingOffset Fill;
    public XdpRingOffset Completion;
}
