using Xdp.Interop;

namespace Dataplane.Control.Apply;

/// <summary>
/// A BPF map that nobody else writes, and a copy of it, so that a wanted state is compared without asking the kernel. What is new is written before
/// what is stale goes: an entry that stays is never missing.
/// </summary>
/// <param name="update">Writes an entry; <see cref="XdpException"/> when the kernel refuses.</param>
/// <param name="delete">Removes an entry.</param>
/// <param name="there">What the map holds now.</param>
internal sealed class MirroredMap<TKey, TValue>(Action<TKey, TValue> update, Action<TKey> delete, IEnumerable<KeyValuePair<TKey, TValue>> there)
    where TKey : unmanaged where TValue : unmanaged, IEquatable<TValue>
{
    private readonly Dictionary<TKey, TValue> _there = new(there);

    /// <summary>Tells what is wanted for a key; false when the key is not wanted.</summary>
    public delegate bool Lookup(TKey key, out TValue value);

    /// <summary>Entries in the map.</summary>
    public int Count => _there.Count;

    /// <summary>
    /// Makes the map hold the wanted entries. When it is full, stale entries go first and the rest is tried again.
    /// </summary>
    /// <param name="wanted">The keys, each once.</param>
    /// <param name="lookup">The value of each of them.</param>
    /// <returns>Keys that did not fit, and why; all others are in the map. Empty when all went well.</returns>
    /// <exception cref="XdpException">The kernel refused for another reason than room; what was written until then stays.</exception>
    public (List<TKey> Left, Errno Why) Apply(IReadOnlyCollection<TKey> wanted, Lookup lookup)
    {
        var (left, why) = Write(wanted, lookup);
        // Each wanted key is in the map or left over, so equal numbers mean that nothing is stale.
        if (_there.Count + left.Count(key => !_there.ContainsKey(key)) == wanted.Count) return (left, why);
        foreach (var stale in _there.Keys.Where(key => !lookup(key, out _)).ToList())
        {
            delete(stale);
            _there.Remove(stale);
        }
        return left.Count > 0 ? Write(left, lookup) : (left, why);
    }

    private (List<TKey> Left, Errno Why) Write(IReadOnlyCollection<TKey> keys, Lookup lookup)
    {
        var left = new List<TKey>();
        var why = Errno.None;
        foreach (var key in keys)
        {
            lookup(key, out var value);
            if (_there.TryGetValue(key, out var now) && now.Equals(value)) continue;
            if (why == Errno.None || _there.ContainsKey(key)) // a full map still takes a new value
            {
                try
                {
                    update(key, value);
                    _there[key] = value;
                    continue;
                }
                catch (XdpException e) when (e.Errno is Errno.E2BIG or Errno.ENOSPC or Errno.ENOMEM)
                {
                    why = e.Errno;
                }
            }
            left.Add(key);
        }
        return (left, why);
    }
}
