using System.Net;
using Dataplane.Packets;
using Dataplane.Tables;

namespace Dataplane.Control.Compile;

/// <summary>What tables of one family are made from, besides the state itself.</summary>
public sealed record FamilyInput<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    /// <summary>The host port's address.</summary>
    public required TAddress Gateway { get; init; }

    /// <summary>Stands for the node towards its own stack.</summary>
    public TAddress HostPeer { get; init; }

    /// <summary>The node's address on the underlay.</summary>
    public required TAddress NodeAddress { get; init; }

    public required IPNetwork PodCidr { get; init; }

    public required IPNetwork ClusterCidr { get; init; }

    /// <summary>Addresses of this node's own interfaces.</summary>
    public required IReadOnlyCollection<TAddress> NodeAddresses { get; init; }

    /// <summary>Those of <see cref="NodeAddresses"/> that serve node ports (K9).</summary>
    public required IReadOnlyCollection<TAddress> NodePortAddresses { get; init; }

    /// <summary>How other nodes are reached, by node name; a tunnel where one is missing.</summary>
    public IReadOnlyDictionary<string, PeerWay> Peers { get; init; } = new Dictionary<string, PeerWay>();

    /// <summary>The way out of the cluster.</summary>
    public UnderlayTable<TAddress> Underlay { get; init; } = UnderlayTable<TAddress>.Empty;

    /// <summary>Destinations outside of the cluster that see the pods' own addresses.</summary>
    public PrefixTable<TAddress> Unmasqueraded { get; init; } = new([]);
}
