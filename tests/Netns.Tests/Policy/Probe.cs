namespace Dataplane.Netns.Tests.Policy;

/// <summary>One try to reach a pod, directly or through its service.</summary>
/// <param name="From">"namespace/pod" or the name of a node.</param>
/// <param name="To">"namespace/pod".</param>
/// <param name="Protocol">"TCP" or "UDP".</param>
/// <param name="Port">Port of the pod; also where the service in between listens on another one (P18).</param>
/// <param name="ViaService">The client used the ClusterIP of the pod's own service.</param>
public sealed record Probe(string From, string To, string Protocol, int Port, bool ViaService)
{
    /// <summary>Kubernetes namespace of the client; the node's name for a node.</summary>
    public string FromNamespace => From.Split('/')[0];

    /// <summary>Name of the client pod; empty for a node.</summary>
    public string FromPod => From.Contains('/', StringComparison.Ordinal) ? From.Split('/')[1] : "";

    /// <summary>Whether the client is a pod.</summary>
    public bool FromAPod => From.Contains('/', StringComparison.Ordinal);

    /// <summary>Kubernetes namespace of the pod.</summary>
    public string ToNamespace => To.Split('/')[0];

    /// <summary>Name of the pod.</summary>
    public string ToPod => To.Split('/')[1];

    /// <inheritdoc />
    public override string ToString() => $"{From} -> {To} {Protocol} {Port}{(ViaService ? " by its service" : "")}";
}
