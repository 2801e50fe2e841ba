using System.Runtime.CompilerServices;
using Xdp.Interop.Native;

namespace Xdp.Interop;

/// <summary>
/// Zeroed memory outside the GC heap, backed by a memfd, so that a successor process can map the same bytes.
/// It is populated at creation: the hot path takes no page faults. The creator disposes it, after its last user.
/// </summary>
public sealed unsafe class NativeMemoryRegion : IDisposable
{
    private const long HugePage = 2 * 1024 * 1024;
    private readonly SafeFileDescriptor _fd;
    private byte* _base;
    private long _length;
    private NativeMemoryManager? _manager;

    private NativeMemoryRegion(SafeFileDescriptor fd, byte* address, long length, bool hugePages)
    {
        _fd = fd;
        _base = address;
        _length = length;
        HugePages = hugePages;
    }

    /// <summary>Bytes in the region; 0 once it is disposed.</summary>
    public long Length => _length;

    /// <summary>The memfd; it belongs to this region.</summary>
    public int Fd => _fd.Number;

    /// <summary>Whether the memory lies on reserved 2 MB pages.</summary>
    public bool HugePages { get; }

    /// <summary>Address of the first byte; 0 once disposed.</summary>
    internal nint Address => (nint)_base;

    /// <summary>All bytes as <see cref="Memory{T}"/>, for code that cannot hold a span; the region must outlive it.</summary>
    /// <exception cref="InvalidOperationException">The region is larger than 2 GB.</exception>
    public Memory<byte> Memory
    {
        get
        {
            if (_length > int.MaxValue)
                throw new InvalidOperationException("The region is larger than a Memory<byte> can describe; use AsSpan with an offset.");
            return (_manager ??= new NativeMemoryManager(this)).Memory;
        }
    }

    /// <summary>
    /// Makes a region of at least <paramref name="length"/> bytes. With <paramref name="hugePages"/> it first tries reserved
    /// 2 MB pages (vm.nr_hugepages), and falls back to ordinary pages with a transparent-huge-page hint.
    /// </summary>
    /// <exception cref="XdpException">memfd_create, ftruncate or mmap failed.</exception>
    public static NativeMemoryRegion Create(long length, bool hugePages = false, string name = "dataplane")
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        if (hugePages && TryMap(RoundUp(length, HugePage), name, huge: true, out _) is { } huge)
            return huge;
        if (TryMap(RoundUp(length, Environment.SystemPageSize), name, huge: false, out var failure) is not { } region)
            throw failure!;
        if (hugePages)
            _ = LibC.madvise((nint)region._base, (nuint)region._length, LibC.MADV_HUGEPAGE);
        return region;
    }

    /// <summary>The whole region as elements of <typeparamref name="T"/>.</summary>
    public Span<T> AsSpan<T>() where T : unmanaged => AsSpan<T>(0, checked((int)(_length / sizeof(T))));

    /// <summary><paramref name="count"/> elements that start <paramref name="byteOffset"/> bytes in.</summary>
    public Span<T> AsSpan<T>(long byteOffset, int count) where T : unmanaged
    {
        if (byteOffset < 0 || count < 0 || byteOffset + ((long)count * sizeof(T)) > _length)
            ThrowOutOfRange();
        return new Span<T>(_base + byteOffset, count);
    }

    /// <summary>Unmaps the memory. Spans and Memory over it must not be used afterwards.</summary>
    public void Dispose()
    {
        if (_base == null)
            return;
        _ = LibC.munmap((nint)_base, (nuint)_length);
        _base = null;
        _length = 0;
        _fd.Dispose();
    }

    private static NativeMemoryRegion? TryMap(long length, string name, bool huge, out XdpException? failure)
    {
        var fd = new SafeFileDescriptor(CreateMemfd(name, huge));
        if (fd.IsInvalid)
            return Fail("memfd_create", "the process is out of file descriptors, or the kernel has no memfd", out failure);
        if (LibC.ftruncate(fd.Number, length) != 0)
            return Fail("ftruncate", null, out failure);
        nint address = LibC.mmap(0, (nuint)length, LibC.PROT_READ | LibC.PROT_WRITE, LibC.MAP_SHARED | LibC.MAP_POPULATE, fd.Number, 0);
        if (address == LibC.MapFailed)
            return Fail("mmap", "not enough memory for this many bytes; lower the table or frame count", out failure);
        failure = null;
        return new NativeMemoryRegion(fd, (byte*)address, length, huge);

        NativeMemoryRegion? Fail(string operation, string? remedy, out XdpException? error)
        {
            error = new XdpException($"{operation}({name}, {length} bytes)", LibC.LastError, remedy);
            fd.Dispose();
            return null;
        }
    }

    private static int CreateMemfd(string name, bool huge)
    {
        Span<byte> text = stackalloc byte[64];
        int written = System.Text.Encoding.ASCII.GetBytes(name.AsSpan(0, Math.Min(name.Length, 63)), text);
        text[written] = 0;
        fixed (byte* pointer = text)
            return LibC.memfd_create(pointer, LibC.MFD_CLOEXEC | (huge ? LibC.MFD_HUGETLB : 0));
    }

    private static long RoundUp(long value, long unit) => (value + unit - 1) / unit * unit;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ThrowOutOfRange()
    {
        ObjectDisposedException.ThrowIf(_base == null, this);
        throw new ArgumentOutOfRangeException(null, $"The range lies outside the region's {_length} bytes.");
    }
}
