using Dataplane.Agent.Desired;
using Dataplane.Agent.Tests.Clusters;
using static Dataplane.Agent.Tests.Services.ServiceYaml;

namespace Dataplane.Agent.Tests.Services;

/// <summary>Where a service is reached, and from where: K8, K10-K14, K17, K19, K27.</summary>
public class FrontendTests
{
    private const string Balanced = "type: LoadBalancer, ports: [{port: 80, nodePort: 30080}]";

    [Fact]
    public void K8_node_ports_have_no_address_and_come_in_every_protocol()
    {
        var state = Compile(Service("type: NodePort, ports: [{name: a, port: 80, nodePort: 30080}, {name: b, port: 80, protocol: UDP, nodePort: 30080}, {name: c, port: 80, protocol: SCTP, nodePort: 30080}]"));
        Assert.Empty(Warnings(state));
        Assert.Equal(["Tcp NodePort :30080", "Udp NodePort :30080", "Sctp NodePort :30080"], state.Services.Select(s => $"{s.Protocol} {Frontends(s)[1]}"));
    }

    [Fact]
    public void K8_a_node_port_that_nothing_assigned_is_named()
    {
        var state = Compile(Service("type: NodePort"));
        Assert.Equal(["ClusterIp 10.96.0.10:80"], Frontends(Assert.Single(state.Services)));
        Assert.Equal(["Service default/web: port 80 has no nodePort; without an API server nothing assigns one"], Warnings(state));
    }

    [Fact]
    public void K10_external_ips_are_frontends_on_the_services_port() =>
        Assert.Equal(
            ["ClusterIp 10.96.0.10:80", "ExternalIp 192.0.2.1:80", "ExternalIp 192.0.2.2:80"],
            Frontends(CompileOne(Service("externalIPs: [192.0.2.1, 192.0.2.2, 192.0.2.1]"))));

    [Fact]
    public void K10_external_ips_can_be_switched_off()
    {
        var compiler = new StateCompiler("n1", new ServiceOptions { DisableExternalIPs = true });
        var state = compiler.Compile(Yaml.Objects(Service("externalIPs: [192.0.2.1, 192.0.2.2]"), Service("clusterIP: 10.96.0.11", "other")));
        Assert.All(state.Services, s => Assert.Single(s.Frontends));
        Assert.Equal(["Service default/web: externalIPs 192.0.2.1, 192.0.2.2 are not served: --disable-external-ips"], Warnings(state));
    }

    [Theory]
    [InlineData("{ip: 192.0.2.7}", "192.0.2.7")]
    [InlineData("{ip: 192.0.2.7, ipMode: VIP}", "192.0.2.7")]
    [InlineData("{ip: 192.0.2.7, ipMode: Proxy}", "")]
    [InlineData("{hostname: lb.example.org}", "")]
    [InlineData("{ip: 192.0.2.7, hostname: lb.example.org}", "192.0.2.7")]
    [InlineData("{ip: 192.0.2.7}, {ip: 192.0.2.8, ipMode: Proxy}, {ip: 192.0.2.9}", "192.0.2.7 192.0.2.9")]
    [InlineData("", "")]
    public void K11_balancer_addresses_are_frontends_unless_a_proxy_stands_there(string ingress, string expected)
    {
        var state = Compile(Service(Balanced, ingress: ingress));
        Assert.Empty(Warnings(state));
        var frontends = Assert.Single(state.Services).Frontends;
        Assert.Equal(expected, string.Join(' ', frontends.Skip(2).Select(f => f.Address)));
        Assert.Equal(["ClusterIp 10.96.0.10:80", "NodePort :30080"], Frontends(Assert.Single(state.Services)).Take(2));
        Assert.All(frontends.Skip(2), f => Assert.Equal(("LoadBalancer", 80u), (f.Kind.ToString(), f.Port)));
    }

    [Fact]
    public void K11_an_address_left_over_from_another_type_is_none() =>
        Assert.Equal(["ClusterIp 10.96.0.10:80"], Frontends(CompileOne(Service(ingress: "{ip: 192.0.2.7}"))));

    [Fact]
    public void K11_a_balancer_address_that_nothing_can_be_sent_to_leaves_the_rest_of_the_service()
    {
        var state = Compile(Service(Balanced, ingress: "{ip: 127.0.0.1}, {ip: 192.0.2.7}"));
        Assert.Equal(["ClusterIp 10.96.0.10:80", "NodePort :30080", "LoadBalancer 192.0.2.7:80"], Frontends(Assert.Single(state.Services)));
        Assert.Equal(["Service default/web: status.loadBalancer.ingress 127.0.0.1 is a loopback address; it is not served"], Warnings(state));
    }

