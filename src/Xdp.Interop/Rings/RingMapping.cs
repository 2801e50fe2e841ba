using Xdp.Interop.Native;

namespace Xdp.Interop.Rings;

/// <summary>Owns the mapping of one ring of one socket.</summary>
internal sealed class RingMapping : IDisposable
{
    private readonly nuint _length;
    private nint _address;

    private RingMapping(nint address, nuint length, in XdpRingOffset offset, uint size)
    {
        _address = address;
        _length = length;
        Memory = new RingMemory(address, offset, size);
    }

    public RingMemory Memory { get; }

    /// <summary>Maps a ring whose size was set before.</summary>
    /// <param name="fd">The socket.</param>
    /// <param name="pageOffset">Which ring: XDP_PGOFF_*.</param>
    /// <param name="offset">The kernel's offsets inside the ring.</param>
    /// <param name="size">Entries.</param>
    /// <param name="entrySize">Bytes per entry.</param>
    /// <param name="target">For the message: device and queue.</param>
    public static RingMapping Map(int fd, long pageOffset, in XdpRingOffset offset, uint size, int entrySize, string target)
    {
        nuint length = (nuint)(offset.Descriptors + ((ulong)size * (ulong)entrySize));
        nint address = LibC.mmap(0, length, LibC.PROT_READ | LibC.PROT_WRITE, LibC.MAP_SHARED | LibC.MAP_POPULATE, fd, pageOffset);
        if (address == LibC.MapFailed)
            throw new XdpException($"mmap({target}, ring 0x{pageOffset:x})", LibC.LastError, "not enough memory for the ring; lower its size");
        return new RingMapping(address, length, offset, size);
    }

    public void Dispose()
    {
        if (_address == 0)
            return;
        _ = LibC.munmap(_address, _length);
        _address = 0;
    }
}
