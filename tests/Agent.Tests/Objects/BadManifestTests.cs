using Dataplane.Agent.Manifests;
using Dataplane.Agent.Objects;

namespace Dataplane.Agent.Tests.Objects;

/// <summary>Each fault is reported with file, line, column, field and reason.</summary>
public class BadManifestTests
{
    private const string Service = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  clusterIP: 10.96.0.10\n";
    private const string Slice = "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: s}\n";
    private const string Pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  nodeName: n1\n";
    private const string Node = "apiVersion: v1\nkind: Node\nmetadata:\n  name: n\n";
    private const string Policy = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: np}\nspec:\n";

    [Theory]
    // The text itself.
    [InlineData("", "f.yaml: the file is empty; remove it to take its objects away")]
    [InlineData("  \n", "f.yaml: the file is empty; remove it to take its objects away")]
    [InlineData("a: [1", "f.yaml:2:1: not YAML: ")]
    [InlineData("metadata: {name: bad, namespace: shop\nspec:\n", "f.yaml:1:32: not YAML: ")]
    [InlineData("kind: Service\nkind: Pod\n", "f.yaml:2:1: \"kind\" is set twice")]
    [InlineData("a: &x {b: c}\nd:\n  <<: *x\n", "f.yaml:3:3: merge keys (<<) are not read; write the fields out")]
    [InlineData("a: *nowhere\n", "f.yaml:1:4: ")]
    [InlineData("just text", "f.yaml:1:1: wants a map, found the string \"just text\"")]
    [InlineData("a: b\n", "f.yaml:1:1: apiVersion: is required")]
    [InlineData("apiVersion: v1\n", "f.yaml:1:1: kind: is required")]
    [InlineData("apiVersion: 1\nkind: Service\n", "f.yaml:1:13: apiVersion: wants a string, found the number 1; put it in quotes")]
    [InlineData("apiVersion: extensions/v1beta1\nkind: NetworkPolicy\n", "f.yaml:1:13: apiVersion: NetworkPolicy is read as networking.k8s.io/v1, not extensions/v1beta1; convert it")]
    [InlineData("apiVersion: discovery.k8s.io/v1beta1\nkind: EndpointSlice\n", "f.yaml:1:13: apiVersion: EndpointSlice is read as discovery.k8s.io/v1, not discovery.k8s.io/v1beta1; convert it")]
    // Metadata.
    [InlineData("apiVersion: v1\nkind: Service\n", "f.yaml:1:1: metadata: is required")]
    [InlineData("apiVersion: v1\nkind: Service\nmetadata: {}\n", "f.yaml:3:11: metadata.name: is required")]
    [InlineData("apiVersion: v1\nkind: Service\nmetadata: {name: Web}\n", "f.yaml:3:18: metadata.name: \"Web\" is not a valid object name")]
    [InlineData("apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: a.b}\n", "f.yaml:3:34: metadata.namespace: \"a.b\" is not a valid namespace name")]
    [InlineData("apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  labels:\n    version: 1.2\n", "f.yaml:6:14: metadata.labels[version]: wants a string, found the number 1.2; put it in quotes")]
    [InlineData("apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  labels:\n    on: yes\n", "f.yaml:6:9: metadata.labels[on]: wants a string, found the boolean true; put it in quotes")]
    [InlineData("apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  labels: {a: 'b c'}\n", "f.yaml:5:15: metadata.labels[a]: \"b c\" is not a valid label value")]
    [InlineData("apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  labels: [a]\n", "f.yaml:5:11: metadata.labels: wants a map, found a list")]
    [InlineData("apiVersion: v1\nkind: Pod\nmetadata: {name: p, deletionTimestamp: soon}\n", "f.yaml:3:40: metadata.deletionTimestamp: \"soon\" is not a time (RFC 3339)")]
    // Services.
    [InlineData(Service, "f.yaml:5:3: spec.ports: is required")]
    [InlineData(Service + "  ports: [{port: 70000}]\n", "f.yaml:6:18: spec.ports[0].port: 70000 is not a port (1 to 65535)")]
    [InlineData(Service + "  ports: [{port: 0}]\n", "f.yaml:6:18: spec.ports[0].port: 0 is not a port (1 to 65535)")]
    [InlineData(Service + "  ports: [{port: 080}]\n", "f.yaml:6:18: spec.ports[0].port: 080 is not a port (1 to 65535)")]
    [InlineData(Service + "  ports: [{port: '80'}]\n", "f.yaml:6:18: spec.ports[0].port: wants a whole number, found the string \"80\"")]
    [InlineData(Service + "  ports: [{port: 80, targetPort: '80'}]\n", "f.yaml:6:34: spec.ports[0].targetPort: \"80\" is neither a port number")]
    [InlineData(Service + "  ports: [{port: 80, protocol: tcp}]\n", "f.yaml:6:32: spec.ports[0].protocol: unknown protocol \"tcp\" (TCP, UDP or SCTP)")]
    [InlineData(Service + "  ports: [{name: a, port: 80}, {port: 81}]\n", "f.yaml:6:32: spec.ports[1].name: is required when there are several ports")]
    [InlineData(Service + "  ports: [{name: a, port: 80}, {name: a, port: 81}]\n", "f.yaml:6:39: spec.ports[1].name: \"a\" is used twice")]
    [InlineData(Service + "  ports: [{name: a, port: 80}, {name: b, port: 80}]\n", "f.yaml:6:48: spec.ports[1].port: 80 is used twice with the same protocol")]
    [InlineData(Service + "  ports: {port: 80}\n", "f.yaml:6:10: spec.ports: wants a list, found a map")]
    [InlineData(Service + "  ports: [{port: 80}]\n  type: Clusterip\n", "f.yaml:7:9: spec.type: unknown type \"Clusterip\"")]
    [InlineData("apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  clusterIP: 10.96.0.300\n", "f.yaml:5:14: spec.clusterIP: \"10.96.0.300\" is not an IP address")]
    [InlineData("apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  clusterIP: 10.96.0.010\n", "f.yaml:5:14: spec.clusterIP: \"10.96.0.010\" is not an IP address")]
    [InlineData(Service + "  clusterIPs: [10.96.0.11]\n", "f.yaml:6:16: spec.clusterIPs[0]: \"10.96.0.11\" differs from clusterIP \"10.96.0.10\"")]
    [InlineData(Service + "  clusterIPs: [10.96.0.10, 10.96.0.11]\n", "f.yaml:6:28: spec.clusterIPs[1]: second address of one family")]
    [InlineData(Service + "  ports: [{port: 80, nodePort: 30080}]\n", "f.yaml:6:32: spec.ports[0].nodePort: may not be set for type ClusterIP; make it NodePort or LoadBalancer, or remove this")]
    [InlineData(Service + "  type: NodePort\n  ports: [{port: 80, nodePort: 70000}]\n", "f.yaml:7:32: spec.ports[0].nodePort: 70000 is not a port (0 to 65535)")]
    [InlineData(Service + "  type: NodePort\n  ports: [{name: a, port: 80, nodePort: 30080}, {name: b, port: 81, nodePort: 30080}]\n", "f.yaml:7:79: spec.ports[1].nodePort: 30080 is used twice with the same protocol")]
    [InlineData(Service + "  ports: [{port: 80}]\n  externalIPs: [192.0.2.1, here]\n", "f.yaml:7:28: spec.externalIPs[1]: \"here\" is not an IP address")]
    [InlineData(Service + "  ports: [{port: 80}]\n  externalIPs: [127.0.0.1]\n", "f.yaml:7:17: spec.externalIPs[0]: 127.0.0.1 is a loopback address; give one that other machines can reach")]
    [InlineData(Service + "  ports: [{port: 80}]\n  externalIPs: ['fe80::1']\n", "f.yaml:7:17: spec.externalIPs[0]: fe80::1 is a link-local address")]
    [InlineData(Service + "  ports: [{port: 80}]\n  externalIPs: [224.0.0.1]\n", "f.yaml:7:17: spec.externalIPs[0]: 224.0.0.1 is a multicast address")]
    [InlineData(Service + "  ports: [{port: 80}]\n  externalIPs: [0.0.0.0]\n", "f.yaml:7:17: spec.externalIPs[0]: 0.0.0.0 is the unspecified address")]
    [InlineData(Service + "  ports: [{port: 80}]\n  type: LoadBalancer\n  loadBalancerSourceRanges: [10.0.0.0/33]\n", "f.yaml:8:30: spec.loadBalancerSourceRanges[0]: \"10.0.0.0/33\" is not a CIDR (address/length)")]
    [InlineData(Service + "  ports: [{port: 80}]\n  type: LoadBalancer\nstatus: {loadBalancer: {ingress: [{ip: here}]}}\n", "f.yaml:8:40: status.loadBalancer.ingress[0].ip: \"here\" is not an IP address")]
    [InlineData(Service + "  ports: [{port: 80}]\n  type: LoadBalancer\nstatus: {loadBalancer: {ingress: [{ip: 192.0.2.1, ipMode: vip}]}}\n", "f.yaml:8:59: status.loadBalancer.ingress[0].ipMode: unknown mode \"vip\" (VIP or Proxy)")]
    [InlineData(Service + "  ports: [{port: 80}]\n  internalTrafficPolicy: local\n", "f.yaml:7:26: spec.internalTrafficPolicy: unknown policy \"local\" (Cluster or Local)")]
    [InlineData(Service + "  ports: [{port: 80}]\n  externalTrafficPolicy: Node\n", "f.yaml:7:26: spec.externalTrafficPolicy: unknown policy \"Node\" (Cluster or Local)")]
    [InlineData(Service + "  ports: [{port: 80}]\n  healthCheckNodePort: 65536\n", "f.yaml:7:24: spec.healthCheckNodePort: 65536 is not a port (0 to 65535)")]
    [InlineData(Service + "  ports: [{port: 80}]\n  sessionAffinity: clientip\n", "f.yaml:7:20: spec.sessionAffinity: unknown affinity \"clientip\" (None or ClientIP)")]
    [InlineData(Service + "  ports: [{port: 80}]\n  sessionAffinity: ClientIP\n  sessionAffinityConfig: {clientIP: {timeoutSeconds: 86401}}\n", "f.yaml:8:54: spec.sessionAffinityConfig.clientIP.timeoutSeconds: 86401 is not a timeout in seconds (1 to 86400)")]
    [InlineData(Service + "  ports: [{port: 80}]\n  sessionAffinityConfig: {clientIP: {timeoutSeconds: 60}}\n", "f.yaml:7:54: spec.sessionAffinityConfig.clientIP.timeoutSeconds: has no effect without sessionAffinity: ClientIP; add that, or remove this")]
    [InlineData(Service + "  ports: [{port: 80}]\n  trafficDistribution: Close\n", "f.yaml:7:24: spec.trafficDistribution: unknown distribution \"Close\" (PreferSameZone, PreferClose or PreferSameNode)")]
    [InlineData(Service + "  ports: [{port: 80}]\n  ipFamilies: [IPv6]\n", "f.yaml:7:16: spec.ipFamilies[0]: IPv6, but clusterIP 10.96.0.10 is not; give both in the same order")]
    [InlineData(Service + "  ports: [{port: 80}]\n  ipFamilies: [ipv4]\n", "f.yaml:7:16: spec.ipFamilies[0]: unknown family \"ipv4\" (IPv4 or IPv6)")]
    [InlineData(Service + "  ports: [{port: 80}]\n  ipFamilyPolicy: SingleStack\n  clusterIPs: [10.96.0.10, 'fd00::a']\n", "f.yaml:7:19: spec.ipFamilyPolicy: SingleStack, and yet there are two clusterIPs; remove one, or say PreferDualStack")]
    // Slices.
    [InlineData(Slice, "f.yaml:1:1: addressType: is required")]
    [InlineData(Slice + "addressType: IPv5\n", "f.yaml:4:14: addressType: unknown address type \"IPv5\"")]
    [InlineData(Slice + "addressType: IPv4\nendpoints: [{}]\n", "f.yaml:5:13: endpoints[0].addresses: is required")]
    [InlineData(Slice + "addressType: IPv4\nendpoints: [{addresses: []}]\n", "f.yaml:5:25: endpoints[0].addresses: must hold an address")]
    [InlineData(Slice + "addressType: IPv4\nendpoints: [{addresses: ['fd00::1']}]\n", "f.yaml:5:26: endpoints[0].addresses[0]: \"fd00::1\" is not of addressType IPv4")]
    [InlineData(Slice + "addressType: IPv4\nendpoints: [{addresses: [10.0.0.1], conditions: {ready: 'yes'}}]\n", "f.yaml:5:57: endpoints[0].conditions.ready: wants true or false, found the string \"yes\"")]
    [InlineData(Slice + "addressType: IPv4\nports: [{port: -1}]\n", "f.yaml:5:16: ports[0].port: -1 is not a port (0 to 65535)")]
    [InlineData(Slice + "addressType: IPv4\nendpoints: [{addresses: [127.0.0.1]}]\n", "f.yaml:5:26: endpoints[0].addresses[0]: 127.0.0.1 is a loopback address; give one that other machines can reach")]
    [InlineData(Slice + "addressType: IPv4\nendpoints: [{addresses: [169.254.169.254]}]\n", "f.yaml:5:26: endpoints[0].addresses[0]: 169.254.169.254 is a link-local address")]
    [InlineData(Slice + "addressType: IPv4\nendpoints: [{addresses: [10.0.0.1], hints: {forZones: [a]}}]\n", "f.yaml:5:56: endpoints[0].hints.forZones[0]: wants a map, found the string \"a\"")]
    [InlineData(Slice + "addressType: IPv4\nendpoints: [{addresses: [10.0.0.1], hints: {forNodes: [{}]}}]\n", "f.yaml:5:56: endpoints[0].hints.forNodes[0].name: is required")]
    // Pods and nodes.
    [InlineData(Pod + "status: {podIP: 10.0}\n", "f.yaml:6:17: status.podIP: wants a string, found the number 10.0; put it in quotes")]
    [InlineData(Pod + "status: {podIP: 10.0.0.256}\n", "f.yaml:6:17: status.podIP: \"10.0.0.256\" is not an IP address")]
    [InlineData(Pod + "status: {podIPs: [{ip: 10.0.0.1}, {ip: 10.0.0.2}]}\n", "f.yaml:6:40: status.podIPs[1].ip: second address of one family")]
    [InlineData(Pod + "status: {phase: Up}\n", "f.yaml:6:17: status.phase: unknown phase \"Up\"")]
    [InlineData(Pod + "  hostNetwork: 1\n", "f.yaml:6:16: spec.hostNetwork: wants true or false, found the number 1")]
    [InlineData(Pod + "  containers: [{ports: [{containerPort: 99999}]}]\n", "f.yaml:6:41: spec.containers[0].ports[0].containerPort: 99999 is not a port (1 to 65535)")]
    [InlineData(Pod + "  containers: [{ports: [{containerPort: 80, name: HTTP}]}]\n", "f.yaml:6:51: spec.containers[0].ports[0].name: \"HTTP\" is not a valid port name")]
    [InlineData(Pod + "  containers: [{ports: [{containerPort: 80, hostPort: 65536}]}]\n", "f.yaml:6:55: spec.containers[0].ports[0].hostPort: 65536 is not a port (0 to 65535)")]
    [InlineData(Pod + "  containers: [{ports: [{containerPort: 80, hostPort: 80, hostIP: node}]}]\n", "f.yaml:6:67: spec.containers[0].ports[0].hostIP: \"node\" is not an IP address")]
    [InlineData(Node + "spec: {taints: [{effect: NoSchedule}]}\n", "f.yaml:5:17: spec.taints[0].key: is required")]
    [InlineData(Node + "spec: {podCIDR: 10.244.1.0}\n", "f.yaml:5:17: spec.podCIDR: \"10.244.1.0\" is not a CIDR (address/length)")]
    [InlineData(Node + "spec: {podCIDRs: [10.244.1.0/33]}\n", "f.yaml:5:19: spec.podCIDRs[0]: \"10.244.1.0/33\" is not a CIDR (address/length)")]
    [InlineData(Node + "status: {addresses: [{type: InternalIP, address: here}]}\n", "f.yaml:5:50: status.addresses[0].address: \"here\" is not an IP address")]
    [InlineData(Node + "  annotations: {dataplane.dev/vtep-mac: '01:00:5e:00:00:01'}\n", "f.yaml:5:41: metadata.annotations.dataplane.dev/vtep-mac: \"01:00:5e:00:00:01\" is not a unicast MAC address")]
    // Policies.
    [InlineData("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: np}\n", "f.yaml:1:1: spec: is required")]
    [InlineData(Policy + "  policyTypes: [ingress]\n", "f.yaml:5:17: spec.policyTypes[0]: unknown policy type \"ingress\"")]
    [InlineData(Policy + "  ingress: [{ports: [{port: 80, endPort: 79}]}]\n", "f.yaml:5:42: spec.ingress[0].ports[0].endPort: 79 is less than port 80")]
    [InlineData(Policy + "  ingress: [{ports: [{port: http, endPort: 79}]}]\n", "f.yaml:5:44: spec.ingress[0].ports[0].endPort: needs a port that is a number")]
    [InlineData(Policy + "  ingress: [{ports: [{endPort: 79}]}]\n", "f.yaml:5:32: spec.ingress[0].ports[0].endPort: needs a port that is a number")]
    [InlineData(Policy + "  ingress: [{ports: [{protocol: ICMP}]}]\n", "f.yaml:5:33: spec.ingress[0].ports[0].protocol: unknown protocol \"ICMP\"")]
    [InlineData(Policy + "  ingress: [{from: [{}]}]\n", "f.yaml:5:21: spec.ingress[0].from[0]: must hold podSelector, namespaceSelector or ipBlock")]
    [InlineData(Policy + "  ingress:\n  -\n", "f.yaml:6:4: spec.ingress[0]: is null; write {} for an empty element")]
    [InlineData(Policy + "  ingress: {}\n", "f.yaml:5:12: spec.ingress: wants a list, found a map")]
    [InlineData(Policy + "  egress: [{to: [{ipBlock: {cidr: 10.0.0.0}}]}]\n", "f.yaml:5:35: spec.egress[0].to[0].ipBlock.cidr: \"10.0.0.0\" is not a CIDR (address/length)")]
    [InlineData(Policy + "  egress: [{to: [{ipBlock: {}}]}]\n", "f.yaml:5:28: spec.egress[0].to[0].ipBlock.cidr: is required")]
    [InlineData(Policy + "  egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}]}]\n", "f.yaml:5:28: spec.egress[0].to[0].ipBlock: excludes podSelector and namespaceSelector in the same element")]
    [InlineData(Policy + "  egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/16]}}]}]\n", "f.yaml:5:56: spec.egress[0].to[0].ipBlock.except[0]: 11.0.0.0/16 is not a part of cidr 10.0.0.0/8")]
    [InlineData(Policy + "  podSelector: {matchExpressions: [{key: a, operator: Like}]}\n", "f.yaml:5:55: spec.podSelector.matchExpressions[0].operator: unknown operator \"Like\"")]
    [InlineData(Policy + "  podSelector: {matchExpressions: [{key: a, operator: In}]}\n", "f.yaml:5:36: spec.podSelector.matchExpressions[0].values: must not be empty with operator In")]
    [InlineData(Policy + "  podSelector: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}\n", "f.yaml:5:71: spec.podSelector.matchExpressions[0].values: must be empty with operator Exists")]
    [InlineData(Policy + "  podSelector: {matchLabels: {a: 5}}\n", "f.yaml:5:34: spec.podSelector.matchLabels[a]: wants a string, found the number 5; put it in quotes")]
    public void A_fault_is_named_with_its_place(string text, string expected)
    {
        var error = ManifestParser.Parse("f.yaml", text).Errors[0].ToString();
        Assert.StartsWith(expected, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(16)] // keys are compared up to here, and hashed from here on
    [InlineData(17)]
    [InlineData(40)]
    public void A_key_that_is_set_twice_is_found_among_any_number(int keys)
    {
        var text = string.Concat(Enumerable.Range(0, keys).Select(i => $"k{i}: v\n"));
        var first = Assert.Single(ManifestParser.Parse("f.yaml", $"{text}k0: v\n").Errors).ToString();
        var last = Assert.Single(ManifestParser.Parse("f.yaml", $"{text}k{keys - 1}: v\n").Errors).ToString();

        Assert.Equal($"f.yaml:{keys + 1}:1: \"k0\" is set twice", first);
        Assert.Equal($"f.yaml:{keys + 1}:1: \"k{keys - 1}\" is set twice", last);
    }

    [Fact]
    public void Every_bad_document_of_a_file_is_reported()
    {
        var parsed = ManifestParser.Parse("f.yaml", $"{Service}---\n{Node}---\n{Policy}  policyTypes: [x]\n");
        Assert.Equal([5, 16], parsed.Errors.Select(e => e.Line));
    }

    [Fact]
    public void One_object_twice_in_a_file_is_an_error() =>
        Assert.Equal(
            "f.yaml:6:1: Node n is already at line 1",
            Assert.Single(ManifestParser.Parse("f.yaml", $"{Node}---\n{Node}").Errors).ToString());

    /// <summary>Cut off anywhere, or with any character gone or another in its place: it is read or refused, and nothing else.</summary>
    [Fact]
    public void Damaged_text_is_refused_with_its_place_or_is_other_text()
    {
        const string text = "a: &x {b: 'c', d: [1, \"e\"]}\nf:\n- *x\n- |\n  g\n# h\n---\n? i\n: {j: k}\n";
        for (var at = 0; at <= text.Length; at++)
        {
            Read(text[..at]);
            if (at == text.Length)
                continue;
            Read(text.Remove(at, 1));
            foreach (var other in "{}[],:'\"\n\t&*!|>%@`\0")
                Read(string.Concat(text.AsSpan(0, at), other.ToString(), text.AsSpan(at + 1)));
        }

        static void Read(string damaged)
        {
            var documents = new YamlDocuments(new StringReader(damaged));
            try
            {
                while (documents.Next() is not null)
                {
                }
            }
            catch (ObjectException)
            {
                // as it should be
            }
        }
    }

    [Fact]
    public void An_error_inside_a_list_has_the_items_place() =>
        Assert.Equal(
            "f.yaml:4:41: items[0].metadata.name: is required",
            Assert.Single(ManifestParser.Parse("f.yaml", "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {}}\n").Errors).ToString());
}
