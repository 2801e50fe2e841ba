using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Xdp.Interop;

/// <summary>
/// The frames of the dataplane: one memfd, cut into 4 kB chunks. Every <see cref="XskSocket"/> registers the same memory as a
/// UMEM of its own, so that a frame received on one port is sent on another without a copy, no port is an
/// anchor for the rest, and each may have its own mode. The kernel does not know who owns a chunk: that a chunk is
/// given to one socket at a time is the caller's duty (its frame pool).
/// Addresses are byte offsets from the start. Dispose it after the last socket.
/// </summary>
public sealed unsafe class Umem : IDisposable
{
    /// <summary>Bytes in a chunk: one page, the largest the kernel takes. 64 kB packets need it (18 descriptors at most).</summary>
    public const int FrameSize = 4096;

    /// <summary>Where the kernel puts the first byte it receives into a chunk (XDP_PACKET_HEADROOM): room for encapsulation and TX metadata.</summary>
    public const int RxHeadroom = 256;

    /// <summary>Most bytes the kernel receives into one chunk.</summary>
    public const int MaxRxLength = FrameSize - RxHeadroom;

    private readonly NativeMemoryRegion _memory;
    private readonly byte* _base;
    private ulong _length;

    private Umem(NativeMemoryRegion memory, int frameCount)
    {
        _memory = memory;
        _base = (byte*)memory.Address;
        _length = (ulong)frameCount * FrameSize;
        FrameCount = frameCount;
    }

    /// <summary>Chunks in this UMEM. The kernel spends 128 bytes per chunk and socket, so 16-32k is a good size.</summary>
    public int FrameCount { get; }

    /// <summary>The memfd, which a successor process can map; it belongs to this object.</summary>
    public int Fd => _memory.Fd;

    /// <summary>Whether the chunks lie on reserved 2 MB pages.</summary>
    public bool HugePages => _memory.HugePages;

    /// <summary>Where the chunks are mapped in this process.</summary>
    internal nint BaseAddress => (nint)_base;

    /// <summary>Bytes of all chunks; 0 once disposed.</summary>
    internal ulong Length => _length;

    /// <summary>Maps <paramref name="frameCount"/> zeroed chunks.</summary>
    /// <exception cref="XdpException">The memory could not be had.</exception>
    public static Umem Create(int frameCount, bool hugePages = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(frameCount);
        return new Umem(NativeMemoryRegion.Create((long)frameCount * FrameSize, hugePages, "dataplane-umem"), frameCount);
    }

    /// <summary>The start of the chunk that contains <paramref name="address"/>: what fill and completion entries are masked to.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong FrameBase(ulong address) => address & ~(ulong)(FrameSize - 1);

    /// <summary>The number of the chunk that contains <paramref name="address"/>, from 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int FrameIndex(ulong address) => (int)(address / FrameSize);

    /// <summary>Where <paramref name="address"/> lies within its chunk.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int FrameOffset(ulong address) => (int)(address & (FrameSize - 1));

    /// <summary>The whole chunk that contains <paramref name="address"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The address lies outside this UMEM.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<byte> Frame(ulong address)
    {
        ulong start = FrameBase(address);
        if (start >= _length)
            ThrowOutOfRange(address);
        return new Span<byte>(_base + start, FrameSize);
    }

    /// <summary>The bytes of one descriptor.</summary>
    /// <exception cref="ArgumentOutOfRangeException">They do not lie within one chunk of this UMEM.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<byte> Data(in XdpDescriptor descriptor) =>
        Frame(descriptor.Address).Slice(FrameOffset(descriptor.Address), (int)descriptor.Length);

    /// <summary>Asks the CPU to load the cache line at <paramref name="address"/>. Never faults.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Prefetch(ulong address)
    {
        if (Sse.IsSupported)
            Sse.Prefetch0(_base + address);
    }

    /// <summary>Unmaps the chunks; any later <see cref="Frame"/> throws.</summary>
    public void Dispose()
    {
        _length = 0;
        _memory.Dispose();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ThrowOutOfRange(ulong address)
    {
        ObjectDisposedException.ThrowIf(_length == 0, this);
        throw new ArgumentOutOfRangeException(nameof(address), $"{address} lies outside the UMEM's {_length} bytes.");
    }
}
