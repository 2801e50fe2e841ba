using System.Net;

namespace Dataplane.Agent.Tests.Differential;

/// <summary>Answers straight from the rows of the specification, one object after the other, without any precomputation.</summary>
internal sealed class Reference(PlainCluster cluster)
{
    // Only to be quick: the same questions come thousands of times.
    private readonly Dictionary<(string, string), bool> _inside = [];

    /// <summary>May the pod get a connection from this address (P2-P17)?</summary>
    public bool AllowsIngress(PlainPod pod, string source, string protocol, int port) =>
        Allows(pod, source, protocol, port, ingress: true);

    /// <summary>May the pod open a connection to this address?</summary>
    public bool AllowsEgress(PlainPod pod, string destination, string protocol, int port) =>
        Allows(pod, destination, protocol, port, ingress: false);

    private bool Allows(PlainPod pod, string peer, string protocol, int port, bool ingress)
    {
        // P23: the pod's own node, by its address or as 10.244.N.1.
        if (peer == $"192.168.0.{pod.Node}" || peer == $"10.244.{pod.Node}.1")
            return true;
        // P8, P28: policies of the pod's namespace that select it.
        var applying = cluster.Policies.Where(
            p => p.Namespace == pod.Namespace && Matches(p.Pods, pod.Labels) && Isolates(p, ingress)).ToList();
        // P1, P2: without any, everything.
        if (applying.Count == 0)
            return true;
        // P4: any rule of any policy.
        return applying.Any(p => (ingress ? p.Ingress : p.Egress)?.Any(
            rule => MatchesPeer(p, rule, peer) && MatchesPort(p, rule, pod, peer, protocol, port, ingress)) ?? false);
    }

    // P3.
    private static bool Isolates(PlainPolicy policy, bool ingress) =>
        policy.Types is { Count: > 0 }
            ? policy.Types.Contains(ingress ? "Ingress" : "Egress")
            : ingress || policy.Egress is { Count: > 0 };

    private bool MatchesPeer(PlainPolicy policy, PlainRule rule, string peer) =>
        rule.Peers is not { Count: > 0 } || rule.Peers.Any(p => Matches(policy, p, peer));

    private bool Matches(PlainPolicy policy, PlainPeer peer, string address)
    {
        if (peer.Block is { } block)
            return Inside(block.Cidr, address) && !block.Except.Any(e => Inside(e, address));
        return SelectablePodAt(address) is { } pod
            && (peer.Namespaces is null ? pod.Namespace == policy.Namespace : Matches(peer.Namespaces, NamespaceLabels(pod.Namespace)))
            && (peer.Pods is null || Matches(peer.Pods, pod.Labels));
    }

    private bool MatchesPort(
        PlainPolicy policy, PlainRule rule, PlainPod pod, string peer, string protocol, int port, bool ingress)
    {
        if (rule.Ports is not { Count: > 0 })
            return true;
        return rule.Ports.Any(item =>
        {
            if ((item.Protocol ?? "TCP") != protocol)
                return false;
            if (item.Port is null)
                return true;
            if (int.TryParse(item.Port, out var number))
                return port >= number && port <= (item.EndPort ?? number);
            // P16: the selected pod's name; P17: the destination pod's, and only where a selector (or no peer) matched it.
            var named = ingress ? pod : SelectablePodAt(peer);
            if (named is null)
                return false;
            if (!ingress && rule.Peers is { Count: > 0 } && !rule.Peers.Any(p => p.Block is null && Matches(policy, p, peer)))
                return false;
            return named.Ports.Any(p => p.Name == item.Port && p.Protocol == protocol && p.Number == port);
        });
    }

    private PlainPod? SelectablePodAt(string address) =>
        cluster.Pods.SingleOrDefault(p => p.Address == address && !p.HostNetwork && !p.Ended);

    private Dictionary<string, string> NamespaceLabels(string name)
    {
        var labels = cluster.Namespaces.SingleOrDefault(n => n.Name == name)?.Labels ?? [];
        return new Dictionary<string, string>(labels) { ["kubernetes.io/metadata.name"] = name };
    }

    private static bool Matches(PlainSelector? selector, Dictionary<string, string> labels) =>
        selector is null
        || (selector.Labels.All(l => labels.TryGetValue(l.Key, out var value) && value == l.Value)
            && selector.Expressions.All(e => e.Operator switch
            {
                "In" => labels.TryGetValue(e.Key, out var value) && e.Values.Contains(value),
                "NotIn" => !labels.TryGetValue(e.Key, out var value) || !e.Values.Contains(value),
                "Exists" => labels.ContainsKey(e.Key),
                _ => !labels.ContainsKey(e.Key),
            }));

    private bool Inside(string cidr, string address)
    {
        if (!_inside.TryGetValue((cidr, address), out var known))
            _inside.Add((cidr, address), known = BitsAgree(cidr, address));
        return known;
    }

    private static bool BitsAgree(string cidr, string address)
    {
        var slash = cidr.IndexOf('/', StringComparison.Ordinal);
        var length = int.Parse(cidr[(slash + 1)..]);
        var a = IPAddress.Parse(cidr[..slash]).GetAddressBytes();
        var b = IPAddress.Parse(address).GetAddressBytes();
        return Enumerable.Range(0, length).All(i => ((a[i / 8] ^ b[i / 8]) & (0x80 >> (i % 8))) == 0);
    }
}
