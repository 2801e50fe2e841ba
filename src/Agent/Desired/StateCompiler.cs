using Dataplane.Agent.Model;
using V1 = Dataplane.Contracts.V1;

namespace Dataplane.Agent.Desired;

/// <summary>
/// Objects to the state of one node. The result depends on the objects only, not on their order or the way to them; but
/// numbers of identities and policies stay with their content from one call to the next. Parts whose objects did not
/// change are handed out again as the same messages. Not safe for use by several threads.
/// </summary>
public sealed class StateCompiler(string nodeName)
{
    private readonly IdAllocator<IdentityKey> _identities = new(IdentityTable.FirstAllocated);
    private readonly PolicyCompiler _policies = new(nodeName);
    private readonly ServiceCompiler _services = new(nodeName);

    private ClusterObjects? _last;
    private NodePart _nodePart = new([], []);
    private ServicePart _servicePart = new([], []);
    private PolicyPart _policyPart = new([], [], [], [], []);

    /// <summary>Compiles a view.</summary>
    public DesiredState Compile(ClusterObjects objects)
    {
        ArgumentNullException.ThrowIfNull(objects);
        var podsChanged = _last is null || !ReferenceEquals(objects.Pods, _last.Pods);
        var nodesChanged = _last is null || !ReferenceEquals(objects.Nodes, _last.Nodes);
        if (nodesChanged)
            _nodePart = CompileNodes(objects.Nodes);
        if (podsChanged || !ReferenceEquals(objects.Services, _last!.Services)
            || !ReferenceEquals(objects.EndpointSlices, _last.EndpointSlices))
        {
            var warnings = new List<string>();
            _servicePart = new ServicePart(_services.Compile(objects, warnings), warnings);
        }
        if (podsChanged || nodesChanged || !ReferenceEquals(objects.Namespaces, _last!.Namespaces)
            || !ReferenceEquals(objects.NetworkPolicies, _last.NetworkPolicies))
            _policyPart = CompilePolicies(objects);
        _last = objects;
        return Assemble();
    }

    private DesiredState Assemble()
    {
        var state = new V1.State();
        state.Nodes.AddRange(_nodePart.Nodes);
        state.Services.AddRange(_servicePart.Services);
        state.Identities.AddRange(_policyPart.Identities);
        state.Ipcache.AddRange(_policyPart.Ipcache);
        state.Policies.AddRange(_policyPart.Policies);
        state.Workloads.AddRange(_policyPart.Workloads);
        return new DesiredState(state, [.. _nodePart.Warnings, .. _servicePart.Warnings, .. _policyPart.Warnings]);
    }

    private NodePart CompileNodes(OrderedList<Node> nodes)
    {
        var messages = new List<V1.Node>(nodes.Count);
        foreach (var node in nodes)
        {
            var message = new V1.Node { Name = node.Meta.Name, VtepMac = node.VtepMac };
            message.Addresses.AddRange(node.Addresses.Select(a => a.ToString()));
            message.PodCidrs.AddRange(node.PodCidrs.Select(c => c.ToString()));
            messages.Add(message);
        }
        return new NodePart(messages, nodes.Any(n => n.Meta.Name == nodeName) ? [] : [$"there is no Node {nodeName}, this node's own"]);
    }

    private PolicyPart CompilePolicies(ClusterObjects objects)
    {
        var table = IdentityTable.Of(objects, nodeName, _identities);
        var compiled = _policies.Compile(objects, table);
        return new PolicyPart(
            [.. table.ToIdentities()], [.. table.ToIpcache()], compiled.Policies, compiled.Workloads, table.Warnings);
    }

    private sealed record NodePart(List<V1.Node> Nodes, IReadOnlyList<string> Warnings);

    private sealed record ServicePart(List<V1.Service> Services, IReadOnlyList<string> Warnings);

    private sealed record PolicyPart(
        List<V1.Identity> Identities, List<V1.IpcacheEntry> Ipcache, List<V1.Policy> Policies, List<V1.Workload> Workloads,
        IReadOnlyList<string> Warnings);
}
