namespace Dataplane.Conntrack;

/// <summary>
/// Free entries that belong to no worker, in chained batches: a lock-free stack whose head carries a tag against ABA, in front of
/// the entries that were never used. Workers come here once per batch, not per flow.
/// </summary>
internal sealed class EntryPool
{
    /// <summary>Batches that each worker keeps at hand.</summary>
    public const int KeptBatches = 4;

    private readonly int _capacity;
    private readonly int _low; // entries
    private ulong _head; // tag << 32 | first entry of the top batch + 1
    private int _fresh; // entries from here on were never used
    private int _wanted; // workers that found nothing
    private long _pooled; // entries in the stack

    public EntryPool(int capacity, int workers)
    {
        _capacity = capacity;
        BatchSize = Math.Clamp(capacity / (workers * 32), 1, 64);
        _low = KeptBatches * workers * BatchSize;
    }

    /// <summary>Entries in a batch; the last of the fresh ones may be smaller.</summary>
    public int BatchSize { get; }

    /// <summary>True when what is left may be taken before an entry evicted now can be used: workers should make room.</summary>
    public bool IsLow => Count < _low;

    /// <summary>Entries that could be taken.</summary>
    public int Count => (int)Interlocked.Read(ref _pooled) + _capacity - Math.Min(_capacity, Volatile.Read(ref _fresh));

    /// <summary>True while some worker lacks entries: who has unreplied flows should give some up.</summary>
    public bool IsWanted => Volatile.Read(ref _wanted) != 0;

    /// <summary>Says that a worker found nothing.</summary>
    public void Want() => Volatile.Write(ref _wanted, 1);

    /// <summary>Takes a batch: a chain through <see cref="EntryLink.Next"/>. Returns its length, 0 when there is none.</summary>
    public int Take(Span<EntryLink> links, out int first)
    {
        while (true)
        {
            ulong head = Volatile.Read(ref _head);
            first = (int)(uint)head - 1;
            if (first < 0) break;
            // Another worker may take the batch and write these links meanwhile; then the tag has changed, and what was read is not used.
            ulong next = (head >> 32) + 1 << 32 | (uint)links[first].Prev;
            int length = (int)links[first].QueuedAt;
            if (Interlocked.CompareExchange(ref _head, next, head) != head) continue;
            Interlocked.Add(ref _pooled, -length);
            return length;
        }
        return TakeFresh(links, out first);
    }

    /// <summary>Gives a chain of <paramref name="length"/> entries back.</summary>
    public void Give(Span<EntryLink> links, int first, int length)
    {
        links[first].QueuedAt = (uint)length;
        Interlocked.Add(ref _pooled, length);
        while (true)
        {
            ulong head = Volatile.Read(ref _head);
            links[first].Prev = (int)(uint)head;
            ulong next = (head >> 32) + 1 << 32 | (uint)(first + 1);
            if (Interlocked.CompareExchange(ref _head, next, head) == head) break;
        }
        if (IsWanted) Volatile.Write(ref _wanted, 0);
    }

    private int TakeFresh(Span<EntryLink> links, out int first)
    {
        first = -1;
        if (Volatile.Read(ref _fresh) >= _capacity) return 0;
        int start = Interlocked.Add(ref _fresh, BatchSize) - BatchSize;
        if (start >= _capacity) return 0;
        int end = Math.Min(start + BatchSize, _capacity);
        for (int i = start; i < end; i++) links[i].Next = i + 1;
        first = start;
        return end - start;
    }
}
