namespace Dataplane.Agent.Model;

/// <summary>
/// A complete, consistent view of the cluster. Lists are ordered by namespace and name, whatever the source's order.
/// An object that did not change is the same instance in the next view, and a list none of whose objects changed is the
/// same list: that is how later stages know what to skip.
/// </summary>
public sealed record ClusterObjects(
    OrderedList<Namespace> Namespaces,
    OrderedList<Node> Nodes,
    OrderedList<Pod> Pods,
    OrderedList<Service> Services,
    OrderedList<EndpointSlice> EndpointSlices,
    OrderedList<NetworkPolicy> NetworkPolicies)
{
    /// <summary>No objects.</summary>
    public static readonly ClusterObjects Empty = new(
        None<Namespace>(), None<Node>(), None<Pod>(), None<Service>(), None<EndpointSlice>(), None<NetworkPolicy>());

    /// <summary>Sorts objects into a view; lists equal to those of <paramref name="previous"/> are taken over.</summary>
    public static ClusterObjects Of(IEnumerable<KubeObject> objects, ClusterObjects? previous = null)
    {
        var all = objects.ToList();
        return new ClusterObjects(
            Pick(all, previous?.Namespaces), Pick(all, previous?.Nodes), Pick(all, previous?.Pods),
            Pick(all, previous?.Services), Pick(all, previous?.EndpointSlices), Pick(all, previous?.NetworkPolicies));
    }

    /// <summary>The view after a change; costs what changed, not what there is.</summary>
    /// <param name="removed">Objects that are gone, unless they are among those that came.</param>
    /// <param name="added">Objects that came or have a new version.</param>
    public ClusterObjects With(IReadOnlyCollection<KubeObject> removed, IReadOnlyCollection<KubeObject> added) => new(
        Apply(Namespaces, removed, added), Apply(Nodes, removed, added), Apply(Pods, removed, added),
        Apply(Services, removed, added), Apply(EndpointSlices, removed, added), Apply(NetworkPolicies, removed, added));

    /// <summary>The pods of a namespace.</summary>
    public IEnumerable<Pod> PodsOf(string ns) =>
        Pods.From(p => string.CompareOrdinal(p.Meta.Namespace, ns) >= 0).TakeWhile(p => p.Meta.Namespace == ns);

    private static OrderedList<T> None<T>()
        where T : KubeObject =>
        OrderedList<T>.Of([], Order);

    private static OrderedList<T> Pick<T>(List<KubeObject> all, OrderedList<T>? previous)
        where T : KubeObject
    {
        var picked = OrderedList<T>.Of(all.OfType<T>(), Order);
        if (previous is null)
            return picked;
        var changes = new List<Change<T>>();
        OrderedList<T>.Compare(previous, picked, changes);
        return changes.Count == 0 ? previous : picked;
    }

    private static OrderedList<T> Apply<T>(
        OrderedList<T> list, IReadOnlyCollection<KubeObject> removed, IReadOnlyCollection<KubeObject> added)
        where T : KubeObject =>
        list.With([.. removed.OfType<T>()], [.. added.OfType<T>()]);

    private static int Order(KubeObject a, KubeObject b)
    {
        var order = string.CompareOrdinal(a.Meta.Namespace, b.Meta.Namespace);
        return order != 0 ? order : string.CompareOrdinal(a.Meta.Name, b.Meta.Name);
    }
}
