using System.Net;
using Dataplane.Packets;
using Dataplane.Tables;

namespace Dataplane.Control.Compile;

/// <summary>Everything that tables are made from, besides the state itself.</summary>
public sealed record CompileInput
{
    public required string NodeName { get; init; }

    /// <summary>Fixed facts of the node.</summary>
    public required NodeSettings Node { get; init; }

    /// <summary>The host port's address.</summary>
    public required IPv4Address Gateway { get; init; }

    /// <summary>Stands for the node towards its own stack.</summary>
    public IPv4Address HostPeer { get; init; }

    public required IPNetwork PodCidr { get; init; }

    public required IPNetwork ClusterCidr { get; init; }

    public required IPNetwork ServiceCidr { get; init; }

    /// <summary>Addresses of this node's own interfaces.</summary>
    public required IReadOnlyCollection<IPv4Address> NodeAddresses { get; init; }

    /// <summary>Those of <see cref="NodeAddresses"/> that serve node ports (K9).</summary>
    public required IReadOnlyCollection<IPv4Address> NodePortAddresses { get; init; }

    /// <summary>The way out of the cluster.</summary>
    public UnderlayTable<IPv4Address> Underlay { get; init; } = UnderlayTable<IPv4Address>.Empty;

    /// <summary>Destinations outside of the cluster that see the pods' own addresses.</summary>
    public PrefixTable<IPv4Address> Unmasqueraded { get; init; } = new([]);

    /// <summary>Attached pods.</summary>
    public required IReadOnlyCollection<AttachedEndpoint> Endpoints { get; init; }

    /// <summary>Next hops that are known, by node address.</summary>
    public required IReadOnlyDictionary<IPv4Address, NextHop> NextHops { get; init; }

    /// <summary>Port of the uplink; 0 without one.</summary>
    public required ushort UplinkPort { get; init; }

    /// <summary>Ethernet address of the uplink.</summary>
    public required MacAddress UplinkMac { get; init; }

    /// <summary>Largest IP packet inside the tunnel when nothing more is known, bytes.</summary>
    public required int PathMtu { get; init; }

    /// <summary>Number of the tables that are made.</summary>
    public required uint Revision { get; init; }
}
