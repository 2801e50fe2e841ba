using Dataplane.Agent.Tests.Clusters;

namespace Dataplane.Agent.Tests.Policies;

/// <summary>Who is isolated, and how policies add up: P1-P6, P22-P24, P30-P32.</summary>
public class IsolationTests
{
    private const string Everywhere = "podSelector: {}";

    [Fact]
    public void P1_without_policies_everything_is_allowed() => Grid.Expect(Grid.With(), _ => true);

    [Fact]
    public void P1_pods_that_no_policy_selects_are_unaffected() =>
        Grid.Expect(
            Grid.With(Yaml.Policy("x", "p", "podSelector: {matchLabels: {pod: a}}, policyTypes: [Ingress]")),
            p => p.Destination != "x/a");

    [Fact]
    public void P2_ingress_isolation_leaves_egress_open() =>
        Grid.Expect(Grid.With(Yaml.Policy("x", "p", Everywhere + ", policyTypes: [Ingress]")), p => p.DestinationNamespace != "x");

    [Fact]
    public void P2_egress_isolation_leaves_ingress_open() =>
        Grid.Expect(Grid.With(Yaml.Policy("x", "p", Everywhere + ", policyTypes: [Egress]")), p => p.SourceNamespace != "x");

    [Fact]
    public void P3_unset_policy_types_mean_ingress() =>
        Grid.Expect(Grid.With(Yaml.Policy("x", "p", Everywhere)), p => p.DestinationNamespace != "x");

    [Fact]
    public void P3_unset_policy_types_with_an_egress_rule_mean_both() =>
        Grid.Expect(
            Grid.With(Yaml.Policy("x", "p", Everywhere + ", egress: [{ports: [{port: 80}]}]")),
            p => p.DestinationNamespace != "x" && (p.SourceNamespace != "x" || p.IsTcp(80)));

    [Fact]
    public void P3_egress_only_does_not_isolate_ingress_though_rules_are_there() =>
        Grid.Expect(
            Grid.With(Yaml.Policy("x", "p", Everywhere + ", policyTypes: [Egress], ingress: [], egress: [{}]")), _ => true);

    [Fact]
    public void P3_rules_of_a_direction_that_the_types_leave_out_have_no_effect() =>
        Grid.Expect(
            Grid.With(Yaml.Policy("x", "p", Everywhere + ", policyTypes: [Ingress], ingress: [{}], egress: [{ports: [{port: 80}]}]")),
            _ => true);

    [Fact]
    public void P4_policies_are_a_union_and_deleting_one_restores_the_rest()
    {
        var deny = Yaml.Policy("x", "deny", Everywhere);
        var allow = Yaml.Policy("x", "allow", Everywhere + ", ingress: [{}]");
        Grid.Expect(Grid.With(deny, allow), _ => true);
        Grid.Expect(Grid.With(deny), p => p.DestinationNamespace != "x");
        Grid.Expect(Grid.With(allow), _ => true);
    }

    [Fact]
    public void P5_a_connection_needs_both_ends()
    {
        var egress = Yaml.Policy("x", "out", "podSelector: {matchLabels: {pod: a}}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {matchLabels: {ns: y}}}]}]");
        var ingress = Yaml.Policy("y", "in", "podSelector: {matchLabels: {pod: b}}, ingress: [{from: [{namespaceSelector: {matchLabels: {ns: x}}}]}]");
        Grid.Expect(Grid.With(egress, ingress), p =>
            (p.Source != "x/a" || p.DestinationNamespace == "y") && (p.Destination != "y/b" || p.SourceNamespace == "x"));
    }

    [Theory]
    [InlineData("")]
    [InlineData(", ingress: []")]
    [InlineData(", ingress: null")]
    public void P6_no_rule_is_deny_all(string ingress) =>
        Grid.Expect(Grid.With(Yaml.Policy("x", "p", Everywhere + ingress)), p => p.DestinationNamespace != "x");

    [Fact]
    public void P6_an_empty_rule_is_allow_all_also_from_outside()
    {
        var cluster = Grid.With(Yaml.Policy("x", "p", Everywhere + ", ingress: [{}]"));
        Grid.Expect(cluster, _ => true);
        Assert.True(cluster.AllowsIngress("x/a", "203.0.113.9", Contracts.V1.Protocol.Tcp, 80));
        Assert.True(cluster.AllowsIngress("x/a", "203.0.113.9", Contracts.V1.Protocol.Icmp, 0));
    }

