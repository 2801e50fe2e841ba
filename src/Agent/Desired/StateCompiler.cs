using Dataplane.Agent.Model;
using V1 = Dataplane.Contracts.V1;

namespace Dataplane.Agent.Desired;

/// <summary>
/// Objects to the state of one node. The result depends on the objects only, not on their order or the way to them; but
/// numbers of identities and policies stay with their content from one call to the next. Parts whose objects did not
/// change are handed out again as the same lists of the same messages. Not safe for use by several threads.
/// </summary>
public sealed class StateCompiler(string nodeName, ServiceOptions? options = null)
{
    private readonly IdAllocator<IdentityKey> _identities = new(IdentityTable.FirstAllocated);
    private readonly PolicyCompiler _policies = new(nodeName);
    private readonly ServiceCompiler _services = new(nodeName, options ?? new ServiceOptions());

    private ClusterObjects? _last;
    private NodePart _nodePart = new([], []);
    private ServicePart _servicePart = ServicePart.Empty;
    private PolicyPart _policyPart = new([], [], [], [], []);
    private IReadOnlyList<string> _warnings = [];

    /// <summary>Compiles a view.</summary>
    public DesiredState Compile(ClusterObjects objects)
    {
        ArgumentNullException.ThrowIfNull(objects);
        var (nodes, services, policies) = (_nodePart.Warnings, _servicePart.Warnings, _policyPart.Warnings);
        if (_last is null || !ReferenceEquals(objects.Nodes, _last.Nodes))
            _nodePart = CompileNodes(objects.Nodes);
        _servicePart = _services.Compile(objects);
        if (_last is null || !PolicyInputs.AreSame(_last, objects))
            _policyPart = CompilePolicies(objects);
        _last = objects;
        if (!ReferenceEquals(nodes, _nodePart.Warnings) || !ReferenceEquals(services, _servicePart.Warnings)
            || !ReferenceEquals(policies, _policyPart.Warnings))
        {
            string[] warnings = [.. _nodePart.Warnings, .. _servicePart.Warnings, .. _policyPart.Warnings];
            if (!warnings.SequenceEqual(_warnings))
                _warnings = warnings;
        }
        return new DesiredState
        {
            Nodes = _nodePart.Nodes,
            Services = _servicePart.Messages,
            Identities = _policyPart.Identities,
            Ipcache = _policyPart.Ipcache,
            Policies = _policyPart.Policies,
            Workloads = _policyPart.Workloads,
            Warnings = _warnings,
            Gaps = _servicePart.Gaps,
            Changes = _servicePart.Changes,
        };
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

    private sealed record PolicyPart(
        List<V1.Identity> Identities, List<V1.IpcacheEntry> Ipcache, List<V1.Policy> Policies, List<V1.Workload> Workloads,
        IReadOnlyList<string> Warnings);
}
