using System.Net;

namespace Dataplane.Control.Options;

/// <summary>One address for each family.</summary>
/// <param name="IPv4">Always there: tunnels are IPv4.</param>
/// <param name="IPv6">Null where the cluster has no IPv6.</param>
public sealed record AddressPair(IPAddress IPv4, IPAddress? IPv6)
{
    /// <inheritdoc/>
    public override string ToString() => IPv6 is null ? $"{IPv4}" : $"{IPv4},{IPv6}";
}
