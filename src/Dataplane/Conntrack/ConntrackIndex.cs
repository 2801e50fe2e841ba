using System.Numerics;
using System.Runtime.Intrinsics;

namespace Dataplane.Conntrack;

/// <summary>
/// The hash index over the entries: buckets of eight 8-byte slots, one cache line each. A slot is zero or
/// <c>tag (32) | direction (1) | entry + 1 (31)</c>; each entry has two slots, one per tuple, each in one of two buckets. With at
/// most half of the slots in use practically no bucket pair is ever full, nothing is moved, and so readers need no lock: a slot
/// goes from zero to its value by compare-and-swap and back to zero by whoever removes the entry.
/// </summary>
internal readonly ref struct ConntrackIndex
{
    /// <summary>Slots in a bucket.</summary>
    public const int BucketSlots = 8;

    private const ulong TagMask = 0xffffffff_00000000;
    private const uint ReplyBit = 0x80000000;

    // Up to this many slots the first bucket takes a flow without looking at the second, so that most lookups read one line.
    private const int PreferFirst = 5;

    private readonly Span<ulong> _slots;
    private readonly uint _bucketMask;

    public ConntrackIndex(Span<ulong> slots, uint bucketMask)
    {
        _slots = slots;
        _bucketMask = bucketMask;
    }

    /// <summary>Buckets for a number of entries: a power of two, at least twice as many slots as tuples.</summary>
    public static int BucketsFor(int capacity) => (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(2, (capacity + 1) / 2));

    /// <summary>A slot's value.</summary>
    public static ulong Slot(ulong hash, int entry, FlowDirection direction) =>
        hash & TagMask | (direction == FlowDirection.Reply ? ReplyBit : 0) | (uint)(entry + 1);

    /// <summary>The entry a slot names; -1 for an empty one.</summary>
    public static int EntryOf(ulong slot) => (int)((uint)slot & ~ReplyBit) - 1;

    /// <summary>The direction a slot stands for.</summary>
    public static FlowDirection DirectionOf(ulong slot) => (FlowDirection)((uint)slot >> 31);

    /// <summary>First slot of the hash's first bucket.</summary>
    public static int First(ulong hash, uint bucketMask) => (int)((uint)hash & bucketMask) * BucketSlots;

    /// <summary>First slot of the hash's second bucket; never the first bucket.</summary>
    public static int Second(ulong hash, uint bucketMask)
    {
        uint offset = (uint)(hash >> 32) * 0x9e3779b1 >> 3 | 1;
        return (int)(((uint)hash ^ offset) & bucketMask) * BucketSlots;
    }

    /// <summary>Bit set of the slots of a bucket whose tag is that of <paramref name="hash"/>. Empty slots match a tag of zero.</summary>
    public static uint Match(ReadOnlySpan<ulong> bucket, ulong hash)
    {
        // Whoever uses a match reads the slot again, so it does not matter that the vector is not read in one piece.
        if (Vector512.IsHardwareAccelerated)
        {
            Vector512<ulong> all = Vector512.Create(bucket) & Vector512.Create(TagMask);
            return (uint)Vector512.Equals(all, Vector512.Create(hash & TagMask)).ExtractMostSignificantBits();
        }
        Vector256<ulong> tag = Vector256.Create(hash & TagMask);
        Vector256<ulong> mask = Vector256.Create(TagMask);
        uint low = Vector256.Equals(Vector256.Create(bucket) & mask, tag).ExtractMostSignificantBits();
        uint high = Vector256.Equals(Vector256.Create(bucket[4..]) & mask, tag).ExtractMostSignificantBits();
        return low | high << 4;
    }

    /// <summary>Puts a slot into one of its two buckets. False: both are full.</summary>
    public bool TryPlace(ulong hash, ulong slot)
    {
        Span<ulong> first = _slots.Slice(First(hash, _bucketMask), BucketSlots);
        int used = Used(first);
        if (used <= PreferFirst && TryPlaceIn(first, slot)) return true;
        Span<ulong> second = _slots.Slice(Second(hash, _bucketMask), BucketSlots);
        return Used(second) < used
            ? TryPlaceIn(second, slot) || TryPlaceIn(first, slot)
            : TryPlaceIn(first, slot) || TryPlaceIn(second, slot);
    }

    /// <summary>Empties the slot that has exactly this value. Only the thread that removes the entry may call it.</summary>
    public void Clear(ulong hash, ulong slot)
    {
        if (!ClearIn(_slots.Slice(First(hash, _bucketMask), BucketSlots), slot))
            ClearIn(_slots.Slice(Second(hash, _bucketMask), BucketSlots), slot);
    }

    /// <summary>Reads the four buckets an insertion needs, so that their misses overlap: each locked instruction waits for the reads before it.</summary>
    public void Touch(ulong originalHash, ulong replyHash)
    {
        Volatile.Read(ref _slots[First(originalHash, _bucketMask)]);
        Volatile.Read(ref _slots[Second(originalHash, _bucketMask)]);
        Volatile.Read(ref _slots[First(replyHash, _bucketMask)]);
        Volatile.Read(ref _slots[Second(replyHash, _bucketMask)]);
    }

    private static int Used(ReadOnlySpan<ulong> bucket)
    {
        int used = 0;
        foreach (ulong slot in bucket) used += slot != 0 ? 1 : 0;
        return used;
    }

    private static bool TryPlaceIn(Span<ulong> bucket, ulong slot)
    {
        foreach (ref ulong place in bucket)
        {
            if (Volatile.Read(ref place) == 0 && Interlocked.CompareExchange(ref place, slot, 0) == 0) return true;
        }
        return false;
    }

    private static bool ClearIn(Span<ulong> bucket, ulong slot)
    {
        foreach (ref ulong place in bucket)
        {
            if (Volatile.Read(ref place) != slot) continue;
            Volatile.Write(ref place, 0);
            return true;
        }
        return false;
    }
}
