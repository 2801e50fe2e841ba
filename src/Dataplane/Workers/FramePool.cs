using Xdp.Interop;

namespace Dataplane.Workers;

/// <summary>
/// One worker's free frames: a stack, so that the frame used last, still warm in the cache, is used next. Surplus goes to and
/// shortage comes from a pool that all workers share, many frames at a time.
/// </summary>
public sealed class FramePool
{
    private const int ExchangeCount = 256;

    private readonly ulong[] _frames;
    private readonly SharedFramePool _shared;
    private int _count;

    /// <param name="capacity">Frames of the whole UMEM: one worker may come to hold them all.</param>
    /// <param name="shared">What the workers share.</param>
    public FramePool(int capacity, SharedFramePool shared)
    {
        _frames = new ulong[capacity];
        _shared = shared;
    }

    /// <summary>All frames of the UMEM.</summary>
    public int Capacity => _frames.Length;

    /// <summary>Free frames here and in the shared pool, about: what there is to give.</summary>
    public int Available => _count + _shared.Count;

    /// <summary>Free frames here; exact for the owner, recent for others.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Takes a frame; false when none is left anywhere.</summary>
    public bool TryTake(out ulong address)
    {
        if (_count == 0) _count = _shared.Take(_frames.AsSpan(0, Math.Min(ExchangeCount, _frames.Length)));
        if (_count == 0)
        {
            address = 0;
            return false;
        }
        address = _frames[--_count];
        return true;
    }

    /// <summary>Gives a frame back; any address within it.</summary>
    public void Return(ulong address)
    {
        _frames[_count++] = Umem.FrameBase(address);
    }

    /// <summary>Gives surplus to the others; once per loop.</summary>
    public void Balance(int keep)
    {
        if (_count <= keep + ExchangeCount) return;
        int given = _shared.Give(_frames.AsSpan(_count - ExchangeCount, ExchangeCount));
        _count -= given;
    }
}
