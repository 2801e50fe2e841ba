using System.Text;

namespace Dataplane.Control.Tests.Cleanup;

/// <summary>Rules as kube-proxy writes them, beside rules of others and of kubelet in the same chains.</summary>
internal static class KubeProxyRules
{
    /// <summary>Input of iptables-restore: what is not kube-proxy's. Counters are not zero, so that a rule that was made anew is noticed.</summary>
    public static string Foreign(bool six)
    {
        string pods = six ? "fd00:10::/64" : "10.244.0.0/16", local = six ? "::1/128" : "127.0.0.0/8";
        return $"""
            *nat
            :PREROUTING ACCEPT [7:700]
            :INPUT ACCEPT [1:100]
            :OUTPUT ACCEPT [2:200]
            :POSTROUTING ACCEPT [3:300]
            :KUBE-KUBELET-CANARY - [0:0]
            :KUBE-MARK-DROP - [0:0]
            :MINE - [0:0]
            [5:500] -A PREROUTING -p tcp -m tcp --dport 8080 -m comment --comment "my kubernetes rule -j KUBE-SERVICES" -j REDIRECT --to-ports 80
            [6:600] -A OUTPUT -j MINE
            [8:800] -A POSTROUTING -s {pods} ! -o br0 -j MASQUERADE
            [9:900] -A KUBE-MARK-DROP -j MARK --set-xmark 0x8000/0x8000
            [1:100] -A MINE -m comment --comment "kubernetes in my words" -j RETURN
            COMMIT
            *filter
            :INPUT DROP [4:400]
            :FORWARD ACCEPT [5:500]
            :OUTPUT ACCEPT [6:600]
            :KUBE-FIREWALL - [0:0]
            :KUBE-KUBELET-CANARY - [0:0]
            [1:60] -A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
            [2:120] -A INPUT -j KUBE-FIREWALL
            [3:180] -A FORWARD -i br0 -j DROP
            [4:240] -A OUTPUT -j KUBE-FIREWALL
            [5:300] -A KUBE-FIREWALL ! -s {local} -d {local} -m comment --comment "block incoming localnet connections" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
            COMMIT
            *mangle
            :PREROUTING ACCEPT [0:0]
            :KUBE-KUBELET-CANARY - [0:0]
            :KUBE-IPTABLES-HINT - [0:0]
            [7:420] -A PREROUTING -p tcp -j MARK --set-xmark 0x1/0x1
            COMMIT

            """;
    }

    /// <summary>Input of iptables-restore --noflush: kube-proxy in iptables mode, with some services, in front of what is there or behind it as kube-proxy has it.</summary>
    public static string Iptables(bool six, int services)
    {
        var (chains, portals, rules) = (new StringBuilder(), new StringBuilder(), new StringBuilder());
        for (int i = 0; i < services; i++)
        {
            string service = $"{i:D5}ABCDEFGHIJK"[..16], ip = six ? $"fd00:96::{i:x}/128" : $"10.96.{i >> 8}.{i & 255}/32", pod = six ? $"fd00:10::{i:x}" : $"10.244.{i >> 8}.{i & 255}";
            string target = six ? $"[{pod}]:8080" : $"{pod}:8080", source = pod + (six ? "/128" : "/32");
            chains.Append($":KUBE-SVC-{service} - [0:0]\n:KUBE-EXT-{service} - [0:0]\n:KUBE-SEP-{service} - [0:0]\n:KUBE-FW-{service} - [0:0]\n:KUBE-SVL-{service} - [0:0]\n");
            portals.Append($"-A KUBE-SERVICES -d {ip} -p tcp -m comment --comment \"shop/web-{i}:http cluster IP\" -m tcp --dport 80 -j KUBE-SVC-{service}\n");
            portals.Append($"-A KUBE-NODEPORTS -p tcp -m comment --comment \"shop/web-{i}:http\" -m tcp --dport {30000 + (i % 2700)} -j KUBE-EXT-{service}\n");
            rules.Append($"-A KUBE-EXT-{service} -m comment --comment \"masquerade traffic for shop/web-{i}:http external destinations\" -j KUBE-MARK-MASQ\n-A KUBE-EXT-{service} -j KUBE-SVC-{service}\n");
            rules.Append($"-A KUBE-FW-{service} -m comment --comment \"shop/web-{i}:http loadbalancer IP\" -j KUBE-EXT-{service}\n-A KUBE-SVL-{service} -j KUBE-SEP-{service}\n");
            rules.Append($"-A KUBE-SVC-{service} -m comment --comment \"shop/web-{i}:http -> {target}\" -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-{service}\n");
            rules.Append($"-A KUBE-SEP-{service} -s {source} -m comment --comment \"shop/web-{i}:http\" -j KUBE-MARK-MASQ\n");
            rules.Append($"-A KUBE-SEP-{service} -p tcp -m comment --comment \"shop/web-{i}:http\" -m tcp -j DNAT --to-destination {target}\n");
        }
        return $"""
            *mangle
            :KUBE-PROXY-CANARY - [0:0]
            COMMIT
            *filter
            :KUBE-SERVICES - [0:0]
            :KUBE-EXTERNAL-SERVICES - [0:0]
            :KUBE-FORWARD - [0:0]
            :KUBE-NODEPORTS - [0:0]
            :KUBE-PROXY-FIREWALL - [0:0]
            :KUBE-PROXY-CANARY - [0:0]
            -I INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
            -I INPUT -m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS
            -I INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
            -I FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
            -I FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
            -I FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
            -A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
            -I OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
            -A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
            -A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
            -A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
            -A KUBE-NODEPORTS -p tcp -m comment --comment "shop/web-0:http health check node port" -m tcp --dport 32000 -j ACCEPT
            COMMIT
            *nat
            :KUBE-SERVICES - [0:0]
            :KUBE-NODEPORTS - [0:0]
            :KUBE-POSTROUTING - [0:0]
            :KUBE-MARK-MASQ - [0:0]
            :KUBE-PROXY-CANARY - [0:0]
            {chains}-I PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
            -I OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
            -I POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
            -A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
            -A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
            -A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
            -A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
            {portals}-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
            {rules}COMMIT

            """;
    }

