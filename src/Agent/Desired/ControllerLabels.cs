using System.Collections.Frozen;
using Dataplane.Agent.Model;

namespace Dataplane.Agent.Desired;

/// <summary>
/// Labels by which controllers mark each pod, or each revision of them, apart. With them a cluster has nearly as many identities as
/// pods, rules that name many pods are as many, and each new pod anywhere changes them. Where no policy tells peers apart by such a
/// label it is not part of an identity.
/// </summary>
internal static class ControllerLabels
{
    private static readonly FrozenSet<string> s_keys = FrozenSet.ToFrozenSet(
        [
            "pod-template-hash", "controller-revision-hash", "pod-template-generation",
            "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index",
            "controller-uid", "job-name",
            "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name", "batch.kubernetes.io/job-completion-index",
        ],
        StringComparer.Ordinal);

    /// <summary>Those of them that no peer of these policies is selected by.</summary>
    public static FrozenSet<string> UnusedBy(IEnumerable<NetworkPolicy> policies)
    {
        var used = policies.SelectMany(p => p.Ingress.Concat(p.Egress)).SelectMany(r => r.Peers)
            .SelectMany(p => p.PodSelector?.Requirements ?? []).Select(r => r.Key);
        return s_keys.Except(used, StringComparer.Ordinal).ToFrozenSet(StringComparer.Ordinal);
    }
}
