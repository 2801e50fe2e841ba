using System.Numerics;
using Dataplane.Packets;

namespace Dataplane.Tables;

/// <summary>
/// An immutable map from address to a number of 0 or more: open addressing at half load, two arrays, no objects. Made once per
/// publish on the control thread, read by every worker.
/// </summary>
public sealed class AddressMap<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private const ulong Seed = 0x2545f4914f6cdd1d;
    private readonly TAddress[] _keys;
    private readonly int[] _values; // -1: free
    private readonly int _shift;

    /// <summary>A later pair replaces an earlier one with the same key.</summary>
    public AddressMap(IReadOnlyCollection<KeyValuePair<TAddress, int>> pairs)
    {
        int size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(4, pairs.Count * 2));
        _shift = 64 - BitOperations.Log2((uint)size);
        _keys = new TAddress[size];
        _values = new int[size];
        Array.Fill(_values, -1);
        foreach (var (key, value) in pairs)
        {
            int slot = SlotOf(key);
            while (_values[slot] >= 0 && !_keys[slot].Equals(key)) slot = slot + 1 & size - 1;
            if (_values[slot] < 0) Count++;
            _keys[slot] = key;
            _values[slot] = value;
        }
    }

    /// <summary>Keys in the map.</summary>
    public int Count { get; }

    /// <summary>The number of <paramref name="key"/>, or -1.</summary>
    public int Find(TAddress key)
    {
        var keys = _keys;
        var values = _values;
        int slot = SlotOf(key);
        while (true)
        {
            if ((uint)slot >= (uint)values.Length || (uint)slot >= (uint)keys.Length) return -1;
            int value = values[slot];
            if (value < 0 || keys[slot].Equals(key)) return value;
            slot = slot + 1 & values.Length - 1;
        }
    }

    private int SlotOf(TAddress key) => (int)(TAddress.Mix(key, default, Seed) * 0x9e3779b97f4a7c15 >> _shift);
}
