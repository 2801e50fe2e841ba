using System.Globalization;
using System.Text;

namespace Dataplane.Bench.EndToEnd.Paths;

/// <summary>
/// Input of iptables-restore with the chains kube-proxy 1.2x/1.3x writes in iptables mode (pkg/proxy/iptables/proxier.go):
/// KUBE-SERVICES, one rule per service port, KUBE-SVC-x, `statistic` random, KUBE-SEP-x, DNAT; masquerade by mark 0x4000;
/// the filter chains that every new connection passes; node ports, load balancers and external IPs left empty.
/// </summary>
internal static class IptablesRules
{
    // largeClusterEndpointsThreshold there: with more endpoints kube-proxy leaves the comments of endpoint rules out.
    private const int CommentedEndpoints = 1000;

    /// <summary>Both tables, ready for `iptables-restore`.</summary>
    internal static string Render(IReadOnlyList<BenchService> services)
    {
        var chains = new StringBuilder();
        var rules = new StringBuilder();
        var front = new StringBuilder();
        var comments = services.Sum(s => s.Ports.Count * s.Backends.Count) <= CommentedEndpoints;
        foreach (var service in services)
        {
            foreach (var port in service.Ports)
            {
                RenderPort(service, port, comments, chains, front, rules);
            }
        }

        return Filter + $"""
            *nat
            :KUBE-SERVICES - [0:0]
            :KUBE-NODEPORTS - [0:0]
            :KUBE-POSTROUTING - [0:0]
            :KUBE-MARK-MASQ - [0:0]
            {chains}-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
            -A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
            -A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
            -A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
            -A KUBE-POSTROUTING -j MARK --xor-mark 0x4000
            -A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
            -A KUBE-MARK-MASQ -j MARK --or-mark 0x4000
            {front}-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
            {rules}COMMIT

            """;
    }

    private const string Filter = """
        *filter
        :KUBE-SERVICES - [0:0]
        :KUBE-EXTERNAL-SERVICES - [0:0]
        :KUBE-FORWARD - [0:0]
        :KUBE-NODEPORTS - [0:0]
        :KUBE-FIREWALL - [0:0]
        :KUBE-PROXY-FIREWALL - [0:0]
        -A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
        -A INPUT -m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS
        -A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
        -A INPUT -j KUBE-FIREWALL
        -A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
        -A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
        -A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
        -A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
        -A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
        -A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
        -A OUTPUT -j KUBE-FIREWALL
        -A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
        -A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
        -A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        -A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment "block incoming localnet connections" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
        COMMIT

        """;

    private static void RenderPort(
        BenchService service, BenchServicePort port, bool comments, StringBuilder chains, StringBuilder front, StringBuilder rules)
    {
        var protocol = port.Protocol;
        var name = $"{BenchService.Namespace}/{service.Name}:{port.Name}";
        var chain = KubeChain.Service(service, port);
        chains.Append(CultureInfo.InvariantCulture, $":{chain} - [0:0]\n");
        front.Append(CultureInfo.InvariantCulture,
            $"-A KUBE-SERVICES -d {service.ClusterIp}/32 -p {protocol} -m comment --comment \"{name} cluster IP\" -m {protocol} --dport {port.Port} -j {chain}\n");
        rules.Append(CultureInfo.InvariantCulture,
            $"-A {chain} ! -s {BenchPlan.ClusterCidr} -d {service.ClusterIp}/32 -p {protocol} -m comment --comment \"{name} cluster IP\" -m {protocol} --dport {port.Port} -j KUBE-MARK-MASQ\n");
        for (var i = 0; i < service.Backends.Count; i++)
        {
            var backend = service.Backends[i];
            var target = $"{backend.Address}:{port.TargetPort}";
            var endpoint = KubeChain.Endpoint(service, port, backend);
            var left = service.Backends.Count - i;
            // The last one takes what is left, so each gets the same share.
            var pick = left == 1 ? "" : $" -m statistic --mode random --probability {1.0 / left:F11}";
            chains.Append(CultureInfo.InvariantCulture, $":{endpoint} - [0:0]\n");
            rules.Append(CultureInfo.InvariantCulture, $"-A {chain}{Comment($"{name} -> {target}")}{pick} -j {endpoint}\n");
            rules.Append(CultureInfo.InvariantCulture, $"-A {endpoint} -s {backend.Address}/32{Comment(name)} -j KUBE-MARK-MASQ\n");
            rules.Append(CultureInfo.InvariantCulture, $"-A {endpoint} -p {protocol}{Comment(name)} -m {protocol} -j DNAT --to-destination {target}\n");
        }

        string Comment(string text) => comments ? $" -m comment --comment \"{text}\"" : "";
    }
}
