namespace Dataplane.Agent.Desired;

/// <summary>
/// Numbers content: the same content keeps its number from one compilation to the next, and a number is not given to
/// other content while the process lives (until 2^32 have been used), so a late packet never meets a stranger's number.
/// </summary>
public sealed class IdAllocator<TKey>(uint first)
    where TKey : notnull
{
    // Forgotten only in bulk: content that comes back soon gets its old number.
    private const int IdleLimit = 4096;

    private readonly Dictionary<TKey, (uint Id, ulong Round)> _ids = [];
    private readonly HashSet<uint> _live = [];
    private readonly uint _first = first;
    private uint _next = first;
    private ulong _round;

    /// <summary>Starts a compilation.</summary>
    public void BeginRound()
    {
        _round++;
        var idle = 0;
        foreach (var (_, round) in _ids.Values)
        {
            if (round + 1 < _round)
                idle++;
        }
        if (idle <= IdleLimit)
            return;
        foreach (var (key, (id, round)) in _ids.ToList())
        {
            if (round + 1 >= _round)
                continue;
            _ids.Remove(key);
            _live.Remove(id);
        }
    }

    /// <summary>The content's number.</summary>
    public uint IdOf(TKey key)
    {
        if (_ids.TryGetValue(key, out var known))
        {
            _ids[key] = (known.Id, _round);
            return known.Id;
        }
        while (_next < _first || !_live.Add(_next))
            _next = _next < _first ? _first : _next + 1;
        var id = _next++;
        _ids.Add(key, (id, _round));
        return id;
    }
}
