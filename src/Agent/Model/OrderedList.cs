using System.Collections;

namespace Dataplane.Agent.Model;

/// <summary>
/// An immutable list in the order of its items' keys. It is kept in chunks, and a list made from another shares all chunks
/// but those that changed: one change among 100,000 items costs the chunk it is in, and two lists are compared by looking
/// at the chunks that they do not share.
/// </summary>
/// <remarks>Keys are distinct. Items are compared by reference: the same instance means that nothing changed.</remarks>
public sealed class OrderedList<T> : IReadOnlyList<T>
    where T : class
{
    private const int ChunkSize = 64;

    private readonly Comparison<T> _order;
    private readonly T[][] _chunks;

    // Index of each chunk's first item.
    private readonly int[] _starts;

    private OrderedList(Comparison<T> order, T[][] chunks)
    {
        _order = order;
        _chunks = chunks;
        _starts = new int[chunks.Length];
        for (var i = 0; i < chunks.Length; i++)
        {
            _starts[i] = Count;
            Count += chunks[i].Length;
        }
    }

    /// <inheritdoc/>
    public int Count { get; }

    /// <inheritdoc/>
    public T this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
            var chunk = Array.BinarySearch(_starts, index);
            if (chunk < 0)
                chunk = ~chunk - 1;
            return _chunks[chunk][index - _starts[chunk]];
        }
    }

    /// <summary>Sorts items into a list.</summary>
    /// <param name="items">In any order; keys are distinct.</param>
    /// <param name="order">Compares keys.</param>
    public static OrderedList<T> Of(IEnumerable<T> items, Comparison<T> order)
    {
        var sorted = items.ToArray();
        Array.Sort(sorted, order);
        var chunks = new List<T[]>(sorted.Length / ChunkSize + 1);
        Cut(sorted, chunks);
        return new OrderedList<T>(order, [.. chunks]);
    }

    /// <summary>
    /// Appends what differs between two lists of the same order, in that order. Costs one step per chunk that they share
    /// and one per item of the others.
    /// </summary>
    public static void Compare(OrderedList<T> before, OrderedList<T> after, List<Change<T>> changes)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        ArgumentNullException.ThrowIfNull(changes);
        if (ReferenceEquals(before, after))
            return;
        int chunkBefore = 0, chunkAfter = 0, inBefore = 0, inAfter = 0;
        while (true)
        {
            if (inBefore == 0 && inAfter == 0 && chunkBefore < before._chunks.Length && chunkAfter < after._chunks.Length
                && ReferenceEquals(before._chunks[chunkBefore], after._chunks[chunkAfter]))
            {
                chunkBefore++;
                chunkAfter++;
                continue;
            }
            var old = chunkBefore < before._chunks.Length ? before._chunks[chunkBefore][inBefore] : null;
            var item = chunkAfter < after._chunks.Length ? after._chunks[chunkAfter][inAfter] : null;
            if (old is null && item is null)
                return;
            var order = old is null ? 1 : item is null ? -1 : ReferenceEquals(old, item) ? 0 : before._order(old, item);
            if (!ReferenceEquals(old, item))
                changes.Add(new Change<T>(order <= 0 ? old : null, order >= 0 ? item : null));
            if (order <= 0 && ++inBefore == before._chunks[chunkBefore].Length)
                (chunkBefore, inBefore) = (chunkBefore + 1, 0);
            if (order >= 0 && ++inAfter == after._chunks[chunkAfter].Length)
                (chunkAfter, inAfter) = (chunkAfter + 1, 0);
        }
    }

    /// <summary>The list without some items, and with others added or put in the place of those with the same key.</summary>
    /// <param name="removed">Items whose keys go; one that is not there, or is in <paramref name="added"/> as well, does no harm.</param>
    /// <param name="added">Items that come.</param>
    public OrderedList<T> With(IReadOnlyCollection<T> removed, IReadOnlyCollection<T> added)
    {
        ArgumentNullException.ThrowIfNull(removed);
        ArgumentNullException.ThrowIfNull(added);
        var edits = new List<Edit>(removed.Count + added.Count);
        edits.AddRange(removed.Select(item => new Edit(item, Removes: true)));
        edits.AddRange(added.Select(item => new Edit(item, Removes: false)));
        if (edits.Count == 0)
            return this;
        // Of two edits of one key the one that adds comes last and counts.
        edits.Sort((a, b) => _order(a.Item, b.Item) is var order && order != 0 ? order : b.Removes.CompareTo(a.Removes));
        var chunks = new List<T[]>(_chunks.Length + edits.Count / ChunkSize + 1);
        var merged = new List<T>();
        var next = 0;
        for (var i = 0; i < Math.Max(_chunks.Length, 1); i++)
        {
            var first = next;
            while (next < edits.Count && (i + 1 >= _chunks.Length || _order(edits[next].Item, _chunks[i + 1][0]) < 0))
                next++;
            if (next == first)
            {
                chunks.Add(_chunks[i]);
                continue;
            }
            merged.Clear();
            Merge(_chunks.Length == 0 ? [] : _chunks[i], edits, first, next, merged);
            Cut(merged.ToArray(), chunks);
        }
        // Many small changes may leave many small chunks.
        return chunks.Count > 16 && chunks.Count > 4 * (1 + chunks.Sum(c => c.Length) / ChunkSize)
            ? Of(chunks.SelectMany(c => c), _order)
            : new OrderedList<T>(_order, [.. chunks]);
    }

    /// <summary>The items from the first one on that <paramref name="isReached"/> tells; it is false for all before, true for all after.</summary>
    public IEnumerable<T> From(Func<T, bool> isReached)
    {
        ArgumentNullException.ThrowIfNull(isReached);
        int low = 0, high = Count;
        while (low < high)
        {
            var middle = (low + high) >> 1;
            if (isReached(this[middle]))
                high = middle;
            else
                low = middle + 1;
        }
        for (var i = low; i < Count; i++)
            yield return this[i];
    }

    /// <inheritdoc/>
    public IEnumerator<T> GetEnumerator()
    {
        foreach (var chunk in _chunks)
        {
            foreach (var item in chunk)
                yield return item;
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private void Merge(T[] chunk, List<Edit> edits, int first, int end, List<T> merged)
    {
        var at = 0;
        for (var i = first; i < end; i++)
        {
            var (item, removes) = edits[i];
            while (at < chunk.Length && _order(chunk[at], item) < 0)
                merged.Add(chunk[at++]);
            if (at < chunk.Length && _order(chunk[at], item) == 0)
                at++;
            if (!removes)
                merged.Add(item);
        }
        merged.AddRange(chunk.AsSpan(at));
    }

    // A chunk may grow to twice the size before it is cut: else each insertion into a full one would cut it.
    private static void Cut(T[] items, List<T[]> chunks)
    {
        if (items.Length <= 2 * ChunkSize)
        {
            if (items.Length > 0)
                chunks.Add(items);
            return;
        }
        var pieces = (items.Length + ChunkSize - 1) / ChunkSize;
        for (var i = 0; i < pieces; i++)
            chunks.Add(items[(int)((long)items.Length * i / pieces)..(int)((long)items.Length * (i + 1) / pieces)]);
    }

    private readonly record struct Edit(T Item, bool Removes);
}
