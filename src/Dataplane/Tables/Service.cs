using Dataplane.Packets;

namespace Dataplane.Tables;

/// <summary>
/// One service port: who takes its connections, and by which rules. Immutable and shared by successive tables, so that a change of
/// one service among thousands makes one of these.
/// </summary>
public sealed class Service<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    /// <summary>The same as long as the service port exists; never 0. Client affinity is remembered by it.</summary>
    public required uint Id { get; init; }

    /// <summary>Endpoints for the cluster policy, ascending by address and port.</summary>
    public required BackendSet<TAddress> Cluster { get; init; }

    /// <summary>Endpoints for the local policies: those of this node, ascending by address and port.</summary>
    public required BackendSet<TAddress> Local { get; init; }

    /// <summary>internalTrafficPolicy Local (K17).</summary>
    public bool InternalLocal { get; init; }

    /// <summary>externalTrafficPolicy Local (K14).</summary>
    public bool ExternalLocal { get; init; }

    /// <summary>Seconds for which a client keeps its endpoint after its last new connection (K19); 0: it does not.</summary>
    public uint AffinitySeconds { get; init; }

    /// <summary>Sources that may use its load balancer addresses (K12); null: all.</summary>
    public PrefixTable<TAddress>? SourceRanges { get; init; }
}
