using System.Net;

namespace Dataplane.Control.Options;

/// <summary>At which addresses of the node its node ports are served (K9).</summary>
/// <param name="PrimaryOnly">At node-ip alone.</param>
/// <param name="Networks">At addresses in these; empty: at all.</param>
public sealed record NodePortAddresses(bool PrimaryOnly, IReadOnlyList<IPNetwork> Networks)
{
    /// <summary>True when an address of the node serves node ports.</summary>
    /// <param name="address">One of the node's.</param>
    /// <param name="primary">node-ip.</param>
    public bool Contains(IPAddress address, AddressPair primary) =>
        PrimaryOnly ? address.Equals(primary.IPv4) || address.Equals(primary.IPv6) : Networks.Count == 0 || Networks.Any(network => network.Contains(address));
}
