using Xdp.Interop.Native;

namespace Xdp.Interop.Rings;

/// <summary>
/// Where one ring lies in memory shared with the kernel. <see cref="None"/> is a ring without entries, onto which the rings
/// of a closed socket are turned, so that a late user finds nothing and does not touch unmapped memory.
/// </summary>
internal readonly unsafe struct RingMemory
{
    // 64 zero bytes that are never freed: producer, consumer, flags and entry of every closed ring.
    private static readonly byte* Nowhere = (byte*)System.Runtime.InteropServices.NativeMemory.AllocZeroed(64);

    public readonly uint* Producer;
    public readonly uint* Consumer;
    public readonly uint* Flags;
    public readonly byte* Entries;
    public readonly uint Size;

    /// <param name="address">Start of the ring's mapping.</param>
    /// <param name="offset">The kernel's offsets inside it.</param>
    /// <param name="size">Entries; a power of two.</param>
    public RingMemory(nint address, in XdpRingOffset offset, uint size)
    {
        byte* start = (byte*)address;
        Producer = (uint*)(start + offset.Producer);
        Consumer = (uint*)(start + offset.Consumer);
        Flags = (uint*)(start + offset.Flags);
        Entries = start + offset.Descriptors;
        Size = size;
    }

    public static RingMemory None => new((nint)Nowhere, new XdpRingOffset { Consumer = 4, Flags = 8, Descriptors = 16 }, 0);
}
