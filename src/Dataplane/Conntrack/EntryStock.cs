using Dataplane.Packets;

namespace Dataplane.Conntrack;

/// <summary>
/// A worker's spare entries: the free list, and limbo, where removed entries wait until no reader can hold them. Limbo has two
/// halves: what was removed lately, and what waits for the epoch raised after it was removed.
/// </summary>
internal sealed class EntryStock<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private readonly ConntrackTable<TAddress> _table;

    private int _free = -1; // chain through EntryLink.Next
    private int _freeCount;
    private int _retiring = -1; // removed lately
    private int _retiringLast = -1;
    private int _waiting = -1; // removed before _epoch
    private int _limboCount;
    private ulong _epoch;

    public EntryStock(ConntrackTable<TAddress> table)
    {
        _table = table;
        Keep = EntryPool.KeptBatches * table.Pool.BatchSize;
    }

    /// <summary>
    /// Entries a worker keeps at hand; the rest goes to the pool. More than a worker's loop is likely to need, so that room made
    /// ahead of need outlasts the grace period.
    /// </summary>
    public int Keep { get; }

    /// <summary>Entries that are free or will be.</summary>
    public int Count => _freeCount + _limboCount;

    /// <summary>True when what waited may be recycled: no reader holds it.</summary>
    public bool HasPassed => _waiting >= 0 && _table.Epochs.HasPassed(_epoch);

    /// <summary>A free entry, -1 when there is none.</summary>
    public int Take(Span<EntryLink> links)
    {
        if (_freeCount == 0)
        {
            _freeCount = _table.Pool.Take(links, out _free);
            if (_freeCount == 0) return -1;
        }
        int entry = _free;
        _free = links[entry].Next;
        _freeCount--;
        links[entry].Prev = EntryLink.Unlinked;
        return entry;
    }

    /// <summary>Puts a removed entry, which is in no queue, into limbo.</summary>
    public void Retire(Span<EntryLink> links, int entry)
    {
        links[entry].Next = -1;
        if (_retiring < 0) _retiring = entry;
        else links[_retiringLast].Next = entry;
        _retiringLast = entry;
        _limboCount++;
    }

    /// <summary>Frees what waited; what is more than <see cref="Keep"/> goes to the pool in batches.</summary>
    public void Recycle(Span<EntryLink> links)
    {
        for (int entry = _waiting; entry >= 0;)
        {
            int next = links[entry].Next;
            _table[entry].Life = EntryLife.Free;
            links[entry].Next = _free;
            _free = entry;
            _freeCount++;
            _limboCount--;
            entry = next;
        }
        _waiting = -1;
        int batch = _table.Pool.BatchSize;
        while (_freeCount >= Keep + batch)
        {
            int first = _free;
            int last = first;
            for (int i = 1; i < batch; i++) last = links[last].Next;
            _free = links[last].Next;
            _freeCount -= batch;
            _table.Pool.Give(links, first, batch);
        }
    }

    /// <summary>Starts the wait of what was removed lately, if nothing waits.</summary>
    public void StartWaiting()
    {
        if (_waiting >= 0 || _retiring < 0) return;
        (_waiting, _retiring) = (_retiring, -1);
        _epoch = _table.Epochs.Raise();
    }
}
