using System.Runtime.InteropServices;

namespace Xdp.Interop.Links.Native;

/// <summary>struct statx (linux/stat.h), which is the same on every architecture; only what is read of it.</summary>
[StructLayout(LayoutKind.Explicit, Size = Size)]
internal struct Statx
{
    internal const int Size = 256;

    /// <summary>STATX_ of the fields that were filled.</summary>
    [FieldOffset(0)]
    internal uint Mask;

    [FieldOffset(32)]
    internal ulong Inode;
}
