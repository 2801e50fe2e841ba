using System.Text;
using System.Text.Json;

namespace Dataplane.Agent.Tests.Differential;

/// <summary>Writes a plain cluster as the manifests that a user would write (flow style is JSON).</summary>
internal static class PlainYaml
{
    public static string Write(PlainCluster cluster)
    {
        var text = new StringBuilder();
        for (var node = 1; node <= 2; node++)
            Add(text, "v1", "Node", null, $"n{node}", null, $"spec: {{podCIDR: 10.244.{node}.0/24}}\nstatus: {{addresses: [{{type: InternalIP, address: 192.168.0.{node}}}]}}");
        foreach (var ns in cluster.Namespaces)
            Add(text, "v1", "Namespace", null, ns.Name, ns.Labels, "");
        foreach (var pod in cluster.Pods)
        {
            var ports = pod.Ports.Select(p => new { name = p.Name, protocol = p.Protocol, containerPort = p.Number });
            Add(text, "v1", "Pod", pod.Namespace, pod.Name, pod.Labels,
                $"spec: {{nodeName: n{pod.Node}, hostNetwork: {(pod.HostNetwork ? "true" : "false")}, containers: [{{ports: {Json(ports)}}}]}}\n"
                + $"status: {{podIP: {pod.Address}, phase: {(pod.Ended ? "Succeeded" : "Running")}}}");
        }
        foreach (var policy in cluster.Policies)
        {
            var spec = new Dictionary<string, object?>();
            Set(spec, "podSelector", Selector(policy.Pods));
            Set(spec, "policyTypes", policy.Types);
            Set(spec, "ingress", policy.Ingress?.Select(r => Rule(r, "from")));
            Set(spec, "egress", policy.Egress?.Select(r => Rule(r, "to")));
            Add(text, "networking.k8s.io/v1", "NetworkPolicy", policy.Namespace, policy.Name, null, $"spec: {Json(spec)}");
        }
        return text.ToString();
    }

    private static void Add(
        StringBuilder text, string version, string kind, string? ns, string name, Dictionary<string, string>? labels, string rest)
    {
        var meta = new Dictionary<string, object?> { ["name"] = name };
        Set(meta, "namespace", ns);
        Set(meta, "labels", labels);
        text.Append($"---\napiVersion: {version}\nkind: {kind}\nmetadata: {Json(meta)}\n{rest}\n");
    }

    private static Dictionary<string, object?> Rule(PlainRule rule, string peers)
    {
        var map = new Dictionary<string, object?>();
        Set(map, peers, rule.Peers?.Select(Peer));
        Set(map, "ports", rule.Ports?.Select(Port));
        return map;
    }

    private static Dictionary<string, object?> Peer(PlainPeer peer)
    {
        var map = new Dictionary<string, object?>();
        Set(map, "podSelector", Selector(peer.Pods));
        Set(map, "namespaceSelector", Selector(peer.Namespaces));
        Set(map, "ipBlock", peer.Block is null ? null : new { cidr = peer.Block.Cidr, except = peer.Block.Except });
        return map;
    }

    private static Dictionary<string, object?> Port(PlainRulePort port)
    {
        var map = new Dictionary<string, object?>();
        Set(map, "protocol", port.Protocol);
        Set(map, "port", int.TryParse(port.Port, out var number) ? number : port.Port);
        Set(map, "endPort", port.EndPort);
        return map;
    }

    private static object? Selector(PlainSelector? selector) => selector is null ? null : new
    {
        matchLabels = selector.Labels,
        matchExpressions = selector.Expressions.Select(e => new { key = e.Key, @operator = e.Operator, values = e.Values }),
    };

    private static void Set(Dictionary<string, object?> map, string key, object? value)
    {
        if (value is not null)
            map[key] = value;
    }

    private static string Json(object value) => JsonSerializer.Serialize(value);
}
