using System.Numerics;
using Dataplane.Packets;

namespace Dataplane.Tables;

/// <summary>
/// Frontends by address, protocol and port: a hash table in shards, each an array with open addressing at half load. Immutable;
/// <see cref="With"/> makes another that shares all shards in which nothing changed, so that one service's change among ten thousand
/// copies a few kilobytes and not the table.
/// </summary>
public sealed class FrontendIndex<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private const ulong Seed = 0x8f14e45fceea167a;
    private const int ShardFrontends = 32; // on average

    private readonly Frontend<TAddress>[][] _shards; // Kind 0: free
    private readonly AddressShard<TAddress>[] _addresses; // of cluster addresses, sharded alike
    private readonly int _shift; // of the hash, to the shard's number

    private FrontendIndex(Frontend<TAddress>[][] shards, AddressShard<TAddress>[] addresses, int count)
    {
        _shards = shards;
        _addresses = addresses;
        _shift = 64 - BitOperations.Log2((uint)shards.Length);
        Count = count;
    }

    /// <summary>No frontends.</summary>
    public static FrontendIndex<TAddress> Empty { get; } = Build([], out _)!;

    /// <summary>Frontends in the index.</summary>
    public int Count { get; }

    /// <summary>Makes an index; null when two frontends are at the same place, and then <paramref name="clash"/> is one of them.</summary>
    public static FrontendIndex<TAddress>? Build(IReadOnlyCollection<Frontend<TAddress>> frontends, out Frontend<TAddress> clash)
    {
        int shards = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(2, frontends.Count / ShardFrontends));
        var empty = new FrontendIndex<TAddress>(Filled(shards, Array.Empty<Frontend<TAddress>>()), Filled(shards, AddressShard<TAddress>.Empty), 0);
        return empty.Change([], frontends, out clash);
    }

    /// <summary>
    /// The index without some frontends and with others; null when one is to be added where another is, and then
    /// <paramref name="clash"/> is the one that was to be added.
    /// </summary>
    /// <param name="removed">Frontends that are in the index.</param>
    /// <param name="added">Frontends to add, after the removal.</param>
    /// <param name="clash">What could not be added.</param>
    public FrontendIndex<TAddress>? With(IReadOnlyCollection<Frontend<TAddress>> removed, IReadOnlyCollection<Frontend<TAddress>> added, out Frontend<TAddress> clash)
    {
        int count = Count - removed.Count + added.Count;
        if (count <= _shards.Length * ShardFrontends * 2 && (count >= _shards.Length * ShardFrontends / 8 || _shards.Length == 2)) return Change(removed, added, out clash);
        // Grown or shrunk: spread over another number of shards.
        var all = new List<Frontend<TAddress>>(count);
        var gone = new HashSet<(TAddress, byte, ushort)>(removed.Count);
        foreach (var frontend in removed) gone.Add((frontend.Address, frontend.Protocol, frontend.Port));
        foreach (var shard in _shards)
        {
            foreach (var frontend in shard)
            {
                if (frontend.Kind != 0 && !gone.Contains((frontend.Address, frontend.Protocol, frontend.Port))) all.Add(frontend);
            }
        }
        all.AddRange(added);
        return Build(all, out clash);
    }

    /// <summary>The frontend at a place. The address zero finds those of every node address.</summary>
    public bool TryFind(TAddress address, byte protocol, ushort port, out Frontend<TAddress> frontend)
    {
        ulong hash = Hash(address, protocol, port);
        var shard = _shards[(int)(hash >> _shift)];
        for (int slot = SlotOf(hash, shard.Length); (uint)slot < (uint)shard.Length; slot = slot + 1 & shard.Length - 1)
        {
            ref readonly var f = ref shard[slot];
            if (f.Kind == 0) break;
            if (f.Port != port || f.Protocol != protocol || !f.Address.Equals(address)) continue;
            frontend = f;
            return true;
        }
        frontend = default;
        return false;
    }

    /// <summary>True when a frontend of kind <see cref="FrontendKind.ClusterIp"/> has this address.</summary>
    public bool HasClusterAddress(TAddress address) => _addresses[(int)(Hash(address, 0, 0) >> _shift)].Contains(address);

    private FrontendIndex<TAddress>? Change(IReadOnlyCollection<Frontend<TAddress>> removed, IReadOnlyCollection<Frontend<TAddress>> added, out Frontend<TAddress> clash)
    {
        var changes = new Dictionary<int, List<Frontend<TAddress>>>();
        var addresses = new Dictionary<int, Dictionary<TAddress, int>>();
        foreach (var frontend in removed)
        {
            var shard = Changed(changes, Hash(frontend.Address, frontend.Protocol, frontend.Port));
            for (int i = 0; i < shard.Count; i++)
            {
                if (!shard[i].IsAt(frontend)) continue;
                shard.RemoveAt(i);
                break;
            }
            CountAddress(addresses, frontend, -1);
        }
        foreach (var frontend in added)
        {
            var shard = Changed(changes, Hash(frontend.Address, frontend.Protocol, frontend.Port));
            foreach (var other in shard)
            {
                if (!other.IsAt(frontend)) continue;
                clash = frontend;
                return null;
            }
            shard.Add(frontend);
            CountAddress(addresses, frontend, 1);
        }
        clash = default;
        Frontend<TAddress>[][] shards = [.. _shards];
        AddressShard<TAddress>[] addressShards = [.. _addresses];
        foreach (var (number, frontends) in changes) shards[number] = Pack(frontends);
        foreach (var (number, counts) in addresses) addressShards[number] = new AddressShard<TAddress>(counts);
        return new FrontendIndex<TAddress>(shards, addressShards, Count - removed.Count + added.Count);
    }

    private List<Frontend<TAddress>> Changed(Dictionary<int, List<Frontend<TAddress>>> changes, ulong hash)
    {
        int number = (int)(hash >> _shift);
        if (changes.TryGetValue(number, out var shard)) return shard;
        shard = [];
        foreach (var frontend in _shards[number])
        {
            if (frontend.Kind != 0) shard.Add(frontend);
        }
        return changes[number] = shard;
    }

    private void CountAddress(Dictionary<int, Dictionary<TAddress, int>> changes, in Frontend<TAddress> frontend, int difference)
    {
        if (frontend.Kind != FrontendKind.ClusterIp) return;
        int number = (int)(Hash(frontend.Address, 0, 0) >> _shift);
        if (!changes.TryGetValue(number, out var counts)) changes[number] = counts = _addresses[number].CountsByAddress();
        int count = counts.GetValueOrDefault(frontend.Address) + difference;
        if (count > 0) counts[frontend.Address] = count;
        else counts.Remove(frontend.Address);
    }

    private static Frontend<TAddress>[] Pack(List<Frontend<TAddress>> frontends)
    {
        if (frontends.Count == 0) return [];
        var shard = new Frontend<TAddress>[BitOperations.RoundUpToPowerOf2((uint)frontends.Count * 2)];
        foreach (var frontend in frontends)
        {
            int slot = SlotOf(Hash(frontend.Address, frontend.Protocol, frontend.Port), shard.Length);
            while (shard[slot].Kind != 0) slot = slot + 1 & shard.Length - 1;
            shard[slot] = frontend;
        }
        return shard;
    }

    private static T[] Filled<T>(int length, T value)
    {
        var array = new T[length];
        Array.Fill(array, value);
        return array;
    }

    // The shard's number comes from the top of the hash, the slot from its lower half.
    private static int SlotOf(ulong hash, int length) => (int)hash & length - 1;

    // Two rounds: after one, its lower bits would not depend on the port, and all node ports have the same address.
    private static ulong Hash(TAddress address, byte protocol, ushort port)
    {
        ulong hash = (TAddress.Mix(address, default, Seed) ^ ((ulong)port << 8 | protocol) << 32) * 0x9e3779b97f4a7c15;
        return (hash ^ hash >> 32) * 0xd6e8feb86659fd93;
    }
}
