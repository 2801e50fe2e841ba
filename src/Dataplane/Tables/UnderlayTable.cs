using System.Diagnostics.CodeAnalysis;
using Dataplane.Packets;

namespace Dataplane.Tables;

/// <summary>
/// How addresses outside of the cluster, and the other nodes themselves, are reached by the uplink: the node's own routes and its
/// neighbours' Ethernet addresses, as far as they are known. What is not in it the node's own stack routes.
/// </summary>
public sealed class UnderlayTable<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    /// <summary>Value of a prefix that is left to the node's own stack.</summary>
    public const int ByHost = 0;

    private readonly PrefixTable<TAddress> _prefixes;
    private readonly Neighbor[] _neighbors;

    /// <param name="prefixes">Values are <see cref="ByHost"/>, or an index in <paramref name="neighbors"/> plus one.</param>
    /// <param name="neighbors">Next hops.</param>
    public UnderlayTable(IReadOnlyCollection<PrefixEntry<TAddress>> prefixes, Neighbor[] neighbors)
    {
        _prefixes = new PrefixTable<TAddress>(prefixes);
        _neighbors = neighbors;
    }

    /// <summary>Nothing is known: all is left to the node's own stack.</summary>
    public static UnderlayTable<TAddress> Empty { get; } = new([], []);

    /// <summary>Next hops in the table.</summary>
    public int Count => _neighbors.Length;

    /// <summary>The next hop with an index from <see cref="Find"/> in this table.</summary>
    public Neighbor this[int index] => _neighbors[index];

    /// <summary>The next hop with an index that was kept; false when there is none.</summary>
    public bool TryGet(int index, [NotNullWhen(true)] out Neighbor? neighbor)
    {
        neighbor = (uint)index < (uint)_neighbors.Length ? _neighbors[index] : null;
        return neighbor is not null;
    }

    /// <summary>Index of the next hop towards an address, -1 where the node's own stack has to route.</summary>
    public int Find(TAddress address)
    {
        int value = _prefixes.Find(address);
        return value < 0 ? -1 : value - 1;
    }
}
