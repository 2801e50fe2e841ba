using System.Numerics;
using Dataplane.Packets;

namespace Dataplane.Conntrack;

/// <summary>
/// A worker's way to change the table. All methods are called by that worker's thread only. Once per loop it calls
/// <see cref="Quiescent"/> (when it holds no entry) and <see cref="Expire"/>, before it sleeps <see cref="Offline"/>.
/// </summary>
public sealed class ConntrackWriter<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private const int MaxAttempts = 64; // of an insertion that meets a rival
    private const int AttemptsInOrder = 8; // after so many the rival is taken to be preempted, and aborted whatever its number

    private readonly ConntrackTable<TAddress> _table;
    private readonly int _id;
    private readonly EntryRecycler<TAddress> _recycler;

    internal ConntrackWriter(ConntrackTable<TAddress> table, int id, uint[] timeouts)
    {
        _table = table;
        _id = id;
        _recycler = new EntryRecycler<TAddress>(table, id, timeouts, Counters);
    }

    /// <summary>What this worker did.</summary>
    public ConntrackCounters Counters { get; } = new();

    /// <summary>Entries this worker has at hand: free, or waiting until no reader can hold them.</summary>
    public int Spare => _recycler.Spare;

    /// <summary>The worker holds no entry from an earlier lookup. Call it once per loop; the first lookup comes after the first call.</summary>
    public void Quiescent() => _table.Epochs.Announce(_id);

    /// <summary>The worker holds no entry and looks nothing up before the next <see cref="Quiescent"/>: call it before sleeping.</summary>
    public void Offline() => _table.Epochs.GoOffline(_id);

    /// <summary>
    /// Bounded work per call: files changed entries, expires idle ones, recycles removed ones, makes room when the table is full.
    /// Call it once per loop, and at least once per second.
    /// </summary>
    /// <param name="now">Coarse clock, seconds; may wrap.</param>
    /// <param name="budget">Entries to look at, at most.</param>
    public void Expire(uint now, int budget) => _recycler.Run(now, budget);

    /// <summary>Removes a flow: lookups do not find it from now on.</summary>
    /// <returns>False when it was removed already.</returns>
    public bool Remove(int entry) => _table.Remove(entry);

    /// <summary>
    /// Says that a flow's timeout may have become shorter, after <see cref="TcpTracker.Advance"/> said so. Without it the flow goes
    /// when its former timeout ends.
    /// </summary>
    public void Reschedule(int entry) => _table.Writer(_table[entry].Owner).Post(entry);

    /// <summary>
    /// Makes an entry. On <see cref="InsertResult.Inserted"/> and <see cref="InsertResult.Exists"/> returns its number, otherwise -1.
    /// </summary>
    /// <param name="flow">The whole entry: tuples, actions, state, flags, identities, first counts. LastSeen and Owner are set here.</param>
    /// <param name="originalHash">Hash of its original tuple.</param>
    /// <param name="replyHash">Hash of its reply tuple.</param>
    /// <param name="now">Coarse clock, seconds.</param>
    /// <param name="direction">Which way packets of flow.Original go in the entry: Reply when a packet of the other direction was first.</param>
    /// <param name="result">What happened.</param>
    public int TryInsert(in ConntrackEntry<TAddress> flow, ulong originalHash, ulong replyHash, uint now, out FlowDirection direction, out InsertResult result)
    {
        direction = FlowDirection.Original;
        _table.Index.Touch(originalHash, replyHash);
        int entry = _recycler.Take(now);
        if (entry < 0)
        {
            Counters.Full++;
            result = InsertResult.Full;
            return -1;
        }
        ref ConntrackEntry<TAddress> e = ref _table[entry];
        e = flow;
        e.LastSeen = now;
        e.Owner = (ushort)_id;
        entry = Commit(entry, ref e, originalHash, replyHash, now, ref direction, out result);
        if (result == InsertResult.Inserted) _recycler.File(entry, in e, now);
        return entry;
    }

    /// <summary>
    /// Makes an entry of a flow that another process had; before any worker runs. None is evicted for it.
    /// </summary>
    /// <param name="flow">The whole entry; its LastSeen is of this process's clock.</param>
    /// <param name="now">Coarse clock, seconds.</param>
    /// <returns>False when there is no room, or another flow is in its place.</returns>
    internal bool TryRestore(in ConntrackEntry<TAddress> flow, uint now)
    {
        int entry = _recycler.TakeFree();
        if (entry < 0) return false;
        ref ConntrackEntry<TAddress> e = ref _table[entry];
        e = flow;
        e.Owner = (ushort)_id;
        var direction = FlowDirection.Original;
        Commit(entry, ref e, flow.Original.Hash(_table.Seed), flow.Reply.Hash(_table.Seed), now, ref direction, out var result);
        if (result == InsertResult.Inserted) _recycler.FileAsOf(entry, in e, now);
        return result == InsertResult.Inserted;
    }

    // Places a new entry, unless a rival is there; then that one's number is returned, or -1.
    private int Commit(int entry, ref ConntrackEntry<TAddress> e, ulong originalHash, ulong replyHash, uint now, ref FlowDirection direction, out InsertResult result)
    {
        int other = -1;
        result = InsertResult.Contended;
        for (int attempt = 0; attempt < MaxAttempts; attempt++)
        {
            e.Life = EntryLife.Pending; // ordered before the slots by their compare-and-swap
            if (!TryPlace(entry, in e, originalHash, replyHash))
            {
                result = InsertResult.Full;
                break;
            }
            Rival rival = FindRival(in e.Original, originalHash, entry, attempt, now, out other);
            if (rival == Rival.None && e.Original != e.Reply) rival = FindRival(in e.Reply, replyHash, entry, attempt, now, out other);
            if (rival == Rival.None && Interlocked.CompareExchange(ref e.Life, EntryLife.Live, EntryLife.Pending) == EntryLife.Pending)
            {
                Counters.Inserted++;
                result = InsertResult.Inserted;
                return entry;
            }
            _table.ClearSlots(entry, in e);
            if (rival == Rival.Found)
            {
                result = Compare(in e, in _table[other], out direction);
                break;
            }
            Thread.SpinWait(1 << Math.Min(attempt, 6));
        }
        // Another worker may be looking at its tuples, so it waits like a removed one.
        e.Life = EntryLife.Dead;
        _recycler.GiveUp(entry);
        return Fail(result, other);
    }

    /// <summary>Tells the owner that an entry was removed or its state changed. Any thread.</summary>
    internal void Post(int entry) => _recycler.Post(entry);

    private int Fail(InsertResult result, int other)
    {
        switch (result)
        {
            case InsertResult.Exists:
                Counters.Exists++;
                return other;
            case InsertResult.ReplyCollision:
                Counters.ReplyCollisions++;
                break;
            case InsertResult.Full:
                Counters.Full++;
                break;
            default:
                Counters.Contended++;
                break;
        }
        return -1;
    }

    private bool TryPlace(int entry, in ConntrackEntry<TAddress> e, ulong originalHash, ulong replyHash)
    {
        ConntrackIndex index = _table.Index;
        ulong original = ConntrackIndex.Slot(originalHash, entry, FlowDirection.Original);
        if (!index.TryPlace(originalHash, original)) return false;
        if (e.Original == e.Reply) return true; // same addresses and ports both ways: one slot serves both
        if (index.TryPlace(replyHash, ConntrackIndex.Slot(replyHash, entry, FlowDirection.Reply))) return true;
        index.Clear(originalHash, original);
        return false;
    }

    // Looks for another entry with this tuple, after our own was placed. Two rivals cannot both pass: the one placed second sees
    // the first; if that one is still pending, it yields to it or aborts it, and an aborted entry cannot commit.
    private Rival FindRival(in FlowTuple<TAddress> tuple, ulong hash, int self, int attempt, uint now, out int other)
    {
        Span<ulong> slots = _table.Slots;
        Rival rival = FindRivalIn(slots.Slice(ConntrackIndex.First(hash, _table.BucketMask), ConntrackIndex.BucketSlots), in tuple, hash, self, attempt, now, out other);
        return rival != Rival.None
            ? rival
            : FindRivalIn(slots.Slice(ConntrackIndex.Second(hash, _table.BucketMask), ConntrackIndex.BucketSlots), in tuple, hash, self, attempt, now, out other);
    }

    private Rival FindRivalIn(Span<ulong> bucket, in FlowTuple<TAddress> tuple, ulong hash, int self, int attempt, uint now, out int other)
    {
        for (uint matches = ConntrackIndex.Match(bucket, hash); matches != 0; matches &= matches - 1)
        {
            ulong slot = Volatile.Read(ref bucket[BitOperations.TrailingZeroCount(matches)]);
            other = ConntrackIndex.EntryOf(slot);
            if (other < 0 || other == self) continue;
            ref ConntrackEntry<TAddress> e = ref _table[other];
            if (!(ConntrackIndex.DirectionOf(slot) == FlowDirection.Original ? ref e.Original : ref e.Reply).Matches(in tuple)) continue;
            EntryLife life = e.Life;
            if (life == EntryLife.Pending)
            {
                if (self > other && attempt < AttemptsInOrder) return Rival.Pending;
                life = Interlocked.CompareExchange(ref e.Life, EntryLife.Aborted, EntryLife.Pending);
            }
            // Touch: one that is about to expire is kept, or else is gone.
            if (life >= EntryLife.Expiring && e.Touch(now)) return Rival.Found;
        }
        other = -1;
        return Rival.None;
    }

    // The same flow, perhaps the other way round, or one that merely has our reply tuple?
    private static InsertResult Compare(in ConntrackEntry<TAddress> ours, in ConntrackEntry<TAddress> theirs, out FlowDirection direction)
    {
        direction = ours.Original == theirs.Original ? FlowDirection.Original : FlowDirection.Reply;
        return direction == FlowDirection.Original || ours.Original == theirs.Reply ? InsertResult.Exists : InsertResult.ReplyCollision;
    }

    private enum Rival
    {
        None,
        Found,
        Pending,
    }
}
