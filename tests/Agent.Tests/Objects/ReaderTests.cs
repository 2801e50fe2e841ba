using Dataplane.Agent.Manifests;
using Dataplane.Agent.Model;
using Dataplane.Agent.Tests.Clusters;

namespace Dataplane.Agent.Tests.Objects;

/// <summary>What good manifests mean.</summary>
public class ReaderTests
{
    [Fact]
    public void Json_is_read_also_with_tabs()
    {
        const string Text = "{\n\t\"apiVersion\": \"v1\",\n\t\"kind\": \"Namespace\",\n\t\"metadata\": {\"name\": \"x\", \"labels\": {\"a\": \"\\u0062\"}}\n}\n";
        var ns = Yaml.One<Namespace>(Text);
        Assert.Equal("a=b,kubernetes.io/metadata.name=x", ns.Meta.Labels.ToString());
    }

    [Fact]
    public void Lists_are_unpacked()
    {
        const string Pod = "{metadata: {name: NAME}, spec: {nodeName: n1}}";
        var typed = $"apiVersion: v1\nkind: PodList\nitems: [{Pod.Replace("NAME", "a", StringComparison.Ordinal)}, {Pod.Replace("NAME", "b", StringComparison.Ordinal)}]\n";
        const string Mixed = "apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: Namespace, metadata: {name: c}}, {apiVersion: v1, kind: Secret, metadata: {name: s}}]\n";
        var parsed = ManifestParser.Parse("f.yaml", $"{typed}---\n{Mixed}");
        Assert.Empty(parsed.Errors);
        Assert.Equal(["Pod default/a", "Pod default/b", "Namespace c"], parsed.Objects.Select(o => o.Object.Key.ToString()));
        Assert.Equal("Secret (v1) s", Assert.Single(parsed.Ignored));
    }

    [Fact]
    public void Empty_documents_and_comments_are_skipped()
    {
        var parsed = ManifestParser.Parse("f.yaml", "# nothing yet\n---\n---\n# still nothing\n---\nnull\n");
        Assert.True(parsed is { IsGood: true, Objects.Count: 0 });
    }

    [Theory]
    [InlineData("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\n", "Deployment (apps/v1) d")]
    [InlineData("apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: d}\n", "Service (serving.knative.dev/v1) d")]
    [InlineData("apiVersion: crd.projectcalico.org/v1\nkind: NetworkPolicy\nmetadata: {name: d}\n", "NetworkPolicy (crd.projectcalico.org/v1) d")]
    [InlineData("apiVersion: v1\nkind: EndpointsList\nitems: []\n", "EndpointsList (v1) ")]
    public void Other_kinds_are_ignored_by_name(string text, string expected)
    {
        var parsed = ManifestParser.Parse("f.yaml", text);
        Assert.True(parsed is { IsGood: true, Objects.Count: 0 });
        Assert.Equal(expected, Assert.Single(parsed.Ignored));
    }

    [Fact]
    public void Unknown_fields_are_ignored_whatever_they_hold()
    {
        var service = Yaml.One<Service>(
            "apiVersion: v1\nkind: Service\nmetadata: {name: a, managedFields: [{x: 1}], finalizers: 3}\nspec: {clusterIP: 10.96.0.1, ports: [{port: 80, appProtocol: 7}], allocateLoadBalancerNodePorts: x}\nstatus: {conditions: 1}\n");
        Assert.Equal("10.96.0.1", service.ClusterIPs.Single().ToString());
    }

    [Fact]
    public void Anchors_are_followed()
    {
        var pod = Yaml.One<Pod>("apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: &l {app: x}, annotations: *l}\nspec: {nodeName: n1}\n");
        Assert.Equal("app=x", pod.Meta.Labels.ToString());
    }

    [Fact]
    public void A_namespaced_object_without_namespace_is_in_default() =>
        Assert.Equal("default/a", Yaml.One<Pod>("{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {}}").Meta.FullName);

    [Fact]
    public void Pod_addresses_come_from_the_list_before_the_single_one_before_the_annotation()
    {
        Assert.Equal("10.0.0.1 fd00::1", Addresses("podIPs: [{ip: 10.0.0.1}, {ip: 'FD00:0::1'}], podIP: 10.0.0.9"));
        Assert.Equal("10.0.0.9", Addresses("podIP: 10.0.0.9"));
        Assert.Equal("10.0.0.7", Addresses("podIP: ''"));
        Assert.Equal("10.0.0.7", Addresses(""));

        static string Addresses(string status) => string.Join(' ', Yaml.One<Pod>(
            $"{{apiVersion: v1, kind: Pod, metadata: {{name: a, annotations: {{dataplane.dev/ip: 10.0.0.7}}}}, spec: {{}}, status: {{{status}}}}}").Addresses);
    }

    [Fact]
    public void A_node_has_its_internal_addresses_prefixes_and_vtep()
    {
        var node = Yaml.One<Node>("""
            apiVersion: v1
            kind: Node
            metadata: {name: n1, annotations: {dataplane.dev/vtep-mac: '0E:11:22:33:44:55'}}
            spec: {podCIDR: 10.244.1.0/24, podCIDRs: [10.244.1.9/24, 'fd00:1::/64']}
            status:
              addresses:
              - {type: Hostname, address: n1}
              - {type: ExternalIP, address: 203.0.113.1}
              - {type: InternalIP, address: 192.168.0.1}
              - {type: InternalIP, address: 'fd00::1'}
            """);
        Assert.Equal("192.168.0.1 fd00::1", string.Join(' ', node.Addresses));
        Assert.Equal("10.244.1.0/24 fd00:1::/64", string.Join(' ', node.PodCidrs));
        Assert.Equal("0e:11:22:33:44:55", node.VtepMac);
        Assert.Equal("10.244.1.1", node.PodCidrs[0].FirstHost.ToString());
        Assert.Equal("fd00:1::1", node.PodCidrs[1].FirstHost.ToString());
    }

