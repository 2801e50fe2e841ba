using Dataplane.Packets;

namespace Dataplane.Conntrack;

/// <summary>
/// The control thread's view of a table while workers run: dumps, flushes, sums. Never on the packet path: it allocates and
/// locks. It is a reader like any worker, so what it looks at is not recycled under it; between chunks it lets go.
/// </summary>
public sealed class ConntrackReader<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private const int Chunk = 1024; // entries looked at in one go

    private readonly ConntrackTable<TAddress> _table;
    private readonly Lock _lock = new(); // one control reader has an epoch slot

    internal ConntrackReader(ConntrackTable<TAddress> table) => _table = table;

    /// <summary>Flows in use, about: workers go on meanwhile.</summary>
    public long Count
    {
        get
        {
            long count = 0;
            for (int i = 0; i < _table.Workers; i++) count += _table.Writer(i).Counters.InUse;
            return Math.Max(0, count);
        }
    }

    /// <summary>What all workers did, together.</summary>
    public ConntrackCounters Totals()
    {
        var totals = new ConntrackCounters();
        for (int i = 0; i < _table.Workers; i++) totals.Add(_table.Writer(i).Counters);
        return totals;
    }

    /// <summary>
    /// Copies of all flows. Each is a whole flow that was in use when it was copied (its counters may be a packet apart); the flows
    /// together are no picture of one moment.
    /// </summary>
    public IEnumerable<ConntrackEntry<TAddress>> Snapshot()
    {
        var chunk = new ConntrackEntry<TAddress>[Chunk];
        for (int start = 0; start < _table.Capacity; start += Chunk)
        {
            int count = Copy(start, chunk);
            for (int i = 0; i < count; i++) yield return chunk[i];
        }
    }

    /// <summary>Removes all flows that <paramref name="predicate"/> wants gone; their next packets are decided anew.</summary>
    /// <returns>How many were removed.</returns>
    public int Flush(Predicate<ConntrackEntry<TAddress>> predicate)
    {
        ArgumentNullException.ThrowIfNull(predicate);
        int removed = 0;
        ForEach((int entry, ref ConntrackEntry<TAddress> e) =>
        {
            if (predicate(e) && _table.Remove(entry)) removed++;
        });
        return removed;
    }

    /// <summary>Removes all flows.</summary>
    public int FlushAll() => Flush(static _ => true);

    /// <summary>Removes all flows that have an address on either side, before or after translation; for pods that are gone (P28).</summary>
    public int FlushAddress(TAddress address) => Flush(e =>
        e.Original.Source.Equals(address) || e.Original.Destination.Equals(address)
        || e.Reply.Source.Equals(address) || e.Reply.Destination.Equals(address));

    /// <summary>
    /// Makes orphans of all TCP flows that <paramref name="predicate"/> picks: what their ends send is answered with RST. Those that it
    /// picks of other protocols are removed.
    /// </summary>
    /// <returns>Copies of the TCP flows, as they were before.</returns>
    public List<ConntrackEntry<TAddress>> Orphan(Predicate<ConntrackEntry<TAddress>> predicate)
    {
        ArgumentNullException.ThrowIfNull(predicate);
        var orphans = new List<ConntrackEntry<TAddress>>();
        ForEach((int entry, ref ConntrackEntry<TAddress> e) =>
        {
            var copy = e;
            if (!predicate(copy)) return;
            if (ProtocolClasses.Of(in e) != ProtocolClass.Tcp)
            {
                _table.Remove(entry);
                return;
            }
            if (!e.RaiseState(FlowState.Orphaned)) return;
            _table.Writer(e.Owner).Post(entry); // its timeout is shorter now
            orphans.Add(copy);
        });
        return orphans;
    }

    private delegate void Visit(int entry, ref ConntrackEntry<TAddress> e);

    // All flows in use, none of which is recycled while it is looked at.
    private void ForEach(Visit visit)
    {
        for (int start = 0; start < _table.Capacity; start += Chunk)
        {
            lock (_lock)
            {
                _table.Epochs.Announce(_table.Workers);
                try
                {
                    int end = Math.Min(start + Chunk, _table.Capacity);
                    for (int i = start; i < end; i++)
                    {
                        ref ConntrackEntry<TAddress> e = ref _table[i];
                        if (!e.IsVisible) continue;
                        Volatile.ReadBarrier(); // what is read of it comes after the look, or it might be of the flow before
                        visit(i, ref e);
                    }
                }
                finally
                {
                    _table.Epochs.GoOffline(_table.Workers);
                }
            }
        }
    }

    private int Copy(int start, ConntrackEntry<TAddress>[] chunk)
    {
        lock (_lock)
        {
            int count = 0;
            _table.Epochs.Announce(_table.Workers);
            try
            {
                Span<ConntrackEntry<TAddress>> entries = _table.Entries;
                foreach (ref ConntrackEntry<TAddress> e in entries[start..Math.Min(start + Chunk, entries.Length)])
                {
                    if (!e.IsVisible) continue;
                    Volatile.ReadBarrier(); // the copy comes after the look, or it might be of the flow before
                    chunk[count++] = e;
                }
            }
            finally
            {
                _table.Epochs.GoOffline(_table.Workers);
            }
            return count;
        }
    }
}
