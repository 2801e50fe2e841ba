using Dataplane.Packets;

namespace Dataplane.Conntrack;

/// <summary>What a worker does for its entries when no packet is looking: expiry, eviction, reading mail, recycling.</summary>
internal sealed class EntryRecycler<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private const int EvictionTries = 64; // FIFO heads looked at in vain, per round
    private const int SecondChances = 8; // of these, flows spared because they had packets since they were filed

    private readonly ConntrackTable<TAddress> _table;
    private readonly uint[] _timeouts;
    private readonly ConntrackCounters _counters;
    private readonly ExpiryQueues _queues;
    private readonly EntryStock<TAddress> _stock;
    private readonly EntryMailbox _mailbox = new();
    private uint _cursor; // second the wheel has been turned to
    private bool _started;

    public EntryRecycler(ConntrackTable<TAddress> table, int id, uint[] timeouts, ConntrackCounters counters)
    {
        _table = table;
        _timeouts = timeouts;
        _counters = counters;
        _stock = new EntryStock<TAddress>(table);
        _queues = new ExpiryQueues(table.Capacity, id);
        _queues.Reset(table.Links);
    }

    /// <summary>Entries that are free or will be.</summary>
    public int Spare => _stock.Count;

    /// <summary>A free entry, -1 when there is none.</summary>
    public int Take(uint now)
    {
        Span<EntryLink> links = _table.Links;
        int entry = _stock.Take(links);
        if (entry >= 0) return entry;
        _table.Pool.Want();
        int tries = EvictionTries;
        Evict(links, now, ref tries); // of use after the grace period
        return -1;
    }

    /// <summary>A free entry, -1 when there is none; no other makes room for it.</summary>
    public int TakeFree() => _stock.Take(_table.Links);

    /// <summary>Puts an entry into the queue its state asks for.</summary>
    public void File(int entry, in ConntrackEntry<TAddress> e, uint now) => File(_table.Links, entry, in e, now, now);

    /// <summary>The same for one that was filed before, by another process: it goes when it would have.</summary>
    public void FileAsOf(int entry, in ConntrackEntry<TAddress> e, uint now) => File(_table.Links, entry, in e, now, e.LastSeen);

    /// <summary>Tells of an entry that was removed or whose state changed. Any thread.</summary>
    public void Post(int entry) => _mailbox.Post(_table.Links, entry);

    /// <summary>Gives back an entry that did not come to life.</summary>
    public void GiveUp(int entry) => _stock.Retire(_table.Links, entry);

    /// <summary>One round of everything, of bounded length.</summary>
    public void Run(uint now, int budget)
    {
        Start(now);
        Span<EntryLink> links = _table.Links;
        // Asked before the mail is read: by then whoever could post one of the waiting entries has done so. A letter read after
        // its entry was recycled would be about another flow, perhaps another worker's.
        bool passed = _stock.HasPassed;
        bool read = ReadMail(links, now, ref budget);
        if (passed && read) _stock.Recycle(links);
        ExpireFifos(links, now, ref budget);
        TurnWheel(links, now, ref budget);
        MakeRoom(links, now);
        _stock.StartWaiting();
    }

    private void Start(uint now)
    {
        if (_started) return;
        _started = true;
        _cursor = now;
    }

    private void File(Span<EntryLink> links, int entry, in ConntrackEntry<TAddress> e, uint now) => File(links, entry, in e, now, now);

    private void File(Span<EntryLink> links, int entry, in ConntrackEntry<TAddress> e, uint now, uint queuedAt)
    {
        Start(now);
        if (links[entry].Prev != EntryLink.Unlinked) ExpiryQueues.Unlink(links, entry);
        FlowState state = e.State;
        ProtocolClass protocol = ProtocolClasses.Of(in e);
        int fifo = ExpiryQueues.FifoOf(state, protocol);
        if (fifo >= 0) _queues.Append(links, fifo, entry, queuedAt);
        else _queues.Schedule(links, entry, e.LastSeen + _timeouts[ConntrackTimeouts.Index(state, protocol)], _cursor);
    }

    // True when no mail is left.
    private bool ReadMail(Span<EntryLink> links, uint now, ref int budget)
    {
        while (_mailbox.HasMail)
        {
            if (budget <= 0) return false;
            budget--;
            int entry = _mailbox.Take(links);
            if (links[entry].Prev == EntryLink.Unlinked) continue; // retired already
            ref ConntrackEntry<TAddress> e = ref _table[entry];
            if (e.Life == EntryLife.Dead) Retire(links, entry);
            else File(links, entry, in e, now);
        }
        return true;
    }

    private void ExpireFifos(Span<EntryLink> links, uint now, ref int budget)
    {
        for (int fifo = 0; fifo < ExpiryQueues.Fifos; fifo++)
        {
            while (budget > 0)
            {
                int entry = _queues.Head(links, fifo);
                if (entry < 0 || (int)(now - links[entry].QueuedAt) < (int)FifoTimeout(fifo)) break;
                budget--;
                Visit(links, entry, now);
            }
        }
    }

    private void TurnWheel(Span<EntryLink> links, uint now, ref int budget)
    {
        while (budget > 0)
        {
            int entry = _queues.Head(links, ExpiryQueues.Due);
            if (entry >= 0) Visit(links, entry, now);
            else if ((int)(now - _cursor) > 0) _queues.Turn(links, ++_cursor);
            else return;
            budget--;
        }
    }

    // The entry's time has come by its queue; whether it is idle, its own fields tell.
    private void Visit(Span<EntryLink> links, int entry, uint now)
    {
        ref ConntrackEntry<TAddress> e = ref _table[entry];
        // Mark, then look again: see ConntrackEntry.Touch.
        if (IsIdle(in e, now) && Interlocked.CompareExchange(ref e.Life, EntryLife.Expiring, EntryLife.Live) == EntryLife.Live)
        {
            EntryLife next = IsIdle(in e, now) ? EntryLife.Dead : EntryLife.Live;
            if (Interlocked.CompareExchange(ref e.Life, next, EntryLife.Expiring) == EntryLife.Expiring && next == EntryLife.Dead)
            {
                _table.ClearSlots(entry, in e);
                _counters.Expired++;
            }
        }
        // Another thread may have brought it back, or removed it: then its letter will find it retired.
        if (e.Life == EntryLife.Dead) Retire(links, entry);
        else File(links, entry, in e, now);
    }

    // When the table is nearly full, keeps some entries ahead of need: an evicted one is of use only after the grace period.
    private void MakeRoom(Span<EntryLink> links, uint now)
    {
        EntryPool pool = _table.Pool;
        if (!pool.IsLow) return;
        int wanted = _stock.Keep - _stock.Count;
        if (pool.IsWanted) wanted = Math.Max(wanted, pool.BatchSize); // another worker has none: make a batch for it
        int tries = EvictionTries;
        while (wanted-- > 0 && Evict(links, now, ref tries))
        {
        }
    }

    // The oldest of the unreplied, then of the finished flows. One that was answered since it was filed moves on; one that had
    // packets (a stream nobody answers) gets a second chance, if not too many ask for it.
    private bool Evict(Span<EntryLink> links, uint now, ref int tries)
    {
        for (; tries > 0; tries--)
        {
            int entry = Oldest(links, 0, ExpiryQueues.UnrepliedFifos, now, out int fifo);
            if (entry < 0) entry = Oldest(links, ExpiryQueues.UnrepliedFifos, ExpiryQueues.Fifos, now, out fifo);
            if (entry < 0) return false;
            ref ConntrackEntry<TAddress> e = ref _table[entry];
            bool moves = ExpiryQueues.FifoOf(e.State, ProtocolClasses.Of(in e)) != fifo
                || (tries > EvictionTries - SecondChances && (int)(e.LastSeen - links[entry].QueuedAt) > 0);
            if (e.Life != EntryLife.Dead && moves)
            {
                File(links, entry, in e, now);
                continue;
            }
            if (_table.TryKill(entry)) _counters.Evicted++;
            Retire(links, entry);
            return true;
        }
        return false;
    }

    private int Oldest(Span<EntryLink> links, int from, int to, uint now, out int fifo)
    {
        int oldest = -1;
        fifo = -1;
        for (int i = from; i < to; i++)
        {
            int head = _queues.Head(links, i);
            if (head < 0 || (oldest >= 0 && now - links[head].QueuedAt <= now - links[oldest].QueuedAt)) continue;
            oldest = head;
            fifo = i;
        }
        return oldest;
    }

    private void Retire(Span<EntryLink> links, int entry)
    {
        ExpiryQueues.Unlink(links, entry);
        ref readonly ConntrackEntry<TAddress> e = ref _table[entry];
        if ((e.Flags & FlowFlags.PooledPort) != 0) _table.NatPorts.Return(in e.Reply);
        _stock.Retire(links, entry);
        _counters.Removed++;
    }

    private bool IsIdle(in ConntrackEntry<TAddress> e, uint now) =>
        (int)(now - Volatile.Read(in e.LastSeen)) >= (int)_timeouts[ConntrackTimeouts.Index(e.State, ProtocolClasses.Of(in e))];

    private uint FifoTimeout(int fifo) => fifo switch
    {
        < ExpiryQueues.UnrepliedFifos => _timeouts[ConntrackTimeouts.Index(FlowState.New, (ProtocolClass)fifo)],
        ExpiryQueues.UnrepliedFifos => _timeouts[ConntrackTimeouts.Index(FlowState.TimeWait, ProtocolClass.Tcp)],
        _ => _timeouts[ConntrackTimeouts.Index(FlowState.Closed, ProtocolClass.Tcp)],
    };
}
