using System.Net;
using Dataplane.Packets;

namespace Dataplane.Control.Compile;

/// <summary>A pod's interface as it was attached.</summary>
public sealed record AttachedEndpoint
{
    /// <summary>Number for people, from 1.</summary>
    public required uint Id { get; init; }

    public required string Namespace { get; init; }

    public required string Pod { get; init; }

    /// <summary>Address as text and parsed; one per family, IPv4 only now.</summary>
    public required IPv4Address Address { get; init; }

    /// <summary>Ethernet address of the pod's side.</summary>
    public required MacAddress Mac { get; init; }

    /// <summary>Number of the port that leads to it.</summary>
    public required ushort Port { get; init; }

    /// <summary>Interface on the node.</summary>
    public required string HostInterface { get; init; }

    /// <summary>Interface in the pod.</summary>
    public required string PodInterface { get; init; }

    /// <summary>Path of the pod's network namespace, as it was given.</summary>
    public required string NetworkNamespace { get; init; }

    /// <summary>Container of the CNI call; empty otherwise.</summary>
    public required string ContainerId { get; init; }

    /// <summary>"namespace/pod".</summary>
    public string Key => DesiredState.PodKey(Namespace, Pod);
}
