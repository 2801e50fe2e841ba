using Dataplane.Agent.Model;

namespace Dataplane.Agent.Desired;

/// <summary>
/// What identities and policies are computed from. Pods and nodes change all the time in ways that policy does not see, such
/// as readiness: those must not cost a look at every pod of the cluster.
/// </summary>
internal static class PolicyInputs
{
    /// <summary>True when both views lead to the same identities, addresses, policies and workloads.</summary>
    public static bool AreSame(ClusterObjects before, ClusterObjects after) =>
        ReferenceEquals(before.Namespaces, after.Namespaces) && ReferenceEquals(before.NetworkPolicies, after.NetworkPolicies)
        && AreSame(before.Nodes, after.Nodes, AreSame) && AreSame(before.Pods, after.Pods, AreSame);

    private static bool AreSame<T>(OrderedList<T> before, OrderedList<T> after, Func<T, T, bool> same)
        where T : KubeObject
    {
        var changes = new List<Change<T>>();
        OrderedList<T>.Compare(before, after, changes);
        return changes.TrueForAll(c => c.Before is not null && c.After is not null && same(c.Before, c.After));
    }

    private static bool AreSame(Node a, Node b) => a.Addresses.SequenceEqual(b.Addresses) && a.PodCidrs.SequenceEqual(b.PodCidrs);

    private static bool AreSame(Pod a, Pod b) =>
        a.Meta == b.Meta && a.Uid == b.Uid && a.NodeName == b.NodeName && a.HostNetwork == b.HostNetwork && a.HasEnded == b.HasEnded
        && a.Addresses.SequenceEqual(b.Addresses) && a.NamedPorts.Equals(b.NamedPorts);
}
