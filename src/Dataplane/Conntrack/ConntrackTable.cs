using System.Numerics;
using System.Runtime.InteropServices;
using Dataplane.Packets;

namespace Dataplane.Conntrack;

/// <summary>
/// All flows of a node, shared by its workers without locks, in memory of fixed size given from outside.
/// <para>
/// Readers: <see cref="Find"/> reads one or two cache lines of the index and the entry, and takes no lock. What it returns stays
/// that flow's until the worker's next <see cref="ConntrackWriter{TAddress}.Quiescent"/>, even when the flow is removed meanwhile.
/// </para>
/// <para>
/// Writers: each worker inserts, expires and recycles through its <see cref="ConntrackWriter{TAddress}"/>. Insertion puts both
/// tuples into the index as pending, then looks for rivals, then commits by one compare-and-swap on the entry. Of two rivals the
/// second to be placed sees the first, and either loses to it or aborts it before it commits: a flow has at most one entry.
/// </para>
/// </summary>
public sealed class ConntrackTable<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private readonly Memory<byte> _memory;
    private readonly ConntrackLayout<TAddress> _layout;
    private readonly uint _bucketMask;
    private readonly uint[] _timeouts; // seconds by state and protocol
    private readonly ConntrackWriter<TAddress>[] _writers;

    /// <summary>Makes an empty table.</summary>
    /// <param name="memory">
    /// <see cref="RequiredBytes"/> bytes, best aligned to 64: zeros, or a former table, whose flows are forgotten. It must not move
    /// or go away while the table is used; who gave it frees it.
    /// </param>
    /// <param name="capacity">Flows it can hold.</param>
    /// <param name="workers">Workers that insert; writers are numbered from 0.</param>
    /// <param name="seed">Secret of the hash; random, so that nobody can prepare collisions.</param>
    /// <param name="timeouts">When flows expire.</param>
    /// <param name="natPorts">Source ports of masqueraded flows; null: all of the default range.</param>
    /// <exception cref="ArgumentException">The memory is too small, or a number is out of range.</exception>
    public ConntrackTable(Memory<byte> memory, int capacity, int workers, ulong seed, ConntrackTimeouts timeouts, NatPortPool? natPorts = null)
    {
        ArgumentNullException.ThrowIfNull(timeouts);
        NatPorts = natPorts ?? new NatPortPool(NatPortPool.DefaultFirst, NatPortPool.DefaultLast);
        _layout = new ConntrackLayout<TAddress>(capacity, workers);
        if (memory.Length < _layout.TotalBytes)
            throw new ArgumentException($"a conntrack table of {capacity} flows and {workers} workers needs {_layout.TotalBytes} bytes, got {memory.Length}", nameof(memory));
        _memory = memory[.._layout.TotalBytes];
        _bucketMask = (uint)_layout.Buckets - 1;
        Seed = seed;
        Initialize();
        Epochs = new QuiescentEpochs(workers + 1); // the last one is the control thread's
        Pool = new EntryPool(capacity, workers);
        _timeouts = timeouts.ToTable();
        _writers = new ConntrackWriter<TAddress>[workers];
        for (int i = 0; i < workers; i++) _writers[i] = new ConntrackWriter<TAddress>(this, i, _timeouts);
        Reader = new ConntrackReader<TAddress>(this);
    }

    /// <summary>Seconds until a flow expires if no packet of it comes; 0 when that is due.</summary>
    public uint SecondsLeft(in ConntrackEntry<TAddress> entry, uint now)
    {
        uint timeout = _timeouts[ConntrackTimeouts.Index(entry.State, ProtocolClasses.Of(in entry))];
        int idle = Math.Max(0, (int)(now - entry.LastSeen)); // another worker's clock may be a second ahead
        return idle >= timeout ? 0 : timeout - (uint)idle;
    }

    /// <summary>Flows it can hold.</summary>
    public int Capacity => _layout.Capacity;

    /// <summary>Number of writers.</summary>
    public int Workers => _layout.Workers;

    /// <summary>Secret of <see cref="FlowTuple{TAddress}.Hash"/>: all hashes given to this table are made with it.</summary>
    public ulong Seed { get; }

    /// <summary>Source ports of masqueraded flows: a flow's goes back when its entry is recycled.</summary>
    public NatPortPool NatPorts { get; }

    /// <summary>Dumps and flushes, for the control thread.</summary>
    public ConntrackReader<TAddress> Reader { get; }

    internal QuiescentEpochs Epochs { get; }

    internal EntryPool Pool { get; }

    internal Span<ConntrackEntry<TAddress>> Entries =>
        MemoryMarshal.Cast<byte, ConntrackEntry<TAddress>>(_memory.Span.Slice(_layout.EntriesOffset, _layout.EntriesBytes));

    internal Span<EntryLink> Links => MemoryMarshal.Cast<byte, EntryLink>(_memory.Span.Slice(_layout.LinksOffset, _layout.LinksBytes));

    internal ConntrackIndex Index => new(Slots, _bucketMask);

    internal Span<ulong> Slots => MemoryMarshal.Cast<byte, ulong>(_memory.Span.Slice(_layout.IndexOffset, _layout.IndexBytes));

    internal uint BucketMask => _bucketMask;

    /// <summary>Entries no worker has at hand: with all <see cref="ConntrackWriter{TAddress}.Spare"/> and the flows in use they make <see cref="Capacity"/>.</summary>
    public int Pooled => Pool.Count;

    /// <summary>An entry by its number.</summary>
    public ref ConntrackEntry<TAddress> this[int entry] => ref Entries[entry];

    /// <summary>Bytes of memory a table needs.</summary>
    public static int RequiredBytes(int capacity, int workers) => new ConntrackLayout<TAddress>(capacity, workers).TotalBytes;

    /// <summary>The writer of a worker; to be used by that worker's thread only.</summary>
    public ConntrackWriter<TAddress> Writer(int worker) => _writers[worker];

    /// <summary>Finds the flow of a packet, and which way the packet goes.</summary>
    /// <param name="tuple">The tuple as it stands in the packet.</param>
    /// <param name="hash">Its hash with <see cref="Seed"/>.</param>
    /// <param name="direction">Which of the entry's tuples it is.</param>
    /// <returns>The entry's number, -1 when there is none.</returns>
    public int Find(in FlowTuple<TAddress> tuple, ulong hash, out FlowDirection direction)
    {
        Span<byte> memory = _memory.Span;
        Span<ulong> slots = MemoryMarshal.Cast<byte, ulong>(memory.Slice(_layout.IndexOffset, _layout.IndexBytes));
        Span<ConntrackEntry<TAddress>> entries = MemoryMarshal.Cast<byte, ConntrackEntry<TAddress>>(memory.Slice(_layout.EntriesOffset, _layout.EntriesBytes));
        int entry = FindIn(slots.Slice(ConntrackIndex.First(hash, _bucketMask), ConntrackIndex.BucketSlots), entries, in tuple, hash, out direction);
        return entry >= 0
            ? entry
            : FindIn(slots.Slice(ConntrackIndex.Second(hash, _bucketMask), ConntrackIndex.BucketSlots), entries, in tuple, hash, out direction);
    }

    /// <summary>
    /// Brings the cache lines that lookups of these hashes will read into the cache: first all buckets, then the entries whose tag
    /// matches. Plain reads whose results nothing waits for, so the misses of a batch overlap; there is no prefetch instruction
    /// without pointers. Call it once per batch.
    /// </summary>
    /// <returns>A number without meaning, which keeps the reads from being optimised away.</returns>
    public uint Prefetch(ReadOnlySpan<ulong> hashes)
    {
        Span<ulong> slots = Slots;
        Span<ConntrackEntry<TAddress>> entries = Entries;
        ulong touched = 0;
        foreach (ulong hash in hashes) touched ^= slots[ConntrackIndex.First(hash, _bucketMask)];
        foreach (ulong hash in hashes)
        {
            int first = ConntrackIndex.First(hash, _bucketMask);
            uint matches = ConntrackIndex.Match(slots.Slice(first, ConntrackIndex.BucketSlots), hash);
            if (matches == 0)
            {
                touched ^= slots[ConntrackIndex.Second(hash, _bucketMask)];
                continue;
            }
            int entry = ConntrackIndex.EntryOf(slots[first + BitOperations.TrailingZeroCount(matches)]);
            if ((uint)entry >= (uint)entries.Length) continue;
            ref ConntrackEntry<TAddress> e = ref entries[entry];
            touched ^= e.LastSeen ^ e.OriginalPackets; // one field of each of its two lines
        }
        return (uint)touched;
    }

    /// <summary>
    /// Removes a flow; for who is not its owner, such as a worker that saw its peer's flow end, or the control thread. Lookups do
    /// not find it from now on; its owner recycles it.
    /// </summary>
    /// <returns>False when it was removed already.</returns>
    internal bool Remove(int entry)
    {
        if (!TryKill(entry)) return false;
        _writers[Entries[entry].Owner].Post(entry);
        return true;
    }

    /// <summary>Takes a live entry out of the index; true for exactly one caller, who sees to its recycling.</summary>
    internal bool TryKill(int entry)
    {
        ref ConntrackEntry<TAddress> e = ref Entries[entry];
        EntryLife seen = e.Life;
        while (seen >= EntryLife.Expiring)
        {
            EntryLife was = Interlocked.CompareExchange(ref e.Life, EntryLife.Dead, seen);
            if (was == seen)
            {
                ClearSlots(entry, in e);
                return true;
            }
            seen = was;
        }
        return false;
    }

    /// <summary>Empties both index slots of an entry.</summary>
    internal void ClearSlots(int entry, in ConntrackEntry<TAddress> e)
    {
        ConntrackIndex index = Index;
        ulong hash = e.Original.Hash(Seed);
        index.Clear(hash, ConntrackIndex.Slot(hash, entry, FlowDirection.Original));
        if (e.Original == e.Reply) return; // it has one slot only
        hash = e.Reply.Hash(Seed);
        index.Clear(hash, ConntrackIndex.Slot(hash, entry, FlowDirection.Reply));
    }

    private static int FindIn(Span<ulong> bucket, Span<ConntrackEntry<TAddress>> entries, in FlowTuple<TAddress> tuple, ulong hash, out FlowDirection direction)
    {
        for (uint matches = ConntrackIndex.Match(bucket, hash); matches != 0; matches &= matches - 1)
        {
            ulong slot = Volatile.Read(ref bucket[BitOperations.TrailingZeroCount(matches)]);
            int entry = ConntrackIndex.EntryOf(slot);
            if ((uint)entry >= (uint)entries.Length) continue; // an empty slot
            ref ConntrackEntry<TAddress> e = ref entries[entry];
            FlowDirection way = ConntrackIndex.DirectionOf(slot);
            if (way == FlowDirection.Original ? !e.Original.Matches(in tuple) : !e.Reply.Matches(in tuple)) continue;
            if (!e.IsVisible) continue;
            direction = way;
            return entry;
        }
        direction = FlowDirection.Original;
        return -1;
    }

    private void Initialize()
    {
        Span<byte> memory = _memory.Span;
        // Zero pages of a new mapping are left alone: touching them would make the whole table resident at once.
        if (MemoryMarshal.Read<ConntrackHeader>(memory).Magic != 0) memory.Clear();
        ConntrackHeader header = default;
        header.Magic = ConntrackHeader.ExpectedMagic;
        header.Seed = Seed;
        header.LayoutVersion = ConntrackEntry<TAddress>.LayoutVersion;
        header.EntrySize = (uint)ConntrackLayout<TAddress>.EntrySize;
        header.Capacity = (uint)Capacity;
        header.Buckets = (uint)_layout.Buckets;
        header.Workers = (uint)Workers;
        MemoryMarshal.Write(memory, in header);
    }
}
