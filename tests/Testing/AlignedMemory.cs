using System.Runtime.InteropServices;

namespace Dataplane.Testing;

/// <summary>Memory for tables under test, where the process has a memfd.</summary>
public static class AlignedMemory
{
    private const int Alignment = 4096;

    /// <summary>Zeros, aligned to a page and never moved; freed by the collector.</summary>
    public static Memory<byte> Allocate(int bytes)
    {
        byte[] array = GC.AllocateArray<byte>(bytes + Alignment, pinned: true);
        int over = (int)(Marshal.UnsafeAddrOfPinnedArrayElement(array, 0) & (Alignment - 1));
        return array.AsMemory((Alignment - over) & (Alignment - 1), bytes);
    }
}