    /// <summary>The same for ipvs mode, without the sets that its rules would use.</summary>
    public const string Ipvs = """
        *filter
        :KUBE-FORWARD - [0:0]
        :KUBE-NODE-PORT - [0:0]
        :KUBE-PROXY-FIREWALL - [0:0]
        :KUBE-SOURCE-RANGES-FIREWALL - [0:0]
        :KUBE-IPVS-FILTER - [0:0]
        :KUBE-IPVS-OUT-FILTER - [0:0]
        -A INPUT -m comment --comment "kubernetes ipvs access filter" -j KUBE-IPVS-FILTER
        -A INPUT -m comment --comment "kube-proxy firewall rules" -j KUBE-PROXY-FIREWALL
        -A INPUT -m comment --comment "kubernetes health check rules" -j KUBE-NODE-PORT
        -A FORWARD -m comment --comment "kube-proxy firewall rules" -j KUBE-PROXY-FIREWALL
        -A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
        -A OUTPUT -m comment --comment "kubernetes ipvs access filter" -j KUBE-IPVS-OUT-FILTER
        -A KUBE-PROXY-FIREWALL -j KUBE-SOURCE-RANGES-FIREWALL
        -A KUBE-SOURCE-RANGES-FIREWALL -j DROP
        COMMIT
        *nat
        :KUBE-SERVICES - [0:0]
        :KUBE-POSTROUTING - [0:0]
        :KUBE-MARK-MASQ - [0:0]
        :KUBE-NODE-PORT - [0:0]
        :KUBE-LOAD-BALANCER - [0:0]
        -A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
        -A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
        -A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
        -A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODE-PORT
        -A KUBE-SERVICES -j KUBE-LOAD-BALANCER
        -A KUBE-LOAD-BALANCER -j KUBE-MARK-MASQ
        -A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
        COMMIT

        """;

    /// <summary>Input of nft -f: kube-proxy in nftables mode.</summary>
    public static string Nftables(string family) => $$"""
        table {{family}} kube-proxy {
          chain mark-for-masquerade { meta mark set meta mark | 0x4000; }
          map service-nodeports { type inet_proto . inet_service : verdict ; }
          chain endpoint-AAAA { meta l4proto tcp jump mark-for-masquerade; }
          chain service-AAAA { numgen random mod 1 vmap { 0 : goto endpoint-AAAA }; }
          chain services { meta l4proto . th dport vmap @service-nodeports; tcp dport 80 jump service-AAAA; }
          chain nat-prerouting { type nat hook prerouting priority -100; jump services; }
          chain nat-output { type nat hook output priority -100; jump services; }
        }

        """;
}