    [Fact]
    public void P22_deny_all_stops_every_protocol_and_the_outside()
    {
        var cluster = Grid.With(Yaml.Policy("x", "p", Everywhere));
        foreach (var protocol in Grid.Protocols.Append(Contracts.V1.Protocol.Icmp))
            Assert.False(cluster.AllowsIngress("x/a", "203.0.113.9", protocol, 80));
    }

    [Fact]
    public void P21_icmp_follows_the_peer_rule_when_ports_are_empty_only()
    {
        var any = Grid.With(Yaml.Policy("x", "p", Everywhere + ", ingress: [{from: [{podSelector: {}}]}]"));
        Assert.True(any.Allows("x/b", "x/a", Contracts.V1.Protocol.Icmp, 0));
        Assert.False(any.Allows("y/b", "x/a", Contracts.V1.Protocol.Icmp, 0));
        var tcp = Grid.With(Yaml.Policy("x", "p", Everywhere + ", ingress: [{from: [{podSelector: {}}], ports: [{protocol: TCP}]}]"));
        Assert.False(tcp.Allows("x/b", "x/a", Contracts.V1.Protocol.Icmp, 0));
    }

    [Fact]
    public void P23_the_own_node_is_host_and_other_nodes_are_not()
    {
        var cluster = Grid.With(Yaml.Policy("x", "p", Everywhere));
        var own = cluster.State("n1").Workloads.First(w => w.Namespace == "x").Pod;
        // Node address and host port address, the first of the pod CIDR.
        Assert.True(cluster.AllowsIngress($"x/{own}", "192.168.0.1", Contracts.V1.Protocol.Tcp, 80));
        Assert.True(cluster.AllowsIngress($"x/{own}", "10.244.1.1", Contracts.V1.Protocol.Tcp, 80));
        Assert.False(cluster.AllowsIngress($"x/{own}", "192.168.0.2", Contracts.V1.Protocol.Tcp, 80));
        Assert.False(cluster.AllowsIngress($"x/{own}", "10.244.2.1", Contracts.V1.Protocol.Tcp, 80));
    }

    [Fact]
    public void P30_rules_that_overlap_on_ports_do_not_bleed() =>
        Grid.Expect(
            Grid.With(
                Yaml.Policy("z", "p81", Everywhere + ", ingress: [{from: [{namespaceSelector: {matchLabels: {ns: x}}}], ports: [{port: 81}]}]"),
                Yaml.Policy("z", "p80", Everywhere + ", ingress: [{from: [{namespaceSelector: {matchLabels: {ns: y}}}], ports: [{port: 80}]}]")),
            p => p.DestinationNamespace != "z"
                || (p.SourceNamespace == "x" && p.IsTcp(81)) || (p.SourceNamespace == "y" && p.IsTcp(80)));

    [Fact]
    public void P31_allow_all_stays_in_force_beside_a_narrower_policy() =>
        Grid.Expect(
            Grid.With(
                Yaml.Policy("x", "all", Everywhere + ", ingress: [{}]"),
                Yaml.Policy("x", "narrow", Everywhere + ", ingress: [{from: [{podSelector: {matchLabels: {pod: c}}}], ports: [{port: 81}]}]")),
            _ => true);

    [Fact]
    public void P32_egress_isolation_blocks_dns_unless_allowed()
    {
        const string Deny = Everywhere + ", policyTypes: [Egress]";
        const string Dns = Deny + ", egress: [{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: z}}, podSelector: {matchLabels: {pod: c}}}], ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]}]";
        Assert.False(Grid.With(Yaml.Policy("x", "p", Deny)).Allows("x/a", "z/c", Contracts.V1.Protocol.Udp, 53));
        var open = Grid.With(Yaml.Policy("x", "p", Dns));
        Assert.True(open.Allows("x/a", "z/c", Contracts.V1.Protocol.Udp, 53));
        Assert.True(open.Allows("x/a", "z/c", Contracts.V1.Protocol.Tcp, 53));
        Assert.False(open.Allows("x/a", "z/b", Contracts.V1.Protocol.Udp, 53));
    }
}
