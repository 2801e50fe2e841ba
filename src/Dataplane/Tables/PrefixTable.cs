using Dataplane.Packets;

namespace Dataplane.Tables;

/// <summary>
/// Longest prefix match from address to a number: one hash map per prefix length in use, tried from the longest. A cluster uses a
/// handful of lengths, and only packets that open a flow ask, so this is both small and fast enough.
/// </summary>
public sealed class PrefixTable<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private readonly int[] _lengths; // descending
    private readonly AddressMap<TAddress>[] _maps;

    /// <summary>Host bits of the keys are ignored; a later entry replaces an earlier one with the same prefix.</summary>
    public PrefixTable(IReadOnlyCollection<PrefixEntry<TAddress>> entries)
    {
        var byLength = new SortedDictionary<int, List<KeyValuePair<TAddress, int>>>();
        foreach (var entry in entries)
        {
            if (!byLength.TryGetValue(entry.Length, out var list)) byLength[entry.Length] = list = [];
            list.Add(new(entry.Address.Mask(entry.Length), entry.Value));
        }
        _lengths = new int[byLength.Count];
        _maps = new AddressMap<TAddress>[byLength.Count];
        int i = byLength.Count;
        foreach (var (length, list) in byLength)
        {
            _lengths[--i] = length;
            _maps[i] = new AddressMap<TAddress>(list);
            Count += _maps[i].Count;
        }
    }

    /// <summary>Prefixes in the table.</summary>
    public int Count { get; }

    /// <summary>The number of the longest prefix that holds <paramref name="address"/>, or -1.</summary>
    public int Find(TAddress address)
    {
        for (int i = 0; i < _lengths.Length; i++)
        {
            int value = _maps[i].Find(address.Mask(_lengths[i]));
            if (value >= 0) return value;
        }
        return -1;
    }
}
