namespace Dataplane.Agent.Model;

/// <summary>v1 Pod.</summary>
public sealed class Pod(ObjectMeta meta) : KubeObject(meta)
{
    /// <inheritdoc/>
    public override string Kind => "Pod";

    /// <summary>What its container runtime is told as its UID: metadata.uid, and of a static pod the one of its file; empty where unknown.</summary>
    public string Uid { get; init; } = "";

    /// <summary>spec.nodeName; empty while it is not scheduled.</summary>
    public string NodeName { get; init; } = "";

    /// <summary>spec.hostNetwork: the pod's traffic is the node's (P25).</summary>
    public bool HostNetwork { get; init; }

    /// <summary>status.phase.</summary>
    public PodPhase Phase { get; init; }

    /// <summary>status.podIPs, else status.podIP, else in a manifest annotation dataplane.dev/ip; at most one per family.</summary>
    public IReadOnlyList<IpAddress> Addresses { get; init; } = [];

    /// <summary>Named ports of the containers (and of restartable init containers).</summary>
    public NamedPortSet NamedPorts { get; init; } = NamedPortSet.Empty;

    /// <summary>Host ports of the containers (and of restartable init containers).</summary>
    public IReadOnlyList<PodHostPort> HostPorts { get; init; } = [];

    /// <summary>Condition Ready; null when the status has none.</summary>
    public bool? Ready { get; init; }

    /// <summary>True once the pod has ended: its address may belong to another pod already (P28).</summary>
    public bool HasEnded => Phase is PodPhase.Succeeded or PodPhase.Failed;
}
