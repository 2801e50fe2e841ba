using Dataplane.Contracts.V1;

namespace Dataplane.Control.Compile;

/// <summary>
/// The state the agent wants, by key. Immutable: an update makes a new one, so that a refused update leaves no trace. Messages in it
/// are validated and must not be changed.
/// </summary>
public sealed class DesiredState
{
    private DesiredState(ulong generation)
    {
        Generation = generation;
    }

    /// <summary>No state yet.</summary>
    public static DesiredState Empty { get; } = new(0);

    /// <summary>The sender's number of it.</summary>
    public ulong Generation { get; }

    public SortedDictionary<string, Node> Nodes { get; } = new(StringComparer.Ordinal);

    public Dictionary<ServiceKey, Service> Services { get; } = [];

    public SortedDictionary<uint, Identity> Identities { get; } = [];

    public Dictionary<string, IpcacheEntry> Ipcache { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<uint, Policy> Policies { get; } = [];

    public Dictionary<string, Workload> Workloads { get; } = new(StringComparer.Ordinal);

    /// <summary>The key of a workload and of an endpoint: "namespace/pod".</summary>
    public static string PodKey(string @namespace, string pod) => @namespace + "/" + pod;

    /// <summary>A whole new state.</summary>
    /// <exception cref="InvalidStateException">A field is bad, or a key stands twice.</exception>
    public static DesiredState From(ulong generation, State state)
    {
        StateValidator.Validate(state, "state.");
        var result = new DesiredState(generation);
        result.Put(state);
        int distinct = result.Nodes.Count + result.Services.Count + result.Identities.Count + result.Ipcache.Count + result.Policies.Count + result.Workloads.Count;
        int given = state.Nodes.Count + state.Services.Count + state.Identities.Count + state.Ipcache.Count + state.Policies.Count + state.Workloads.Count;
        if (distinct != given) throw new InvalidStateException("state", $"{given - distinct} entries", "repeat the key of another; send each key once");
        result.CheckReferences();
        return result;
    }

    /// <summary>This state with some entries replaced, added or removed.</summary>
    /// <exception cref="InvalidStateException">A field is bad, or something refers to what is not there.</exception>
    public DesiredState With(ulong generation, State upserts, State deletes)
    {
        StateValidator.Validate(upserts, "upserts.");
        var result = new DesiredState(generation);
        result.Copy(this);
        foreach (var node in deletes.Nodes) result.Nodes.Remove(node.Name);
        foreach (var service in deletes.Services) result.Services.Remove(ServiceKey.Of(service));
        foreach (var identity in deletes.Identities) result.Identities.Remove(identity.Id);
        foreach (var entry in deletes.Ipcache) result.Ipcache.Remove(entry.Cidr);
        foreach (var policy in deletes.Policies) result.Policies.Remove(policy.Id);
        foreach (var workload in deletes.Workloads) result.Workloads.Remove(PodKey(workload.Namespace, workload.Pod));
        result.Put(upserts);
        result.CheckReferences();
        return result;
    }

    private void Copy(DesiredState other)
    {
        foreach (var (key, value) in other.Nodes) Nodes[key] = value;
        Services.EnsureCapacity(other.Services.Count);
        foreach (var (key, value) in other.Services) Services[key] = value;
        foreach (var (key, value) in other.Identities) Identities[key] = value;
        Ipcache.EnsureCapacity(other.Ipcache.Count);
        foreach (var (key, value) in other.Ipcache) Ipcache[key] = value;
        foreach (var (key, value) in other.Policies) Policies[key] = value;
        Workloads.EnsureCapacity(other.Workloads.Count);
        foreach (var (key, value) in other.Workloads) Workloads[key] = value;
    }

    private void Put(State state)
    {
        foreach (var node in state.Nodes) Nodes[node.Name] = node;
        foreach (var service in state.Services) Services[ServiceKey.Of(service)] = service;
        foreach (var identity in state.Identities) Identities[identity.Id] = identity;
        foreach (var entry in state.Ipcache) Ipcache[entry.Cidr] = entry;
        foreach (var policy in state.Policies) Policies[policy.Id] = policy;
        foreach (var workload in state.Workloads) Workloads[PodKey(workload.Namespace, workload.Pod)] = workload;
    }

    private void CheckReferences()
    {
        foreach (var (key, workload) in Workloads)
        {
            if (workload.Policy != 0 && !Policies.ContainsKey(workload.Policy))
            {
                throw new InvalidStateException($"workloads['{key}'].policy", $"{workload.Policy}", "is no policy of this state; send the policy with it");
            }
        }
        var frontends = new Dictionary<(string, uint, Protocol), ServiceKey>();
        foreach (var (key, service) in Services)
        {
            foreach (var frontend in service.Frontends)
            {
                if (!frontends.TryAdd((frontend.Address, frontend.Port, service.Protocol), key))
                {
                    throw new InvalidStateException(
                        $"services['{key}'].frontends", $"{frontend.Address}:{frontend.Port}/{service.Protocol}",
                        $"is also a frontend of {frontends[(frontend.Address, frontend.Port, service.Protocol)]}; an address and port belong to one service");
                }
            }
        }
    }
}
