using System.Collections.Frozen;

namespace Dataplane.Control.Cleanup;

/// <summary>
/// Which chains and rules of a table that iptables-save prints are kube-proxy's, in its iptables and its ipvs mode, and the input of iptables-restore that
/// removes them and nothing else. Pure text.
/// </summary>
internal sealed class KubeProxyChains
{
    // pkg/proxy/iptables and pkg/proxy/ipvs. Not listed, because kubelet makes and keeps them: KUBE-FIREWALL, KUBE-MARK-DROP, KUBE-KUBELET-CANARY, KUBE-IPTABLES-HINT.
    private static readonly FrozenSet<string> Names = FrozenSet.Create(
        "KUBE-SERVICES", "KUBE-EXTERNAL-SERVICES", "KUBE-NODEPORTS", "KUBE-POSTROUTING", "KUBE-MARK-MASQ", "KUBE-FORWARD", "KUBE-PROXY-FIREWALL",
        "KUBE-PROXY-CANARY", "KUBE-NODE-PORT", "KUBE-LOAD-BALANCER", "KUBE-SOURCE-RANGES-FIREWALL", "KUBE-IPVS-FILTER", "KUBE-IPVS-OUT-FILTER");

    // Every jump from other chains into these bears one of them.
    private static readonly string[] Comments = [.. ((string[])[
        "kubernetes service portals", "kubernetes externally-visible service portals", "kubernetes postrouting rules", "kubernetes forwarding rules",
        "kubernetes load balancer firewall", "kubernetes health check service ports", "kubernetes health check rules", "kubernetes ipvs access filter",
        "kube-proxy firewall rules"]).Select(comment => $"--comment \"{comment}\" ")];

    // A chain per service, endpoint, and so on; XLB until Kubernetes 1.23.
    private static readonly string[] Prefixes = ["KUBE-SVC-", "KUBE-SVL-", "KUBE-SEP-", "KUBE-FW-", "KUBE-EXT-", "KUBE-XLB-"];

    private readonly List<string> _removedChains = [];
    private readonly List<string> _removedRules = [];
    private readonly List<string> _kept = [];

    private KubeProxyChains(string table) => Table = table;

    /// <summary>The table's name.</summary>
    public string Table { get; }

    /// <summary>Chains that go, with all that is in them.</summary>
    public IReadOnlyList<string> RemovedChains => _removedChains;

    /// <summary>Rules of other chains that go, as iptables-save prints them: the jumps to the above.</summary>
    public IReadOnlyList<string> RemovedRules => _removedRules;

    /// <summary>Chains of kube-proxy that stay because a rule of somebody else leads to them, with that rule; for people.</summary>
    public IReadOnlyList<string> Kept => _kept;

    /// <summary>Reads all tables.</summary>
    /// <param name="save">What iptables-save has printed.</param>
    public static IReadOnlyList<KubeProxyChains> Find(string save)
    {
        var tables = new List<KubeProxyChains>();
        var chains = new List<string>();
        var rules = new List<Rule>();
        KubeProxyChains? table = null;
        foreach (string line in save.Split('\n'))
        {
            if (line.StartsWith('*'))
            {
                table = new KubeProxyChains(line[1..].Trim());
                (chains, rules) = ([], []);
            }
            else if (line.StartsWith(':')) chains.Add(line[1..].Split(' ')[0]);
            else if (line.StartsWith("-A ", StringComparison.Ordinal)) rules.Add(new Rule(line));
            else if (line == "COMMIT" && table is not null)
            {
                table.Sort(chains, rules);
                tables.Add(table);
                table = null;
            }
        }
        return tables;
    }

    /// <summary>Input of iptables-restore --noflush; null when there is nothing to do. What it does not name stays as it is.</summary>
    public string? ToRestore()
    {
        if (_removedChains.Count == 0 && _removedRules.Count == 0) return null;
        return string.Join('\n', [
            $"*{Table}",
            .. _removedChains.Select(chain => $":{chain} - [0:0]"), // empties it, so that no chain leads to another one any more
            .. _removedRules.Select(rule => "-D" + rule[2..]),
            .. _removedChains.Select(chain => $"-X {chain}"),
            "COMMIT", ""]);
    }

    private static bool IsKubeProxys(string chain) => Names.Contains(chain) || Array.Exists(Prefixes, prefix => chain.StartsWith(prefix, StringComparison.Ordinal));

    private void Sort(List<string> chains, List<Rule> rules)
    {
        var ours = chains.Where(IsKubeProxys).ToHashSet();
        var outside = rules.Where(rule => !ours.Contains(rule.Chain) && ours.Contains(rule.Target)).ToList();
        _removedRules.AddRange(outside.Where(rule => rule.IsKubeProxys).Select(rule => rule.Text));

        // A chain that a foreign rule uses cannot be deleted, and neither can those that it leads to itself.
        var needed = new Queue<string>();
        foreach (var foreign in outside.Where(rule => !rule.IsKubeProxys))
        {
            _kept.Add($"{Table}: chain {foreign.Target}, which somebody else uses: {foreign.Text}");
            needed.Enqueue(foreign.Target);
        }
        var inside = rules.Where(rule => ours.Contains(rule.Chain)).ToLookup(rule => rule.Chain, rule => rule.Target);
        while (needed.TryDequeue(out string? chain))
        {
            if (!ours.Remove(chain)) continue;
            foreach (string target in inside[chain]) needed.Enqueue(target);
        }
        _removedChains.AddRange(chains.Where(ours.Contains));
    }

    /// <summary>One line "-A CHAIN ... -j TARGET ...".</summary>
    private readonly struct Rule
    {
        public Rule(string text)
        {
            Text = text;
            Chain = text.Split(' ', 3)[1];
            foreach (string flag in (ReadOnlySpan<string>)[" -j ", " -g "])
            {
                // A comment may hold anything, but it is quoted then, and the target comes after it.
                int at = text.LastIndexOf(flag, StringComparison.Ordinal);
                if (at >= 0 && text.IndexOf('"', at) < 0) Target = text[(at + flag.Length)..].Split(' ')[0];
            }
            Target ??= "";
        }

        public string Text { get; }

        public string Chain { get; }

        public string Target { get; }

        public bool IsKubeProxys => Array.Exists(Comments, HasComment);

        private bool HasComment(string comment) => Text.Contains(comment, StringComparison.Ordinal);
    }
}
