namespace Dataplane.Conntrack;

/// <summary>
/// Tells when no reader can hold an entry any more. Each reader announces, once per loop, that it holds nothing: it copies the
/// clock. Who removes entries raises the clock after the removal; once every reader has announced that value or a later one, none
/// of them can have found the entries before the removal. A sleeping reader announces <see cref="Offline"/> and is not waited for.
/// </summary>
internal sealed class QuiescentEpochs
{
    private const ulong Offline = ulong.MaxValue;
    private const int Stride = 16; // 128 bytes: no two readers write to one pair of cache lines

    private readonly ulong[] _announced;
    private readonly int _readers;
    private ulong _clock = 1;

    public QuiescentEpochs(int readers)
    {
        _readers = readers;
        _announced = new ulong[(readers + 1) * Stride];
        for (int i = 0; i < readers; i++) Slot(i) = Offline;
    }

    /// <summary>The reader holds nothing now. Also ends <see cref="GoOffline"/>.</summary>
    public void Announce(int reader)
    {
        ref ulong slot = ref Slot(reader);
        ulong clock = Volatile.Read(ref _clock);
        // Coming back: the announcement must be visible before the first lookup, a full fence. Otherwise none is needed: lookups
        // before it are complete (release), and lookups after it see what was removed before the clock value read (acquire).
        if (slot == Offline) Interlocked.Exchange(ref slot, clock);
        else if (slot != clock) Volatile.Write(ref slot, clock);
    }

    /// <summary>The reader holds nothing and will look nothing up before its next <see cref="Announce"/>.</summary>
    public void GoOffline(int reader) => Volatile.Write(ref Slot(reader), Offline);

    /// <summary>Call after a removal: the value to ask <see cref="HasPassed"/> for.</summary>
    public ulong Raise() => Interlocked.Increment(ref _clock);

    /// <summary>True when every reader has been quiescent since <see cref="Raise"/> gave <paramref name="epoch"/>.</summary>
    public bool HasPassed(ulong epoch)
    {
        for (int i = 0; i < _readers; i++)
        {
            if (Volatile.Read(ref Slot(i)) < epoch) return false;
        }
        return true;
    }

    private ref ulong Slot(int reader) => ref _announced[(reader + 1) * Stride];
}
