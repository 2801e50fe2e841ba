using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;

namespace Dataplane.Control.Compile;

/// <summary>
/// An immutable map in shards. One made from another shares all shards in which nothing changed: a change among ten thousand entries copies a
/// few of them, where a dictionary would be copied as a whole, in an array so large that the garbage collector has to look at everything; and two
/// maps are compared by looking at the shards that they do not share.
/// </summary>
/// <remarks>Values are compared by reference: the same instance means that nothing changed.</remarks>
public sealed class SharedMap<TKey, TValue> : IEnumerable<KeyValuePair<TKey, TValue>>
    where TKey : struct, IEquatable<TKey>
    where TValue : class
{
    private const int ShardEntries = 16; // on average

    private readonly Entry[][] _shards; // a power of two of them

    private SharedMap(Entry[][] shards, int count)
    {
        _shards = shards;
        Count = count;
    }

    /// <summary>No entries.</summary>
    public static SharedMap<TKey, TValue> Empty { get; } = new([[]], 0);

    /// <summary>Entries.</summary>
    public int Count { get; }

    /// <summary>The values, in no order.</summary>
    public IEnumerable<TValue> Values => this.Select(entry => entry.Value);

    /// <summary>What differs between two maps: keys with the value before and after, null where there is none.</summary>
    public static IEnumerable<(TKey Key, TValue? Before, TValue? After)> Changes(SharedMap<TKey, TValue> before, SharedMap<TKey, TValue> after)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        bool alike = before._shards.Length == after._shards.Length;
        for (int i = 0; i < before._shards.Length; i++)
        {
            if (alike && before._shards[i] == after._shards[i]) continue;
            foreach (var entry in before._shards[i])
            {
                if (!after.TryGetValue(entry.Key, out var now)) yield return (entry.Key, entry.Value, null);
                else if (!ReferenceEquals(now, entry.Value)) yield return (entry.Key, entry.Value, now);
            }
        }
        for (int i = 0; i < after._shards.Length; i++)
        {
            if (alike && before._shards[i] == after._shards[i]) continue;
            foreach (var entry in after._shards[i])
            {
                if (!before.ContainsKey(entry.Key)) yield return (entry.Key, null, entry.Value);
            }
        }
    }

    /// <summary>The map without some keys, and then with some entries added or put in the place of those with the same key.</summary>
    /// <param name="removed">Keys that go; one that is not there does no harm.</param>
    /// <param name="added">Entries that come; of two with one key the later counts.</param>
    public SharedMap<TKey, TValue> With(IEnumerable<TKey> removed, IReadOnlyCollection<KeyValuePair<TKey, TValue>> added)
    {
        ArgumentNullException.ThrowIfNull(removed);
        ArgumentNullException.ThrowIfNull(added);
        // Spread anew before there is much to add, and once there is little left.
        var wide = Count + added.Count > _shards.Length * ShardEntries * 4 ? Spread(Count + added.Count) : this;
        var changed = new Dictionary<int, List<Entry>>();
        int count = Count;
        foreach (var key in removed) count -= wide.Take(changed, new Entry(key, null!)) ? 1 : 0;
        foreach (var (key, value) in added)
        {
            var entry = new Entry(key, value);
            count += wide.Take(changed, entry) ? 0 : 1;
            changed[entry.Hash & wide._shards.Length - 1].Add(entry);
        }
        Entry[][] shards = [.. wide._shards];
        foreach (var (number, entries) in changed) shards[number] = [.. entries];
        var made = new SharedMap<TKey, TValue>(shards, count);
        return count < shards.Length * ShardEntries / 8 && shards.Length > 1 ? made.Spread(count) : made;
    }

    /// <summary>True when there is an entry with the key.</summary>
    public bool ContainsKey(TKey key) => TryGetValue(key, out _);

    /// <summary>Finds the value of a key.</summary>
    public bool TryGetValue(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        int hash = key.GetHashCode();
        foreach (ref readonly var entry in _shards[hash & _shards.Length - 1].AsSpan())
        {
            if (entry.Hash != hash || !entry.Key.Equals(key)) continue;
            value = entry.Value;
            return true;
        }
        value = null;
        return false;
    }

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<TKey, TValue>> GetEnumerator()
    {
        foreach (var shard in _shards)
        {
            foreach (var entry in shard) yield return new(entry.Key, entry.Value);
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    // Takes the entry with a key out of the copy of its shard; false when there is none.
    private bool Take(Dictionary<int, List<Entry>> changed, in Entry entry)
    {
        int number = entry.Hash & _shards.Length - 1;
        if (!changed.TryGetValue(number, out var shard)) changed.Add(number, shard = [.. _shards[number]]);
        for (int i = 0; i < shard.Count; i++)
        {
            if (shard[i].Hash != entry.Hash || !shard[i].Key.Equals(entry.Key)) continue;
            shard.RemoveAt(i);
            return true;
        }
        return false;
    }

    private SharedMap<TKey, TValue> Spread(int count)
    {
        var shards = new List<Entry>[BitOperations.RoundUpToPowerOf2((uint)Math.Max(1, count / ShardEntries))];
        for (int i = 0; i < shards.Length; i++) shards[i] = [];
        foreach (var entry in _shards.SelectMany(shard => shard)) shards[entry.Hash & shards.Length - 1].Add(entry);
        return new(Array.ConvertAll(shards, shard => shard.ToArray()), Count);
    }

    private readonly record struct Entry(TKey Key, TValue Value)
    {
        public int Hash { get; } = Key.GetHashCode();
    }
}
