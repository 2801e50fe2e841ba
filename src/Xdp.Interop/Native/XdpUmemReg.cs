using System.Runtime.InteropServices;

namespace Xdp.Interop.Native;

/// <summary>struct xdp_umem_reg as of Linux 6.8 (older kernels read a prefix).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct XdpUmemReg
{
    public const int Size = 32;
    public ulong Address;
    public ulong Length;
    public uint ChunkSize;
    public uint Headroom;
    public uint Flags;
    public uint TxMetadataLength;
}
