using Dataplane.Contracts.V1;

namespace Dataplane.Control.Compile;

/// <summary>
/// The state the agent wants, by key. Immutable: an update makes a new one, so that a refused update leaves no trace. Messages in it
/// are validated and must not be changed. That no two services have the same frontend the compiler finds out.
/// </summary>
public sealed class DesiredState
{
    private DesiredState(ulong generation, DesiredState? basis = null, State? upserts = null, State? deletes = null)
    {
        Generation = generation;
        Nodes = basis is null ? new(StringComparer.Ordinal) : Changes(s => s.Nodes.Count) ? new(basis.Nodes, StringComparer.Ordinal) : basis.Nodes;
        Services = basis is null ? SharedMap<ServiceKey, Service>.Empty : basis.Services;
        Identities = basis is null ? [] : Changes(s => s.Identities.Count) ? new(basis.Identities) : basis.Identities;
        Ipcache = basis is null ? new(StringComparer.Ordinal) : Changes(s => s.Ipcache.Count) ? new(basis.Ipcache, StringComparer.Ordinal) : basis.Ipcache;
        Policies = basis is null ? [] : Changes(s => s.Policies.Count) ? new(basis.Policies) : basis.Policies;
        Workloads = basis is null ? new(StringComparer.Ordinal) : Changes(s => s.Workloads.Count) ? new(basis.Workloads, StringComparer.Ordinal) : basis.Workloads;

        bool Changes(Func<State, int> count) => count(upserts!) + count(deletes!) != 0;
    }

    /// <summary>No state yet.</summary>
    public static DesiredState Empty { get; } = new(0);

    /// <summary>The sender's number of it.</summary>
    public ulong Generation { get; }

    // What an update does not touch is the same instance in the next state: that is how the compiler knows what to skip.

    public SortedDictionary<string, Node> Nodes { get; }

    public SharedMap<ServiceKey, Service> Services { get; private set; }

    public SortedDictionary<uint, Identity> Identities { get; }

    public Dictionary<string, IpcacheEntry> Ipcache { get; }

    public SortedDictionary<uint, Policy> Policies { get; }

    public Dictionary<string, Workload> Workloads { get; }

    /// <summary>What the state says of an endpoint's pod; null when it does not know it, or another pod of that name only (P28).</summary>
    public Workload? WorkloadOf(AttachedEndpoint endpoint) =>
        Workloads.TryGetValue(endpoint.Key, out var workload) && (workload.Uid.Length == 0 || endpoint.Uid.Length == 0 || workload.Uid == endpoint.Uid) ? workload : null;

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
        var result = new DesiredState(generation, this, upserts, deletes);
        foreach (var node in deletes.Nodes) result.Nodes.Remove(node.Name);
        foreach (var identity in deletes.Identities) result.Identities.Remove(identity.Id);
        foreach (var entry in deletes.Ipcache) result.Ipcache.Remove(entry.Cidr);
        foreach (var policy in deletes.Policies) result.Policies.Remove(policy.Id);
        foreach (var workload in deletes.Workloads) result.Workloads.Remove(PodKey(workload.Namespace, workload.Pod));
        result.Put(upserts, deletes);
        result.CheckReferences();
        return result;
    }

    private void Put(State state, State? deletes = null)
    {
        foreach (var node in state.Nodes) Nodes[node.Name] = node;
        if (state.Services.Count + (deletes?.Services.Count ?? 0) > 0)
            Services = Services.With(deletes?.Services.Select(ServiceKey.Of) ?? [], [.. state.Services.Select(s => KeyValuePair.Create(ServiceKey.Of(s), s))]);
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
    }
}
