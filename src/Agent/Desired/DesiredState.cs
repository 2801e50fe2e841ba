using Dataplane.Agent.Model;
using V1 = Dataplane.Contracts.V1;

namespace Dataplane.Agent.Desired;

/// <summary>
/// What the dataplane of this node shall know. A part that did not change is the same list as in the state before, and a
/// message that did not change the same instance; none is changed once it is here.
/// </summary>
public sealed class DesiredState
{
    /// <summary>No state.</summary>
    public static readonly DesiredState Empty = new();

    /// <summary>By name.</summary>
    public IReadOnlyList<V1.Node> Nodes { get; init; } = [];

    /// <summary>By namespace, name, port name and protocol.</summary>
    public OrderedList<V1.Service> Services { get; init; } = ServicePart.Empty.Messages;

    /// <summary>By number.</summary>
    public IReadOnlyList<V1.Identity> Identities { get; init; } = [];

    /// <summary>By prefix.</summary>
    public IReadOnlyList<V1.IpcacheEntry> Ipcache { get; init; } = [];

    /// <summary>By number.</summary>
    public IReadOnlyList<V1.Policy> Policies { get; init; } = [];

    /// <summary>By namespace and pod.</summary>
    public IReadOnlyList<V1.Workload> Workloads { get; init; } = [];

    /// <summary>What in the objects is odd or has no effect, in a fixed order; the same list while nothing of it changed.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Service ports that cannot be reached here for want of a local endpoint.</summary>
    public LocalGaps Gaps { get; init; }

    /// <summary>What changed in the objects since the state before.</summary>
    public StateChanges Changes { get; init; } = StateChanges.None;

    /// <summary>All of it as one message, made for the call: for a dataplane that has nothing yet.</summary>
    public V1.State State
    {
        get
        {
            var state = new V1.State();
            state.Nodes.AddRange(Nodes);
            state.Services.AddRange(Services);
            state.Identities.AddRange(Identities);
            state.Ipcache.AddRange(Ipcache);
            state.Policies.AddRange(Policies);
            state.Workloads.AddRange(Workloads);
            return state;
        }
    }

    /// <summary>A state of these messages.</summary>
    public static DesiredState Of(V1.State state)
    {
        ArgumentNullException.ThrowIfNull(state);
        return new DesiredState
        {
            Nodes = state.Nodes,
            Services = OrderedList<V1.Service>.Of(state.Services, MessageOrder.Compare),
            Identities = state.Identities,
            Ipcache = state.Ipcache,
            Policies = state.Policies,
            Workloads = state.Workloads,
        };
    }
}
