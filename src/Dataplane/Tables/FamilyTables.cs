using Dataplane.Packets;

namespace Dataplane.Tables;

/// <summary>The tables that are keyed by addresses of one family.</summary>
public sealed class FamilyTables<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    /// <summary>Local pods.</summary>
    public required EndpointTable<TAddress> Endpoints { get; init; }

    /// <summary>Service frontends and backends.</summary>
    public required ServiceTable<TAddress> Services { get; init; }

    /// <summary>Everything else that packets go to.</summary>
    public required RouteTable<TAddress> Routes { get; init; }

    /// <summary>The way out of the cluster.</summary>
    public UnderlayTable<TAddress> Underlay { get; init; } = UnderlayTable<TAddress>.Empty;

    /// <summary>Identities of addresses.</summary>
    public required IpCache<TAddress> Identities { get; init; }

    /// <summary>Address that stands for the node towards its own stack, where its real ones would be refused; the stack routes it to us.</summary>
    public TAddress HostPeer { get; init; }

    /// <summary>The node's host port address: the pods' gateway, and the source of ICMP errors and hairpin flows.</summary>
    public required TAddress Gateway { get; init; }

    /// <summary>The node's address on the underlay: the source of what is masqueraded on its way out of the cluster.</summary>
    public TAddress NodeAddress { get; init; }

    /// <summary>Destinations outside of the cluster that see the pods' own addresses (S16).</summary>
    public PrefixTable<TAddress> Unmasqueraded { get; init; } = new([]);
}
