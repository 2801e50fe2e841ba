using System.Net;

namespace Dataplane.Control.Options;

/// <summary>One network for each family.</summary>
/// <param name="IPv4">Always there.</param>
/// <param name="IPv6">Null where the cluster has no IPv6.</param>
public sealed record NetworkPair(IPNetwork IPv4, IPNetwork? IPv6)
{
    /// <summary>The networks, IPv4 first.</summary>
    public IEnumerable<IPNetwork> All => IPv6 is { } v6 ? [IPv4, v6] : [IPv4];

    /// <inheritdoc/>
    public override string ToString() => string.Join(',', All);
}
