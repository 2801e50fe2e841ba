namespace Dataplane.Agent.Model;

/// <summary>networking.k8s.io/v1 NetworkPolicy with policyTypes already defaulted (P3).</summary>
public sealed class NetworkPolicy(ObjectMeta meta) : KubeObject(meta)
{
    /// <inheritdoc/>
    public override string Kind => "NetworkPolicy";

    /// <summary>Pods of the policy's namespace that it isolates.</summary>
    public LabelSelector PodSelector { get; init; } = LabelSelector.Everything;

    /// <summary>policyTypes holds Ingress, or is unset.</summary>
    public bool IsolatesIngress { get; init; }

    /// <summary>policyTypes holds Egress, or is unset and there is an egress rule.</summary>
    public bool IsolatesEgress { get; init; }

    /// <summary>Ingress rules; none: nothing is allowed in (P6).</summary>
    public IReadOnlyList<NetworkPolicyRule> Ingress { get; init; } = [];

    /// <summary>Egress rules; none: nothing is allowed out.</summary>
    public IReadOnlyList<NetworkPolicyRule> Egress { get; init; } = [];
}