    [Fact]
    public void K12_source_ranges_are_trimmed_and_brought_into_form()
    {
        var state = Compile(Service(Balanced + ", loadBalancerSourceRanges: [' 10.1.2.3/8 ', \"192.0.2.0/24\\t\", 10.0.0.0/8]", ingress: "{ip: 192.0.2.7}"));
        Assert.Empty(Warnings(state));
        Assert.Equal(["10.0.0.0/8", "192.0.2.0/24"], Assert.Single(state.Services).SourceRanges);
    }

    [Fact]
    public void K12_ranges_of_the_other_family_only_do_not_mean_everyone()
    {
        var state = Compile(Service(Balanced + ", loadBalancerSourceRanges: ['2001:db8::/32']", ingress: "{ip: 192.0.2.7}"));
        Assert.Equal(["ClusterIp 10.96.0.10:80", "NodePort :30080"], Frontends(Assert.Single(state.Services)));
        Assert.Equal(
            [
                "Service default/web: loadBalancerSourceRanges 2001:db8::/32 is IPv6, and the service has no clusterIP of that family; it is ignored",
                "Service default/web: loadBalancerSourceRanges has no IPv4 range, so nobody may reach 192.0.2.7; it is not served",
            ],
            Warnings(state));
    }

    [Fact]
    public void K12_ranges_speak_of_the_balancers_address_also_where_it_is_an_external_ip_too()
    {
        var service = CompileOne(Service(Balanced + ", externalIPs: [192.0.2.7], loadBalancerSourceRanges: [10.0.0.0/8]", ingress: "{ip: 192.0.2.7}"));
        Assert.Equal(["ClusterIp 10.96.0.10:80", "NodePort :30080", "LoadBalancer 192.0.2.7:80"], Frontends(service));
    }

    [Theory]
    [InlineData("type: LoadBalancer, externalTrafficPolicy: Local, healthCheckNodePort: 31000", 31000, 1)]
    [InlineData("type: LoadBalancer, externalTrafficPolicy: Cluster, healthCheckNodePort: 31000", 0, 0)]
    [InlineData("type: NodePort, externalTrafficPolicy: Local, healthCheckNodePort: 31000", 0, 0)]
    public void K13_balanced_services_of_local_policy_have_a_health_check(string spec, uint port, uint endpoints)
    {
        var service = CompileOne(Service(spec), Slice("{addresses: [10.244.1.5], nodeName: n1}"));
        Assert.Equal((port, endpoints), (service.HealthCheckPort, service.LocalEndpoints));
    }

    [Fact]
    public void K13_it_counts_the_addresses_of_this_nodes_ready_endpoints_over_all_ports()
    {
        var state = Compile(
            Service("type: LoadBalancer, externalTrafficPolicy: Local, healthCheckNodePort: 31000, ports: [{name: a, port: 80}, {name: b, port: 81}]"),
            Slice("{addresses: [10.244.1.5], nodeName: n1}, {addresses: [10.244.1.6], nodeName: n1}, {addresses: [10.244.1.7], nodeName: n1, conditions: {ready: false, terminating: true}}, {addresses: [10.244.2.5], nodeName: n2}",
                ports: "{name: a, port: 8080}, {name: b, port: 8081}"),
            Slice("{addresses: [10.244.1.8], nodeName: n1}, {addresses: [10.244.1.5], nodeName: n1}", "web-2", ports: "{name: b, port: 9}"));
        Assert.Equal([(31000u, 3u), (31000u, 3u)], state.Services.Select(s => (s.HealthCheckPort, s.LocalEndpoints)));
    }

    [Fact]
    public void K13_endpoints_on_their_way_out_serve_and_do_not_count()
    {
        var service = CompileOne(
            Service("type: LoadBalancer, externalTrafficPolicy: Local, healthCheckNodePort: 31000"),
            Slice("{addresses: [10.244.1.7], nodeName: n1, conditions: {ready: false, terminating: true}}"));
        Assert.Equal((31000u, 0u), (service.HealthCheckPort, service.LocalEndpoints));
        Assert.Equal(["10.244.1.7:8080 ClusterAndLocal"], Backends(service));
    }

    [Fact]
    public void K13_a_pod_with_an_address_of_each_family_is_one_endpoint()
    {
        var service = CompileOne(
            Service("clusterIPs: [10.96.0.10, 'fd00:96::a'], type: LoadBalancer, externalTrafficPolicy: Local, healthCheckNodePort: 31000"),
            Slice("{addresses: [10.244.1.5], nodeName: n1}"),
            Slice("{addresses: ['fd00::5'], nodeName: n1}", "web-6", type: "IPv6"));
        Assert.Equal(1u, service.LocalEndpoints);
    }

