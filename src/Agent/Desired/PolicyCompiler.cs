using System.Security.Cryptography;
using Dataplane.Agent.Model;
using Google.Protobuf;
using V1 = Dataplane.Contracts.V1;

namespace Dataplane.Agent.Desired;

/// <summary>Computes the rules of this node's pods. Pods that the same policies select share one message.</summary>
internal sealed class PolicyCompiler(string nodeName)
{
    private readonly IdAllocator<string> _ids = new(first: 1);

    public CompiledPolicies Compile(ClusterObjects objects, IdentityTable table)
    {
        _ids.BeginRound();
        var matcher = new PeerMatcher(table, objects.Namespaces);
        var names = new NamedPortIndex(table);
        var byNamespace = objects.NetworkPolicies.ToLookup(p => p.Meta.Namespace, StringComparer.Ordinal);
        var selecting = new Dictionary<(string, LabelSet), NetworkPolicy[]>();
        var resolved = new Dictionary<NetworkPolicy, (RuleSet Ingress, RuleSet Egress)>(ReferenceEqualityComparer.Instance);
        var compiled = new Dictionary<string, uint>(StringComparer.Ordinal);
        var policies = new SortedDictionary<uint, V1.Policy>();
        var workloads = new List<V1.Workload>();
        foreach (var pod in objects.Pods)
        {
            if (pod.NodeName != nodeName || !IdentityTable.IsSelectable(pod))
                continue;
            var podKey = (pod.Meta.Namespace, pod.Meta.Labels);
            if (!selecting.TryGetValue(podKey, out var chosen))
            {
                chosen = [.. byNamespace[pod.Meta.Namespace].Where(p => p.PodSelector.Matches(pod.Meta.Labels))];
                selecting.Add(podKey, chosen);
                foreach (var policy in chosen.Where(p => !resolved.ContainsKey(p)))
                    resolved.Add(policy, (RuleSet.OfIngress(policy, matcher), RuleSet.OfEgress(policy, matcher, names)));
            }
            var usesNames = chosen.Any(p => resolved[p].Ingress.UsesNames);
            var group = GroupKey(chosen, usesNames ? pod.NamedPorts : NamedPortSet.Empty);
            if (!compiled.TryGetValue(group, out var id))
            {
                var message = Combine(chosen, resolved, pod.NamedPorts);
                id = message.Id = _ids.IdOf(Convert.ToBase64String(SHA256.HashData(message.ToByteArray())));
                policies[id] = message;
                compiled.Add(group, id);
            }
            workloads.Add(new V1.Workload
            {
                Namespace = pod.Meta.Namespace, Pod = pod.Meta.Name, Identity = table.Of(pod), Policy = id, Uid = pod.Uid,
            });
        }
        return new CompiledPolicies([.. policies.Values], workloads);
    }

    private static string GroupKey(NetworkPolicy[] chosen, NamedPortSet ports) =>
        string.Join(',', chosen.Select(p => p.Meta.FullName))
        + "|" + string.Join(',', ports.Ports.Select(p => $"{p.Name}/{p.Protocol}/{p.Port}"));

    private static V1.Policy Combine(
        NetworkPolicy[] chosen, Dictionary<NetworkPolicy, (RuleSet Ingress, RuleSet Egress)> resolved, NamedPortSet ports) => new()
    {
        Ingress = Direction(chosen.Where(p => p.IsolatesIngress), chosen.Select(p => resolved[p].Ingress), ports),
        Egress = Direction(chosen.Where(p => p.IsolatesEgress), chosen.Select(p => resolved[p].Egress), ports),
    };

    private static V1.PolicyDirection Direction(IEnumerable<NetworkPolicy> isolating, IEnumerable<RuleSet> sets, NamedPortSet ports)
    {
        var direction = new V1.PolicyDirection { IsolatedBy = { isolating.Select(p => p.Meta.FullName).Order(StringComparer.Ordinal) } };
        direction.Isolated = direction.IsolatedBy.Count > 0;
        if (!direction.Isolated)
            return direction;
        var rules = new Dictionary<RuleKey, string>();
        foreach (var set in sets)
            set.AddTo(rules, ports);
        foreach (var (key, origin) in rules.OrderBy(r => r.Key))
        {
            direction.Rules.Add(new V1.PolicyRule
            {
                Identity = key.Identity, Protocol = key.Protocol, FirstPort = key.First, LastPort = key.Last, Origin = origin,
            });
        }
        return direction;
    }
}
