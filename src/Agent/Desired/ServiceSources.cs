using Dataplane.Agent.Model;

namespace Dataplane.Agent.Desired;

/// <summary>Keeps which objects each service is made of, and finds the services that a change of objects concerns.</summary>
internal sealed class ServiceSources
{
    private readonly ServiceOptions _options;
    private readonly NodeLocality _locality;
    private readonly ServiceBuilder _services;
    private readonly HostPortBuilder _hostPorts;
    private readonly Dictionary<ServiceKey, ServiceEntry> _entries = [];

    // Services whose endpoints come from pods, by namespace.
    private readonly Dictionary<string, HashSet<ServiceEntry>> _derived = new(StringComparer.Ordinal);
    private readonly HashSet<ServiceEntry> _concerned = [];
    private ClusterObjects _objects = ClusterObjects.Empty;

    public ServiceSources(string nodeName, ServiceOptions options)
    {
        _options = options;
        _locality = new NodeLocality(nodeName);
        _services = new ServiceBuilder(_locality, options);
        _hostPorts = new HostPortBuilder(nodeName);
    }

    /// <summary>Takes a view over and tells which services have to be made anew; the set is good until the next call.</summary>
    public (IReadOnlyCollection<ServiceEntry> Concerned, StateChanges Changes) Update(ClusterObjects objects)
    {
        _concerned.Clear();
        if (!ReferenceEquals(objects.Nodes, _objects.Nodes))
            TakeNodes(objects.Nodes);
        var services = TakeServices(objects.Services);
        var (slices, triggers) = TakeSlices(objects.EndpointSlices);
        TakePods(objects.Pods);
        _objects = objects;
        return (_concerned, new StateChanges(services, slices, triggers));
    }

    /// <summary>Makes what a service asks for.</summary>
    public ServiceDraft Build(ServiceEntry entry)
    {
        var service = entry.Service;
        var served = service is not null && _options.Serves(service) && !service.IsHeadless && service.Type != ServiceType.ExternalName;
        SetDerived(entry, served && entry.Slices.Length == 0 && service!.Selector is not null);
        if (entry.Pod is { } pod)
            return _hostPorts.Build(pod);
        if (!served)
            return ServiceDraft.Empty;
        if (service!.ClusterIPs.Count == 0)
            return ServiceDraft.Empty with { Warnings = [$"{service.Key} has no clusterIP and is not served; without an API server nothing assigns one"] };
        return _services.Build(service, entry.Slices, entry.IsDerived ? [.. _objects.PodsOf(service.Meta.Namespace)] : null);
    }

    /// <summary>Drops a service that no object speaks of any more.</summary>
    public void ForgetIfEmpty(ServiceEntry entry)
    {
        if (entry.IsEmpty)
            _entries.Remove(entry.Key);
    }

    // K21: all endpoints are near or far anew.
    private void TakeNodes(OrderedList<Node> nodes)
    {
        var (own, any) = _locality.Update(nodes);
        if (own)
            _concerned.UnionWith(_entries.Values);
        else if (any)
            _concerned.UnionWith(_derived.Values.SelectMany(e => e).Where(e => e.Service!.TrafficDistribution != TrafficDistribution.None));
    }

    private int TakeServices(OrderedList<Service> services)
    {
        var count = 0;
        foreach (var (before, after) in Changes(_objects.Services, services))
        {
            var entry = Concern(KeyOf(after ?? before!));
            entry.Service = after;
            if ((before is not null && _options.Serves(before)) || (after is not null && _options.Serves(after)))
                count++;
        }
        return count;
    }

    private (int Count, List<DateTimeOffset> Triggers) TakeSlices(OrderedList<EndpointSlice> slices)
    {
        var count = 0;
        var triggers = new List<DateTimeOffset>();
        foreach (var (before, after) in Changes(_objects.EndpointSlices, slices))
        {
            // The label may name another service than before.
            if (before is { ServiceName.Length: > 0 })
                Concern(KeyOf(before)).Remove(before);
            if (after is { ServiceName.Length: > 0 })
                Concern(KeyOf(after)).Add(after);
            if (!Concerns(before) && !Concerns(after))
                continue;
            count++;
            // Of a slice that goes, the time is that of its last change (as kube-proxy has it).
            if (Concerns(after) && after!.TriggerTime is { } time)
                triggers.Add(time);
        }
        return (count, triggers);
    }

    private bool Concerns(EndpointSlice? slice) =>
        slice is { ServiceName.Length: > 0, HoldsHostnames: false } && _options.Counts(slice);

    private void TakePods(OrderedList<Pod> pods)
    {
        foreach (var (before, after) in Changes(_objects.Pods, pods))
        {
            var meta = (after ?? before!).Meta;
            if ((before is not null && _hostPorts.Concerns(before)) || (after is not null && _hostPorts.Concerns(after)))
                Concern(ServiceKey.OfPod(meta.Namespace, meta.Name)).Pod = after is not null && _hostPorts.Concerns(after) ? after : null;
            if (!_derived.TryGetValue(meta.Namespace, out var derived))
                continue;
            foreach (var entry in derived)
            {
                // It may have lost its Service or its selector in the same view, and is concerned then anyway.
                if (entry.Service?.Selector is { } selector
                    && ((before is not null && selector.Matches(before.Meta.Labels)) || (after is not null && selector.Matches(after.Meta.Labels))))
                    _concerned.Add(entry);
            }
        }
    }

    private ServiceEntry Concern(ServiceKey key)
    {
        if (!_entries.TryGetValue(key, out var entry))
            _entries.Add(key, entry = new ServiceEntry(key));
        _concerned.Add(entry);
        return entry;
    }

    private void SetDerived(ServiceEntry entry, bool derived)
    {
        if (derived == entry.IsDerived)
            return;
        entry.IsDerived = derived;
        if (!_derived.TryGetValue(entry.Key.Namespace, out var entries))
            _derived.Add(entry.Key.Namespace, entries = []);
        if (derived)
            entries.Add(entry);
        else
            entries.Remove(entry);
        if (entries.Count == 0)
            _derived.Remove(entry.Key.Namespace);
    }

    private static List<Change<T>> Changes<T>(OrderedList<T> before, OrderedList<T> after)
        where T : class
    {
        var changes = new List<Change<T>>();
        OrderedList<T>.Compare(before, after, changes);
        return changes;
    }

    private static ServiceKey KeyOf(Service service) => new(service.Meta.Namespace, service.Meta.Name);

    private static ServiceKey KeyOf(EndpointSlice slice) => new(slice.Meta.Namespace, slice.ServiceName);
}
