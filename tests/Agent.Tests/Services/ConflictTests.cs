using Dataplane.Agent.Desired;
using Dataplane.Agent.Tests.Clusters;
using static Dataplane.Agent.Tests.Services.ServiceYaml;

namespace Dataplane.Agent.Tests.Services;

/// <summary>Two services ask for one frontend: one of them has it, on every node and in every order, and the state stays one that the dataplane takes.</summary>
public class ConflictTests
{
    private const string Old = "2025-01-01T00:00:00Z";
    private const string New = "2026-01-01T00:00:00Z";

    [Fact]
    public void K10_an_external_ip_is_the_older_services_and_the_other_keeps_its_own_addresses()
    {
        var state = Compile(A("externalIPs: [192.0.2.1, 192.0.2.2]", New), B("externalIPs: [192.0.2.1]", Old));
        Assert.Equal(["a: 10.96.0.1 192.0.2.2", "b: 10.96.0.2 192.0.2.1"], Addresses(state));
        Assert.Equal(
            ["Service default/a: externalIPs 192.0.2.1:80/TCP belongs to Service default/b and is not served here; choose another"],
            Warnings(state));
    }

    [Fact]
    public void K10_an_external_ip_may_not_take_anothers_balancer_address_nor_the_other_way_round()
    {
        const string Balanced = "type: LoadBalancer, ports: [{port: 80, nodePort: 30001}]";
        var older = Compile(A("externalIPs: [192.0.2.1]", New), Service(Balanced + ", clusterIP: 10.96.0.2", "b", created: Old, ingress: "{ip: 192.0.2.1}"));
        Assert.Equal(["a: 10.96.0.1", "b: 10.96.0.2  192.0.2.1"], Addresses(older));
        var newer = Compile(A("externalIPs: [192.0.2.1]", Old), Service(Balanced + ", clusterIP: 10.96.0.2", "b", created: New, ingress: "{ip: 192.0.2.1}"));
        Assert.Equal(["a: 10.96.0.1 192.0.2.1", "b: 10.96.0.2 "], Addresses(newer));
    }

    [Fact]
    public void K10_a_cluster_ip_is_its_services_whatever_an_older_one_asks_for() =>
        Assert.Equal(["a: 10.96.0.1", "b: 10.96.0.2"], Addresses(Compile(A("externalIPs: [10.96.0.2]", Old), B("", New))));

    [Fact]
    public void Of_services_as_old_as_each_other_the_first_by_name_has_it()
    {
        Assert.Equal(["a: 10.96.0.1 192.0.2.1", "b: 10.96.0.2"], Addresses(Compile(B("externalIPs: [192.0.2.1]", Old), A("externalIPs: [192.0.2.1]", Old))));
        // Without a time it counts as made just now.
        Assert.Equal(["a: 10.96.0.1", "b: 10.96.0.2 192.0.2.1"], Addresses(Compile(A("externalIPs: [192.0.2.1]", ""), B("externalIPs: [192.0.2.1]", New))));
    }

    [Fact]
    public void Other_ports_and_protocols_of_one_address_are_no_conflict() =>
        Assert.Equal(
            ["a: 10.96.0.1 192.0.2.1", "b: 10.96.0.2 192.0.2.1", "c: 10.96.0.3 192.0.2.1"],
            Addresses(Compile(
                A("externalIPs: [192.0.2.1]", Old), B("externalIPs: [192.0.2.1], ports: [{port: 81}]", Old),
                Service("clusterIP: 10.96.0.3, externalIPs: [192.0.2.1], ports: [{port: 80, protocol: UDP}]", "c"))));

    [Fact]
    public void K8_node_ports_clash_by_protocol()
    {
        const string NodePort = "type: NodePort, ports: [{port: 80, nodePort: 30080}]";
        var state = Compile(A(NodePort, New), B(NodePort, Old), Service("clusterIP: 10.96.0.3, type: NodePort, ports: [{port: 80, nodePort: 30080, protocol: UDP}]", "c"));
        Assert.Equal(["a: 10.96.0.1", "b: 10.96.0.2 ", "c: 10.96.0.3 "], Addresses(state));
        Assert.Equal(["Service default/a: nodePort 30080/TCP belongs to Service default/b and is not served here; choose another"], Warnings(state));
    }

