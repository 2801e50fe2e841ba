namespace Dataplane.Tables;

/// <summary>
/// Consistent hashing by a lookup table (Maglev: A Fast and Reliable Software Network Load Balancer, NSDI 2016, section 3.4). Every
/// endpoint fills slots in an order of its own; all nodes that know the same endpoints make the same table, and when an endpoint
/// comes or goes few slots of the others change. Made on the control thread.
/// </summary>
public sealed class MaglevTable
{
    /// <summary>Slots, unless told otherwise: good for 160 endpoints at one percent of imbalance.</summary>
    public const int DefaultSize = 16381;

    private readonly ushort[] _slots;

    /// <param name="names">A well-spread hash for each endpoint, the same on every node; up to 65,535 endpoints, at least one.</param>
    /// <param name="size">Slots: a prime, at least a hundred times the endpoints for an imbalance of one percent.</param>
    /// <exception cref="ArgumentOutOfRangeException">No endpoint, too many, or a size that is no prime.</exception>
    public MaglevTable(ReadOnlySpan<ulong> names, int size = DefaultSize)
    {
        if (names.Length is 0 or > ushort.MaxValue) throw new ArgumentOutOfRangeException(nameof(names), names.Length, "a Maglev table has 1 to 65535 endpoints");
        if (!IsPrime(size)) throw new ArgumentOutOfRangeException(nameof(size), size, "the size of a Maglev table is a prime number");
        _slots = Fill(names, size);
    }

    /// <summary>Slots.</summary>
    public int Size => _slots.Length;

    /// <summary>Number of the endpoint for a hash.</summary>
    public int Find(ulong hash) => _slots[(int)Math.BigMul(hash, (ulong)_slots.Length, out _)];

    /// <summary>True for sizes that a table can have.</summary>
    public static bool IsPrime(int number)
    {
        if (number < 2) return false;
        for (int divisor = 2; (long)divisor * divisor <= number; divisor++)
        {
            if (number % divisor == 0) return false;
        }
        return true;
    }

    private static ushort[] Fill(ReadOnlySpan<ulong> names, int size)
    {
        // Endpoint i asks for slots offset, offset + skip, offset + 2 skip ... modulo the prime size: each slot once.
        var next = new uint[names.Length];
        var skip = new uint[names.Length];
        for (int i = 0; i < names.Length; i++)
        {
            next[i] = (uint)(Mix(names[i] ^ 0x9e3779b97f4a7c15) % (uint)size);
            skip[i] = (uint)(Mix(names[i] ^ 0xd6e8feb86659fd93) % (uint)(size - 1)) + 1;
        }
        var slots = new ushort[size];
        var taken = new bool[size];
        for (int filled = 0; ;)
        {
            for (int i = 0; i < names.Length; i++)
            {
                uint slot = next[i];
                while (taken[slot]) slot = Step(slot, skip[i], (uint)size);
                taken[slot] = true;
                slots[slot] = (ushort)i;
                next[i] = Step(slot, skip[i], (uint)size);
                if (++filled == size) return slots;
            }
        }
    }

    private static uint Step(uint slot, uint skip, uint size)
    {
        slot += skip;
        return slot >= size ? slot - size : slot;
    }

    // splitmix64's finalizer: names that differ in one bit ask for unrelated slots.
    private static ulong Mix(ulong x)
    {
        x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
        x = (x ^ x >> 27) * 0x94d049bb133111eb;
        return x ^ x >> 31;
    }
}
