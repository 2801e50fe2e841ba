using Dataplane.Agent.Tests.Clusters;
using V1 = Dataplane.Contracts.V1;

namespace Dataplane.Agent.Tests.Policies;

/// <summary>Ports of rules: P14-P17.</summary>
public class PortTests
{
    [Theory]
    [InlineData("{port: 80}")]
    [InlineData("{port: 80, protocol: TCP}")]
    public void P14_the_default_protocol_is_tcp_and_opens_no_other(string port) => Expect(port, p => p.IsTcp(80));

    [Fact]
    public void P14_a_protocol_without_port_is_all_ports_of_that_protocol() =>
        Expect("{protocol: UDP}", p => p.Protocol == V1.Protocol.Udp);

    [Fact]
    public void P14_sctp() => Expect("{protocol: SCTP, port: 81}", p => p.Protocol == V1.Protocol.Sctp && p.Port == 81);

    [Theory]
    [InlineData(79, false)]
    [InlineData(80, true)]
    [InlineData(100, true)]
    [InlineData(101, false)]
    public void P15_end_port_is_inclusive(int port, bool allowed)
    {
        var cluster = Grid.With(Yaml.Policy("y", "p", "ingress: [{ports: [{port: 80, endPort: 100}]}]"));
        Assert.Equal(allowed, cluster.Allows("x/a", "y/a", V1.Protocol.Tcp, port));
        Assert.False(cluster.Allows("x/a", "y/a", V1.Protocol.Udp, port));
    }

    [Fact]
    public void P15_ranges_may_overlap_and_be_one_port_wide()
    {
        var cluster = Grid.With(Yaml.Policy("y", "p",
            "ingress: [{ports: [{port: 10, endPort: 20}, {port: 15, endPort: 30}, {port: 40, endPort: 40}, {port: 1, endPort: 1}, {port: 65535}]}]"));
        int[] open = [1, 10, 14, 15, 20, 21, 30, 40, 65535];
        int[] closed = [2, 9, 31, 39, 41, 65534];
        Assert.All(open, port => Assert.True(cluster.Allows("x/a", "y/a", V1.Protocol.Tcp, port)));
        Assert.All(closed, port => Assert.False(cluster.Allows("x/a", "y/a", V1.Protocol.Tcp, port)));
    }

    [Fact]
    public void P16_a_named_port_is_the_selected_pods() => Expect("{port: serve-81-tcp}", p => p.IsTcp(81));

    [Theory]
    [InlineData("{port: no-such-name}")]
    [InlineData("{port: serve-81-tcp, protocol: UDP}")]
    public void P16_an_unknown_name_or_wrong_protocol_matches_nothing(string port) => Expect(port, _ => false);

    [Fact]
    public void P16_two_pods_may_map_one_name_to_different_numbers()
    {
        var cluster = new CompiledCluster(Yaml.Objects(
            Grid.Nodes,
            Yaml.Pod("d", "one", "10.244.1.5", "n1", "app: web", "{name: http, containerPort: 8080}"),
            Yaml.Pod("d", "two", "10.244.1.6", "n1", "app: web", "{name: http, containerPort: 9090}"),
            Yaml.Pod("d", "client", "10.244.1.7", "n1"),
            Yaml.Policy("d", "p", "podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: http}]}]")));
        Assert.True(cluster.Allows("d/client", "d/one", V1.Protocol.Tcp, 8080));
        Assert.False(cluster.Allows("d/client", "d/one", V1.Protocol.Tcp, 9090));
        Assert.True(cluster.Allows("d/client", "d/two", V1.Protocol.Tcp, 9090));
        Assert.False(cluster.Allows("d/client", "d/two", V1.Protocol.Tcp, 8080));
    }

    [Theory]
    [InlineData("")]
    [InlineData("to: [{podSelector: {matchLabels: {app: web}}}], ")]
    [InlineData("to: [{namespaceSelector: {}}], ")]
    public void P17_a_named_port_in_egress_is_each_destinations(string to)
    {
        var cluster = new CompiledCluster(Yaml.Objects(
            Grid.Nodes,
            Yaml.Pod("d", "one", "10.244.2.5", "n2", "app: web", "{name: http, containerPort: 8080}"),
            Yaml.Pod("d", "two", "10.244.2.6", "n2", "app: web", "{name: http, containerPort: 9090}"),
            Yaml.Pod("d", "none", "10.244.2.8", "n2", "app: web", "{name: http, containerPort: 7070, protocol: UDP}"),
            Yaml.Pod("d", "client", "10.244.1.7", "n1", "app: client"),
            Yaml.Policy("d", "p", $"podSelector: {{matchLabels: {{app: client}}}}, policyTypes: [Egress], egress: [{{{to}ports: [{{port: http}}]}}]")));
        Assert.True(cluster.Allows("d/client", "d/one", V1.Protocol.Tcp, 8080));
        Assert.False(cluster.Allows("d/client", "d/one", V1.Protocol.Tcp, 9090));
        Assert.True(cluster.Allows("d/client", "d/two", V1.Protocol.Tcp, 9090));
        Assert.False(cluster.Allows("d/client", "d/two", V1.Protocol.Tcp, 8080));
        Assert.False(cluster.Allows("d/client", "d/none", V1.Protocol.Tcp, 7070));
        Assert.False(cluster.Allows("d/client", "d/none", V1.Protocol.Udp, 7070));
        Assert.False(cluster.AllowsEgress("d/client", "203.0.113.9", V1.Protocol.Tcp, 8080));
    }

    [Fact]
    public void P17_a_named_port_never_matches_an_ip_block()
    {
        var cluster = new CompiledCluster(Yaml.Objects(
            Grid.Nodes,
            Yaml.Pod("d", "one", "10.244.2.5", "n2", "app: web", "{name: http, containerPort: 8080}"),
            Yaml.Pod("d", "client", "10.244.1.7", "n1", "app: client"),
            Yaml.Policy("d", "p", "podSelector: {matchLabels: {app: client}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}], ports: [{port: http}]}]")));
        Assert.False(cluster.Allows("d/client", "d/one", V1.Protocol.Tcp, 8080));
        Assert.False(cluster.AllowsEgress("d/client", "203.0.113.9", V1.Protocol.Tcp, 8080));
    }

    [Fact]
    public void P16_ports_of_sidecars_count_and_those_of_ordinary_init_containers_do_not()
    {
        const string Spec = "initContainers: [{name: s, restartPolicy: Always, ports: [{name: side, containerPort: 1}]}, {name: i, ports: [{name: init, containerPort: 2}]}]";
        var cluster = new CompiledCluster(Yaml.Objects(
            Grid.Nodes,
            Yaml.Pod("d", "one", "10.244.2.5", "n2", spec: Spec),
            Yaml.Pod("d", "client", "10.244.1.7", "n1"),
            Yaml.Policy("d", "p", "ingress: [{ports: [{port: side}, {port: init}]}]")));
        Assert.True(cluster.Allows("d/client", "d/one", V1.Protocol.Tcp, 1));
        Assert.False(cluster.Allows("d/client", "d/one", V1.Protocol.Tcp, 2));
    }

    // One rule with these ports over all of namespace y.
    private static void Expect(string ports, Func<Probe, bool> allowedIntoY) =>
        Grid.Expect(
            Grid.With(Yaml.Policy("y", "p", $"ingress: [{{ports: [{ports}]}}]")),
            p => p.DestinationNamespace != "y" || allowedIntoY(p));
}
