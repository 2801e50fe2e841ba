namespace Dataplane.Agent.Model;

/// <summary>
/// A complete, consistent view of the cluster. Lists are ordered by namespace and name, whatever the source's order.
/// An object that did not change is the same instance in the next view, and a list none of whose objects changed is the
/// same list: that is how later stages know what to skip.
/// </summary>
public sealed record ClusterObjects(
    IReadOnlyList<Namespace> Namespaces,
    IReadOnlyList<Node> Nodes,
    IReadOnlyList<Pod> Pods,
    IReadOnlyList<Service> Services,
    IReadOnlyList<EndpointSlice> EndpointSlices,
    IReadOnlyList<NetworkPolicy> NetworkPolicies)
{
    /// <summary>No objects.</summary>
    public static readonly ClusterObjects Empty = new([], [], [], [], [], []);

    /// <summary>Sorts objects into a view; lists equal to those of <paramref name="previous"/> are taken over.</summary>
    public static ClusterObjects Of(IEnumerable<KubeObject> objects, ClusterObjects? previous = null)
    {
        var all = objects.ToList();
        return new ClusterObjects(
            Pick(all, previous?.Namespaces), Pick(all, previous?.Nodes), Pick(all, previous?.Pods),
            Pick(all, previous?.Services), Pick(all, previous?.EndpointSlices), Pick(all, previous?.NetworkPolicies));
    }

    private static IReadOnlyList<T> Pick<T>(List<KubeObject> all, IReadOnlyList<T>? previous)
        where T : KubeObject
    {
        var picked = new List<T>();
        foreach (var item in all)
        {
            if (item is T typed)
                picked.Add(typed);
        }
        picked.Sort(static (a, b) =>
        {
            var order = string.CompareOrdinal(a.Meta.Namespace, b.Meta.Namespace);
            return order != 0 ? order : string.CompareOrdinal(a.Meta.Name, b.Meta.Name);
        });
        return previous is not null && SameInstances(picked, previous) ? previous : picked;
    }

    private static bool SameInstances<T>(List<T> left, IReadOnlyList<T> right)
        where T : KubeObject
    {
        if (left.Count != right.Count)
            return false;
        for (var i = 0; i < left.Count; i++)
        {
            if (!ReferenceEquals(left[i], right[i]))
                return false;
        }
        return true;
    }
}
