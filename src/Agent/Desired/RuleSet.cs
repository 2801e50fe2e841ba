using Dataplane.Agent.Model;

namespace Dataplane.Agent.Desired;

/// <summary>
/// One direction of one NetworkPolicy with its peers resolved. Ingress rules by port name stay open: the name means what
/// the selected pod says (P16).
/// </summary>
internal sealed class RuleSet
{
    private readonly List<RuleKey> _rules = [];
    private readonly List<(uint Identity, Protocol Protocol, string Name)> _named = [];

    /// <summary>"namespace/name" of the policy.</summary>
    public required string Origin { get; init; }

    /// <summary>True when the rules depend on the selected pod's named ports.</summary>
    public bool UsesNames => _named.Count > 0;

    /// <summary>Resolves the ingress rules of a policy.</summary>
    public static RuleSet OfIngress(NetworkPolicy policy, PeerMatcher matcher)
    {
        var set = new RuleSet { Origin = policy.Meta.FullName };
        foreach (var rule in policy.Ingress)
        {
            var ports = PolicyPort.Of(rule);
            foreach (var identity in PeersOf(rule, policy, matcher).SelectMany(p => p.Identities))
            {
                foreach (var port in ports)
                {
                    if (port.Name is null)
                        set._rules.Add(RuleKey.Of(identity, port.Protocol, port.First, port.Last));
                    else
                        set._named.Add((identity, port.Protocol!.Value, port.Name));
                }
            }
        }
        return set;
    }

    /// <summary>Resolves the egress rules of a policy; names mean what each destination pod says (P17).</summary>
    public static RuleSet OfEgress(NetworkPolicy policy, PeerMatcher matcher, NamedPortIndex names)
    {
        var set = new RuleSet { Origin = policy.Meta.FullName };
        foreach (var rule in policy.Egress)
        {
            var ports = PolicyPort.Of(rule);
            foreach (var (identities, byAddress) in PeersOf(rule, policy, matcher))
            {
                foreach (var port in ports)
                {
                    if (port.Name is null)
                    {
                        foreach (var identity in identities)
                            set._rules.Add(RuleKey.Of(identity, port.Protocol, port.First, port.Last));
                    }
                    else if (!byAddress)
                    {
                        foreach (var (identity, number) in names.Resolve(identities, port.Name, port.Protocol!.Value))
                            set._rules.Add(RuleKey.Of(identity, port.Protocol, number, number));
                    }
                }
            }
        }
        return set;
    }

    /// <summary>Adds what the set allows for a pod with these named ports; the first origin of a rule is kept.</summary>
    public void AddTo(Dictionary<RuleKey, string> rules, NamedPortSet selectedPodPorts)
    {
        foreach (var rule in _rules)
            rules.TryAdd(rule, Origin);
        foreach (var (identity, protocol, name) in _named)
        {
            foreach (var number in selectedPodPorts.Resolve(name, protocol))
                rules.TryAdd(RuleKey.Of(identity, protocol, number, number), Origin);
        }
    }

    // Identity 0 is any peer (P7).
    private static IEnumerable<(uint[] Identities, bool ByAddress)> PeersOf(
        NetworkPolicyRule rule, NetworkPolicy policy, PeerMatcher matcher)
    {
        if (rule.Peers.Count == 0)
            return [([0u], false)];
        return rule.Peers.Select(peer => peer.IpBlock is { } block
            ? (matcher.Addresses(block), true)
            : (matcher.Pods(peer, policy.Meta.Namespace), false));
    }
}
