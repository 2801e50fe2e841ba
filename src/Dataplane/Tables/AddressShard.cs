using Dataplane.Packets;

namespace Dataplane.Tables;

/// <summary>A part of <see cref="FrontendIndex{TAddress}"/>: cluster addresses, and how many frontends have each.</summary>
internal sealed class AddressShard<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private readonly AddressMap<TAddress> _map;
    private readonly KeyValuePair<TAddress, int>[] _counts;

    public AddressShard(IReadOnlyCollection<KeyValuePair<TAddress, int>> counts)
    {
        _counts = [.. counts];
        _map = new AddressMap<TAddress>(_counts);
    }

    public static AddressShard<TAddress> Empty { get; } = new([]);

    public bool Contains(TAddress address) => _map.Find(address) >= 0;

    public Dictionary<TAddress, int> CountsByAddress()
    {
        var counts = new Dictionary<TAddress, int>(_counts.Length + 1);
        foreach (var (address, count) in _counts) counts[address] = count;
        return counts;
    }
}