    [Fact]
    public void A_service_is_read_in_full()
    {
        var service = Yaml.One<Service>("""
            apiVersion: v1
            kind: Service
            metadata: {name: web, creationTimestamp: '2026-01-31T12:00:00Z'}
            spec:
              type: LoadBalancer
              clusterIP: 10.96.0.10
              clusterIPs: [10.96.0.10, 'fd00:96::a']
              ipFamilies: [IPv4, IPv6]
              ipFamilyPolicy: PreferDualStack
              ports:
              - {name: http, port: 80, targetPort: web, nodePort: 30080}
              - {name: dns, port: 53, protocol: UDP, nodePort: 30080}
              - {name: none, port: 81}
              externalIPs: [192.0.2.1]
              loadBalancerSourceRanges: [' 10.0.0.0/8']
              healthCheckNodePort: 31000
              internalTrafficPolicy: Local
              externalTrafficPolicy: Local
              sessionAffinity: ClientIP
              sessionAffinityConfig: {clientIP: {timeoutSeconds: 60}}
              trafficDistribution: PreferSameNode
              publishNotReadyAddresses: true
            status: {loadBalancer: {ingress: [{ip: 192.0.2.7, ipMode: VIP, ports: [{port: 80, protocol: TCP}]}, {hostname: lb.example.org}]}}
            """);
        Assert.Equal([30080, 30080, 0], service.Ports.Select(p => (int)p.NodePort));
        Assert.Equal("192.0.2.1 | 192.0.2.7 | 10.0.0.0/8", $"{service.ExternalIPs[0]} | {service.LoadBalancerIPs.Single()} | {service.SourceRanges[0]}");
        Assert.Equal((31000, true, true, 60), (service.HealthCheckNodePort, service.InternalLocal, service.ExternalLocal, service.AffinitySeconds));
        Assert.Equal((TrafficDistribution.PreferSameNode, true), (service.TrafficDistribution, service.PublishNotReadyAddresses));
        Assert.Equal(new DateTimeOffset(2026, 1, 31, 12, 0, 0, TimeSpan.Zero), service.Meta.Created);
    }

    [Theory]
    [InlineData("", TrafficDistribution.None)]
    [InlineData("trafficDistribution: PreferClose, ", TrafficDistribution.PreferSameZone)]
    [InlineData("trafficDistribution: PreferSameZone, ", TrafficDistribution.PreferSameZone)]
    [InlineData("trafficDistribution: PreferSameNode, ", TrafficDistribution.PreferSameNode)]
    public void The_distribution_has_an_old_name(string spec, TrafficDistribution expected) =>
        Assert.Equal(expected, Yaml.One<Service>($"{{apiVersion: v1, kind: Service, metadata: {{name: a}}, spec: {{{spec}clusterIP: 10.96.0.1, ports: [{{port: 80}}]}}}}").TrafficDistribution);

    [Fact]
    public void Hints_taints_and_zones_are_read()
    {
        var slice = Yaml.One<EndpointSlice>("""
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata:
              name: s
              annotations: {endpoints.kubernetes.io/last-change-trigger-time: '2026-01-31T12:00:00.123456712Z'}
            addressType: IPv4
            endpoints:
            - {addresses: [10.244.1.5], nodeName: n1, zone: a, hints: {forZones: [{name: a}, {name: b}], forNodes: [{name: n1}]}}
            """);
        Assert.Equal("n1 | a b", $"{string.Join(' ', slice.Endpoints[0].ForNodes)} | {string.Join(' ', slice.Endpoints[0].ForZones)}");
        Assert.Equal(1234567, slice.TriggerTime!.Value.Ticks % 10_000_000);
        var node = Yaml.One<Node>("{apiVersion: v1, kind: Node, metadata: {name: n, labels: {topology.kubernetes.io/zone: a}}, spec: {taints: [{key: x}, {key: ToBeDeletedByClusterAutoscaler}]}}");
        Assert.Equal(("a", true), (node.Zone, node.IsLeaving));
        Assert.Equal(["x", "ToBeDeletedByClusterAutoscaler"], node.TaintKeys);
    }

    [Theory]
    [InlineData("0.0.0.0", "the unspecified address")]
    [InlineData("::", "the unspecified address")]
    [InlineData("127.0.0.1", "a loopback address")]
    [InlineData("127.255.255.255", "a loopback address")]
    [InlineData("::1", "a loopback address")]
    [InlineData("169.254.0.0", "a link-local address")]
    [InlineData("169.254.255.255", "a link-local address")]
    [InlineData("fe80::1", "a link-local address")]
    [InlineData("febf:ffff::", "a link-local address")]
    [InlineData("224.0.0.0", "a multicast address")]
    [InlineData("239.255.255.255", "a multicast address")]
    [InlineData("ff02::1", "a multicast address")]
    [InlineData("255.255.255.255", "the broadcast address")]
    [InlineData("0.0.0.1", null)]
    [InlineData("126.255.255.255", null)]
    [InlineData("128.0.0.0", null)]
    [InlineData("169.253.255.255", null)]
    [InlineData("169.255.0.0", null)]
    [InlineData("240.0.0.0", null)]
    [InlineData("::2", null)]
    [InlineData("fec0::", null)]
    [InlineData("fe7f::", null)]
    [InlineData("fd00::1", null)]
    public void Addresses_that_nothing_can_be_sent_to_are_known(string text, string? expected)
    {
        Assert.True(IpAddress.TryParse(text, out var address));
        Assert.Equal(expected, address.Special);
    }
}