    [Fact]
    public void K13_a_health_check_port_clashes_with_node_ports_and_others_of_its_kind()
    {
        const string Checked = "type: LoadBalancer, externalTrafficPolicy: Local, healthCheckNodePort: 30080, ports: [{port: 80, nodePort: 30001}]";
        var state = Compile(
            A("type: NodePort, ports: [{port: 80, nodePort: 30080}]", New),
            B(Checked, Old),
            Service(Checked.Replace("30001", "30002", StringComparison.Ordinal) + ", clusterIP: 10.96.0.3", "c", created: New),
            Slice("{addresses: [10.244.1.5], nodeName: n1}", "c-1", "c"));
        Assert.Equal([(0u, 0u), (30080u, 0u), (0u, 0u)], state.Services.Select(s => (s.HealthCheckPort, s.LocalEndpoints)));
        Assert.Equal(["a: 10.96.0.1", "b: 10.96.0.2 ", "c: 10.96.0.3 "], Addresses(state));
        Assert.Equal(
            [
                "Service default/a: nodePort 30080/TCP belongs to Service default/b and is not served here; choose another",
                "Service default/c: healthCheckNodePort 30080/TCP belongs to Service default/b and is not served here; choose another",
            ],
            Warnings(state));
    }

    [Fact]
    public void The_loser_gets_the_frontend_when_the_winner_goes_and_gives_it_back()
    {
        var compiler = new StateCompiler("n1");
        string a = A("externalIPs: [192.0.2.1]", Old), b = B("externalIPs: [192.0.2.1]", New);
        var c = Service("clusterIP: 10.96.0.3, externalIPs: [192.0.2.1]", "c", created: "2026-02-01T00:00:00Z");
        Assert.Equal(["a: 10.96.0.1 192.0.2.1", "b: 10.96.0.2", "c: 10.96.0.3"], Next(a, b, c));
        Assert.Equal(["b: 10.96.0.2 192.0.2.1", "c: 10.96.0.3"], Next(b, c));
        Assert.Equal(["a: 10.96.0.1", "b: 10.96.0.2 192.0.2.1", "c: 10.96.0.3"], Next(A("", Old), b, c));
        Assert.Equal(["a: 10.96.0.1 192.0.2.1", "b: 10.96.0.2", "c: 10.96.0.3"], Next(a, b, c));
        // It was made anew, and is the youngest now.
        Assert.Equal(["a: 10.96.0.1", "b: 10.96.0.2 192.0.2.1", "c: 10.96.0.3"], Next(A("externalIPs: [192.0.2.1]", "2026-03-01T00:00:00Z"), b, c));

        List<string> Next(params string[] texts)
        {
            var state = compiler.Compile(Yaml.Objects(texts));
            Assert.Equal(Warnings(Compile(texts)), Warnings(state));
            return Addresses(state);
        }
    }

    [Fact]
    public void Services_not_ours_claim_nothing() =>
        Assert.Equal(
            ["b: 10.96.0.2 192.0.2.1"],
            Addresses(Compile(
                Service("clusterIP: 10.96.0.1, externalIPs: [192.0.2.1]", "a", "service.kubernetes.io/service-proxy-name: other", Old),
                B("externalIPs: [192.0.2.1]", New))));

    private static string A(string spec, string created) => Service("clusterIP: 10.96.0.1, " + spec, "a", created: created);

    private static string B(string spec, string created) => Service("clusterIP: 10.96.0.2, " + spec, "b", created: created);

    private static List<string> Addresses(DesiredState state) =>
        [.. state.Services.Select(s => $"{s.Name}: {string.Join(' ', s.Frontends.Select(f => f.Address))}")];
}
