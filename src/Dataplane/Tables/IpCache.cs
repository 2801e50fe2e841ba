using Dataplane.Packets;

namespace Dataplane.Tables;

/// <summary>Identity by longest prefix; what no prefix holds is the world.</summary>
public sealed class IpCache<TAddress>(IReadOnlyCollection<PrefixEntry<TAddress>> entries)
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private readonly PrefixTable<TAddress> _prefixes = new(entries);

    /// <summary>Prefixes in the table.</summary>
    public int Count => _prefixes.Count;

    /// <summary>The identity of an address.</summary>
    public uint Find(TAddress address)
    {
        int identity = _prefixes.Find(address);
        return identity < 0 ? Identities.World : (uint)identity;
    }
}
