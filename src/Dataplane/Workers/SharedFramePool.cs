namespace Dataplane.Workers;

/// <summary>
/// Free frames that no worker holds. Taken and given in runs of hundreds, a few times per second at most, under a spin bit that is
/// only ever tried once: who finds it taken comes back later.
/// </summary>
public sealed class SharedFramePool
{
    private readonly ulong[] _frames;
    private int _count;
    private int _busy;

    /// <param name="addresses">All frames of the UMEM.</param>
    public SharedFramePool(ulong[] addresses)
    {
        _frames = addresses;
        _count = addresses.Length;
    }

    /// <summary>Free frames here.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Fills <paramref name="destination"/> as far as it can; returns how many.</summary>
    public int Take(Span<ulong> destination)
    {
        if (Volatile.Read(ref _count) == 0 || Interlocked.Exchange(ref _busy, 1) != 0) return 0;
        int count = Math.Min(_count, destination.Length);
        _frames.AsSpan(_count - count, count).CopyTo(destination);
        _count -= count;
        Volatile.Write(ref _busy, 0);
        return count;
    }

    /// <summary>Takes frames back; returns how many: all or none.</summary>
    public int Give(ReadOnlySpan<ulong> frames)
    {
        if (Interlocked.Exchange(ref _busy, 1) != 0) return 0;
        frames.CopyTo(_frames.AsSpan(_count));
        _count += frames.Length;
        Volatile.Write(ref _busy, 0);
        return frames.Length;
    }
}
