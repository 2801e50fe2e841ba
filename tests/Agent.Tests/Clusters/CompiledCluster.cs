using Dataplane.Agent.Desired;
using Dataplane.Agent.Model;
using V1 = Dataplane.Contracts.V1;

namespace Dataplane.Agent.Tests.Clusters;

/// <summary>
/// Plays the dataplane: answers from nothing but the compiled states whether a connection is allowed, each end by the
/// state of its own node.
/// </summary>
internal sealed class CompiledCluster
{
    private readonly Dictionary<string, NodeView> _views;
    private readonly Dictionary<string, (string Node, string Address)> _pods;

    public CompiledCluster(ClusterObjects objects, Func<string, StateCompiler>? compilerOf = null)
    {
        compilerOf ??= name => new StateCompiler(name);
        _views = objects.Nodes.ToDictionary(
            n => n.Meta.Name, n => new NodeView(compilerOf(n.Meta.Name).Compile(objects).State));
        _pods = objects.Pods.Where(p => p.Addresses.Count > 0).ToDictionary(
            p => p.Meta.FullName, p => (p.NodeName, p.Addresses[0].ToString()));
    }

    public V1.State State(string node) => _views[node].State;

    /// <summary>Pod to pod, both named "namespace/name".</summary>
    public bool Allows(string source, string destination, V1.Protocol protocol, int port) =>
        source == destination
        || (AllowsEgress(source, _pods[destination].Address, protocol, port)
            && AllowsIngress(destination, _pods[source].Address, protocol, port));

    public bool AllowsEgress(string pod, string destination, V1.Protocol protocol, int port) =>
        _views[_pods[pod].Node].Allows(pod, v => v.Egress, destination, protocol, port);

    public bool AllowsIngress(string pod, string source, V1.Protocol protocol, int port) =>
        _views[_pods[pod].Node].Allows(pod, v => v.Ingress, source, protocol, port);

    private sealed class NodeView
    {
        private readonly Dictionary<string, V1.Workload> _workloads;
        private readonly Dictionary<uint, V1.Policy> _policies;
        private readonly Dictionary<string, uint> _identities = [];
        private readonly List<(IpPrefix Prefix, uint Identity)> _ipcache;

        public NodeView(V1.State state)
        {
            State = state;
            _workloads = state.Workloads.ToDictionary(w => $"{w.Namespace}/{w.Pod}");
            _policies = state.Policies.ToDictionary(p => p.Id);
            _ipcache = state.Ipcache.Select(e => (Prefix(e.Cidr), e.Identity)).OrderByDescending(e => e.Item1.Length).ToList();
        }

        public V1.State State { get; }

        public bool Allows(string pod, Func<V1.Policy, V1.PolicyDirection> direction, string peer, V1.Protocol protocol, int port)
        {
            if (!_workloads.TryGetValue(pod, out var workload))
                return false;
            if (!_identities.TryGetValue(peer, out var identity))
                _identities.Add(peer, identity = Identity(peer));
            // The dataplane's own rule: traffic with its own node is never stopped (P23).
            if (identity == 1)
                return true;
            var rules = direction(_policies[workload.Policy]);
            return !rules.Isolated || rules.Rules.Any(r =>
                (r.Identity == 0 || r.Identity == identity)
                && (r.Protocol == V1.Protocol.Any || r.Protocol == protocol)
                && ((r.FirstPort == 0 && r.LastPort == 0) || (r.FirstPort <= port && port <= r.LastPort)));
        }

        private uint Identity(string peer)
        {
            Assert.True(IpAddress.TryParse(peer, out var address));
            return _ipcache.Where(e => e.Prefix.Contains(address)).Select(e => e.Identity).FirstOrDefault(3u);
        }

        private static IpPrefix Prefix(string text)
        {
            Assert.True(IpPrefix.TryParse(text, out var prefix));
            Assert.Equal(text, prefix.ToString());
            return prefix;
        }
    }
}
