using Dataplane.Packets;

namespace Dataplane.Tables;

/// <summary>Routes by longest prefix; local pods are found in the <see cref="EndpointTable{TAddress}"/> before it is asked.</summary>
public sealed class RouteTable<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private readonly PrefixTable<TAddress> _prefixes;
    private readonly Route[] _routes;

    /// <param name="prefixes">Values are indexes in <paramref name="routes"/>.</param>
    /// <param name="routes">What the prefixes lead to.</param>
    public RouteTable(IReadOnlyCollection<PrefixEntry<TAddress>> prefixes, Route[] routes)
    {
        _prefixes = new PrefixTable<TAddress>(prefixes);
        _routes = routes;
    }

    /// <summary>The route of the longest prefix that holds the address; unreachable when there is none.</summary>
    public Route Find(TAddress address)
    {
        int index = _prefixes.Find(address);
        return index < 0 ? default : _routes[index];
    }
}
