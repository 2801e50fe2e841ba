using System.Runtime.InteropServices;
using Dataplane.Packets;

namespace Dataplane.Conntrack;

/// <summary>Where the parts of a table lie in its memory: header page, index, entries, links; each on a page of its own.</summary>
internal readonly struct ConntrackLayout<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private const int Page = 4096;

    /// <summary>Bytes of an entry.</summary>
    public static readonly int EntrySize = SizeOfEntry();

    /// <summary>Lays out a table.</summary>
    /// <param name="capacity">Flows it can hold.</param>
    /// <param name="workers">Workers that may insert.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is not positive, or the table would not fit in 2 GB.</exception>
    public ConntrackLayout(int capacity, int workers)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(workers);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(workers, ushort.MaxValue);
        Capacity = capacity;
        Workers = workers;
        Buckets = ConntrackIndex.BucketsFor(capacity);
        long index = (long)Buckets * ConntrackIndex.BucketSlots * sizeof(ulong);
        long entries = (long)capacity * EntrySize;
        long links = ((long)capacity + (long)workers * ExpiryQueues.Lists) * EntryLink.Size;
        long total = Page + RoundUp(index) + RoundUp(entries) + RoundUp(links);
        if (total > int.MaxValue)
            throw new ArgumentOutOfRangeException(nameof(capacity), capacity, $"a conntrack table of {capacity} flows needs {total} bytes; at most 2 GB are possible, choose a smaller capacity");
        IndexOffset = Page;
        IndexBytes = (int)index;
        EntriesOffset = IndexOffset + (int)RoundUp(index);
        EntriesBytes = (int)entries;
        LinksOffset = EntriesOffset + (int)RoundUp(entries);
        LinksBytes = (int)links;
        TotalBytes = (int)total;
    }

    public int Capacity { get; }

    public int Workers { get; }

    public int Buckets { get; }

    public int IndexOffset { get; }

    public int IndexBytes { get; }

    public int EntriesOffset { get; }

    public int EntriesBytes { get; }

    public int LinksOffset { get; }

    public int LinksBytes { get; }

    public int TotalBytes { get; }

    private static long RoundUp(long bytes) => (bytes + Page - 1) & -Page;

    private static int SizeOfEntry()
    {
        ConntrackEntry<TAddress> entry = default;
        return MemoryMarshal.AsBytes(new ReadOnlySpan<ConntrackEntry<TAddress>>(in entry)).Length;
    }
}