    [Theory]
    [InlineData("", "and there is no healthCheckNodePort")]
    [InlineData(", healthCheckNodePort: 30080", "healthCheckNodePort 30080 is also one of its node ports")]
    public void K13_a_health_check_that_cannot_be_is_named(string port, string expected)
    {
        var state = Compile(Service(Balanced + ", externalTrafficPolicy: Local" + port));
        Assert.Contains(expected, Assert.Single(Warnings(state)), StringComparison.Ordinal);
        Assert.Equal(0u, Assert.Single(state.Services).HealthCheckPort);
    }

    [Theory]
    [InlineData("", false, false)]
    [InlineData("internalTrafficPolicy: Cluster, externalTrafficPolicy: Cluster, type: NodePort", false, false)]
    [InlineData("internalTrafficPolicy: Local", true, false)]
    [InlineData("externalTrafficPolicy: Local, type: NodePort", false, true)]
    [InlineData("externalTrafficPolicy: Local, type: LoadBalancer", false, true)]
    [InlineData("externalTrafficPolicy: Local, externalIPs: [192.0.2.1]", false, true)]
    [InlineData("internalTrafficPolicy: Local, externalTrafficPolicy: Local, type: NodePort", true, true)]
    // Nothing comes from outside to a plain ClusterIP service.
    [InlineData("externalTrafficPolicy: Local", false, false)]
    public void K14_K17_traffic_policies_are_sent_apart(string spec, bool internalLocal, bool externalLocal)
    {
        var service = CompileOne(Service(spec));
        Assert.Equal((internalLocal, externalLocal), (service.InternalLocal, service.ExternalLocal));
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("sessionAffinity: None", 0)]
    [InlineData("sessionAffinity: ClientIP", 10800)]
    [InlineData("sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: {timeoutSeconds: 5}}", 5)]
    [InlineData("sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: {timeoutSeconds: 86400}}", 86400)]
    public void K19_affinity_is_sent_in_seconds(string spec, uint expected) =>
        Assert.Equal(expected, CompileOne(Service(spec)).AffinitySeconds);

    [Fact]
    public void K19_affinity_is_switched_live()
    {
        var compiler = new StateCompiler("n1");
        uint[] seen = [.. new[] { "", "sessionAffinity: ClientIP", "sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: {timeoutSeconds: 10}}", "sessionAffinity: None" }
            .Select(spec => Assert.Single(compiler.Compile(Yaml.Objects(Service(spec))).Services).AffinitySeconds)];
        Assert.Equal([0u, 10800u, 10u, 0u], seen);
    }

    [Theory]
    [InlineData("externalIPs: ['2001:db8::1', 192.0.2.1]", "", "externalIPs 2001:db8::1 is IPv6")]
    [InlineData(Balanced, "{ip: '2001:db8::7'}, {ip: 192.0.2.1}", "status.loadBalancer.ingress 2001:db8::7 is IPv6")]
    [InlineData(Balanced + ", loadBalancerSourceRanges: ['2001:db8::/32', 10.0.0.0/8]", "{ip: 192.0.2.1}", "loadBalancerSourceRanges 2001:db8::/32 is IPv6")]
    public void K27_what_is_of_the_wrong_family_is_ignored_and_named(string spec, string ingress, string expected)
    {
        var state = Compile(Service(spec, ingress: ingress));
        Assert.Equal([$"Service default/web: {expected}, and the service has no clusterIP of that family; it is ignored"], Warnings(state));
        var service = Assert.Single(state.Services);
        Assert.Contains(service.Frontends, f => f.Address == "192.0.2.1");
        Assert.DoesNotContain(service.Frontends, f => f.Address.Contains(':', StringComparison.Ordinal));
        Assert.DoesNotContain(service.SourceRanges, r => r.Contains(':', StringComparison.Ordinal));
    }

    [Fact]
    public void K27_a_service_of_both_families_keeps_both()
    {
        var state = Compile(Service("clusterIPs: ['fd00:96::a', 10.96.0.10], ipFamilies: [IPv6, IPv4], ipFamilyPolicy: RequireDualStack, externalIPs: ['2001:db8::1', 192.0.2.1]"));
        Assert.Empty(Warnings(state));
        Assert.Equal(["fd00:96::a", "10.96.0.10", "2001:db8::1", "192.0.2.1"], Assert.Single(state.Services).Frontends.Select(f => f.Address));
    }
}
