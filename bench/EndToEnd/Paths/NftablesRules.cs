using System.Globalization;
using System.Text;

namespace Dataplane.Bench.EndToEnd.Paths;

/// <summary>
/// Input of `nft -f` with the shape of kube-proxy's nftables mode (pkg/proxy/nftables/proxier.go): one verdict map from
/// (address, protocol, port) to a chain per service port, `numgen random` over the endpoint chains, DNAT there.
/// </summary>
internal static class NftablesRules
{
    /// <summary>The whole table "kube-proxy".</summary>
    internal static string Render(IReadOnlyList<BenchService> services)
    {
        var elements = new StringBuilder();
        var addresses = new StringBuilder();
        var chains = new StringBuilder();
        foreach (var service in services)
        {
            addresses.Append(CultureInfo.InvariantCulture, $"{service.ClusterIp},\n");
            foreach (var port in service.Ports)
            {
                RenderPort(service, port, elements, chains);
            }
        }

        return $$"""
            table ip kube-proxy {
            {{chains}}
              chain mark-for-masquerade { meta mark set meta mark | 0x4000; }
              chain masquerading {
                meta mark & 0x4000 == 0 return
                meta mark set meta mark ^ 0x4000
                masquerade fully-random
              }
              set cluster-ips {
                type ipv4_addr
                elements = { {{addresses}} }
              }
              map service-ips {
                type ipv4_addr . inet_proto . inet_service : verdict
                elements = { {{elements}} }
              }
              map service-nodeports { type inet_proto . inet_service : verdict ; }
              map no-endpoint-services { type ipv4_addr . inet_proto . inet_service : verdict ; }
              map firewall-ips { type ipv4_addr . inet_proto . inet_service : verdict ; }
              chain nodeport-check { meta l4proto . th dport vmap @service-nodeports; }
              chain services {
                ip daddr . meta l4proto . th dport vmap @service-ips
                fib daddr type local ip daddr != 127.0.0.0/8 jump nodeport-check
              }
              chain service-endpoints-check { ip daddr . meta l4proto . th dport vmap @no-endpoint-services; }
              chain firewall-check { ip daddr . meta l4proto . th dport vmap @firewall-ips; }
              chain cluster-ips-check { ip daddr @cluster-ips reject; }
              chain filter-prerouting {
                type filter hook prerouting priority -110;
                ct state new jump firewall-check
              }
              chain filter-forward {
                type filter hook forward priority -110;
                ct state new jump service-endpoints-check
                ct state new jump cluster-ips-check
              }
              chain nat-prerouting { type nat hook prerouting priority -100; jump services; }
              chain nat-output { type nat hook output priority -100; jump services; }
              chain nat-postrouting { type nat hook postrouting priority 100; jump masquerading; }
            }

            """;
    }

    private static void RenderPort(BenchService service, BenchServicePort port, StringBuilder elements, StringBuilder chains)
    {
        var chain = "service-" + KubeChain.Service(service, port)[9..];
        var protocol = port.Protocol;
        elements.Append(CultureInfo.InvariantCulture, $"{service.ClusterIp} . {protocol} . {port.Port} : goto {chain},\n");
        var picks = new List<string>();
        foreach (var backend in service.Backends)
        {
            var endpoint = "endpoint-" + KubeChain.Endpoint(service, port, backend)[9..];
            chains.Append(CultureInfo.InvariantCulture, $$"""
                  chain {{endpoint}} {
                    ip saddr {{backend.Address}} jump mark-for-masquerade
                    meta l4proto {{protocol}} dnat to {{backend.Address}}:{{port.TargetPort}}
                  }

                """);
            picks.Add($"{picks.Count} : goto {endpoint}");
        }

        chains.Append(CultureInfo.InvariantCulture, $$"""
              chain {{chain}} {
                ip daddr {{service.ClusterIp}} {{protocol}} dport {{port.Port}} ip saddr != {{BenchPlan.ClusterCidr}} jump mark-for-masquerade
                numgen random mod {{picks.Count}} vmap { {{string.Join(", ", picks)}} }
              }

            """);
    }
}
