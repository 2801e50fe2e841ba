using Dataplane.Agent.Model;
using V1 = Dataplane.Contracts.V1;

namespace Dataplane.Agent.Desired;

/// <summary>
/// Turns peers into identities. Each distinct selector is tried once against each distinct label set, so a thousand
/// policies that use the same few selectors cost as much as those few.
/// </summary>
public sealed class PeerMatcher
{
    private readonly IdentityTable _table;
    private readonly Dictionary<string, List<PodGroup>> _groups = new(StringComparer.Ordinal);
    private readonly List<LabelSet> _labelSets = [];
    private readonly Dictionary<string, LabelSet> _namespaceLabels = new(StringComparer.Ordinal);
    private readonly Dictionary<IpPrefix, List<uint>> _byPrefix = [];
    private readonly Dictionary<LabelSelector, bool[]> _matchingSets = [];
    private readonly Dictionary<LabelSelector, List<string>> _matchingNamespaces = [];
    private readonly Dictionary<(LabelSelector?, LabelSelector?, string), uint[]> _matchingPods = [];

    /// <summary>Makes a matcher over the identities in use.</summary>
    public PeerMatcher(IdentityTable table, IEnumerable<Namespace> namespaces)
    {
        _table = table;
        foreach (var item in namespaces)
            _namespaceLabels[item.Meta.Name] = item.Meta.Labels;
        var indexes = new Dictionary<LabelSet, int>();
        var groups = new Dictionary<(string, int), PodGroup>();
        foreach (var item in table.Classes)
        {
            if (item.Key.Prefix is { } prefix)
                Add(_byPrefix, prefix, item.Id);
            if (item.Key.Kind != V1.Identity.Types.Kind.Pod)
                continue;
            if (!indexes.TryGetValue(item.Key.Labels, out var index))
            {
                indexes.Add(item.Key.Labels, index = _labelSets.Count);
                _labelSets.Add(item.Key.Labels);
            }
            if (!groups.TryGetValue((item.Key.Namespace, index), out var group))
            {
                groups.Add((item.Key.Namespace, index), group = new PodGroup(index, []));
                Add(_groups, item.Key.Namespace, group);
            }
            group.Identities.Add(item.Id);
        }
        // A pod may come before its namespace's object; its name is known all the same.
        foreach (var name in _groups.Keys)
            _namespaceLabels.TryAdd(name, LabelSet.Empty.With(Namespace.NameLabel, name));
    }

    /// <summary>Identities of the pods that a peer of selectors names, ascending (P9-P11).</summary>
    public uint[] Pods(NetworkPolicyPeer peer, string policyNamespace)
    {
        ArgumentNullException.ThrowIfNull(peer);
        var key = (peer.PodSelector, peer.NamespaceSelector, peer.NamespaceSelector is null ? policyNamespace : "");
        if (_matchingPods.TryGetValue(key, out var known))
            return known;
        var identities = new List<uint>();
        var sets = peer.PodSelector is null ? null : MatchingSets(peer.PodSelector);
        foreach (var ns in peer.NamespaceSelector is null ? [policyNamespace] : MatchingNamespaces(peer.NamespaceSelector))
        {
            foreach (var group in _groups.GetValueOrDefault(ns) ?? [])
            {
                if (sets is null || sets[group.LabelSet])
                    identities.AddRange(group.Identities);
            }
        }
        identities.Sort();
        return _matchingPods[key] = [.. identities];
    }

    /// <summary>Identities of every address an ipBlock names: pods, other nodes and the world (P13), ascending.</summary>
    public uint[] Addresses(IpBlock block)
    {
        ArgumentNullException.ThrowIfNull(block);
        var identities = new List<uint>();
        foreach (var prefix in _table.Prefixes.Inside(block.Cidr))
        {
            if (block.Covers(prefix) && _byPrefix.TryGetValue(prefix, out var found))
                identities.AddRange(found);
        }
        identities.Sort();
        return [.. identities];
    }

    private bool[] MatchingSets(LabelSelector selector)
    {
        if (!_matchingSets.TryGetValue(selector, out var known))
            _matchingSets.Add(selector, known = [.. _labelSets.Select(selector.Matches)]);
        return known;
    }

    private List<string> MatchingNamespaces(LabelSelector selector)
    {
        if (!_matchingNamespaces.TryGetValue(selector, out var known))
            _matchingNamespaces.Add(selector, known = [.. _groups.Keys.Where(n => selector.Matches(_namespaceLabels[n]))]);
        return known;
    }

    private static void Add<TKey, TValue>(Dictionary<TKey, List<TValue>> lists, TKey key, TValue value)
        where TKey : notnull
    {
        if (!lists.TryGetValue(key, out var list))
            lists.Add(key, list = []);
        list.Add(value);
    }

    private sealed record PodGroup(int LabelSet, List<uint> Identities);
}
