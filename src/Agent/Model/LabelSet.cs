namespace Dataplane.Agent.Model;

/// <summary>The labels of an object: immutable, ordered by key, compared by content (the hash is kept).</summary>
public sealed class LabelSet : IEquatable<LabelSet>
{
    /// <summary>No labels.</summary>
    public static readonly LabelSet Empty = new([]);

    private readonly KeyValuePair<string, string>[] _items;
    private readonly int _hash;

    private LabelSet(KeyValuePair<string, string>[] sorted)
    {
        _items = sorted;
        var hash = new HashCode();
        foreach (var (key, value) in sorted)
        {
            hash.Add(key, StringComparer.Ordinal);
            hash.Add(value, StringComparer.Ordinal);
        }
        _hash = hash.ToHashCode();
    }

    /// <summary>The labels in ordinal order of their keys.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Items => _items;

    /// <summary>Makes a set; keys must be distinct.</summary>
    public static LabelSet Of(IEnumerable<KeyValuePair<string, string>> labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        var sorted = labels.ToArray();
        Array.Sort(sorted, static (a, b) => string.CompareOrdinal(a.Key, b.Key));
        return sorted.Length == 0 ? Empty : new LabelSet(sorted);
    }

    /// <summary>The value of a label, or null.</summary>
    public string? Find(string key)
    {
        int low = 0, high = _items.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) >> 1;
            var order = string.CompareOrdinal(_items[middle].Key, key);
            if (order == 0)
                return _items[middle].Value;
            if (order < 0)
                low = middle + 1;
            else
                high = middle - 1;
        }
        return null;
    }

    /// <summary>The same labels with one added or replaced.</summary>
    public LabelSet With(string key, string value) =>
        Find(key) == value ? this : Of(_items.Where(i => i.Key != key).Append(new(key, value)));

    /// <summary>The same labels without those of some keys.</summary>
    public LabelSet Without(IReadOnlySet<string> keys) =>
        _items.Any(i => keys.Contains(i.Key)) ? Of(_items.Where(i => !keys.Contains(i.Key))) : this;

    /// <inheritdoc/>
    public bool Equals(LabelSet? other)
    {
        if (ReferenceEquals(this, other))
            return true;
        if (other is null || other._hash != _hash || other._items.Length != _items.Length)
            return false;
        for (var i = 0; i < _items.Length; i++)
        {
            if (_items[i].Key != other._items[i].Key || _items[i].Value != other._items[i].Value)
                return false;
        }
        return true;
    }

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as LabelSet);

    /// <inheritdoc/>
    public override int GetHashCode() => _hash;

    /// <summary>"key=value,key=value".</summary>
    public override string ToString() => string.Join(',', _items.Select(i => $"{i.Key}={i.Value}"));
}
