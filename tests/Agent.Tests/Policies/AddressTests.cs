using Dataplane.Agent.Tests.Clusters;
using V1 = Dataplane.Contracts.V1;

namespace Dataplane.Agent.Tests.Policies;

/// <summary>ipBlock, nodes and both families: P13, P25, P33, P36.</summary>
public class AddressTests
{
    [Fact]
    public void P13_a_block_is_the_cidr_without_its_exceptions()
    {
        var cluster = Grid.With(Ingress("{ipBlock: {cidr: 203.0.113.0/24, except: [203.0.113.128/25]}}"));
        Assert.True(Into(cluster, "203.0.113.9"));
        Assert.False(Into(cluster, "203.0.113.200"));
        Assert.False(Into(cluster, "203.0.114.9"));
    }

    [Fact]
    public void P13_a_single_address()
    {
        var cluster = Grid.With(Ingress("{ipBlock: {cidr: 203.0.113.9/32}}"));
        Assert.True(Into(cluster, "203.0.113.9"));
        Assert.False(Into(cluster, "203.0.113.8"));
    }

    [Fact]
    public void P13_host_bits_may_be_set()
    {
        var cluster = Grid.With(Ingress("{ipBlock: {cidr: 203.0.113.9/4}}"));
        Assert.True(Into(cluster, "192.0.2.1"));
        Assert.False(Into(cluster, "10.1.1.1"));
    }

    [Fact]
    public void P13_a_block_matches_pod_addresses_too() =>
        Grid.Expect(
            Grid.With(Yaml.Policy("y", "p", $"policyTypes: [Egress], egress: [{{to: [{{ipBlock: {{cidr: {Grid.Address("x", "a")}/32}}}}]}}]")),
            p => p.SourceNamespace != "y" || p.Destination == "x/a");

    [Fact]
    public void P13_an_exception_takes_pods_out_too() =>
        Grid.Expect(
            Grid.With(Ingress($"{{ipBlock: {{cidr: 0.0.0.0/0, except: [{Grid.Address("x", "a")}/32]}}}}")),
            p => p.DestinationNamespace != "y" || p.Source != "x/a");

    [Fact]
    public void P13_what_one_rule_excepts_another_may_allow()
    {
        var cluster = Grid.With(Ingress(
            "{ipBlock: {cidr: 203.0.113.0/24, except: [203.0.113.128/25]}}, {ipBlock: {cidr: 203.0.113.192/26}}"));
        Assert.True(Into(cluster, "203.0.113.9"));
        Assert.False(Into(cluster, "203.0.113.130"));
        Assert.True(Into(cluster, "203.0.113.200"));
    }

    [Fact]
    public void P13_blocks_of_other_policies_do_not_leak()
    {
        var cluster = Grid.With(
            Ingress("{ipBlock: {cidr: 203.0.0.0/16}}"),
            Yaml.Policy("z", "q", "ingress: [{from: [{ipBlock: {cidr: 203.0.113.0/24, except: [203.0.113.7/32]}}]}]"));
        Assert.True(Into(cluster, "203.0.113.7"));
        Assert.True(Into(cluster, "203.0.113.8"));
        Assert.False(cluster.AllowsIngress("z/a", "203.0.113.7", V1.Protocol.Tcp, 80));
        Assert.True(cluster.AllowsIngress("z/a", "203.0.113.8", V1.Protocol.Tcp, 80));
        Assert.False(cluster.AllowsIngress("z/a", "203.0.1.1", V1.Protocol.Tcp, 80));
    }

    [Fact]
    public void P13_selectors_still_match_pods_inside_blocks() =>
        Grid.Expect(
            Grid.With(
                Ingress("{namespaceSelector: {matchLabels: {ns: x}}}"),
                Yaml.Policy("z", "q", "ingress: [{from: [{ipBlock: {cidr: 10.244.1.0/24}}]}]")),
            p => p.DestinationNamespace switch
            {
                "y" => p.SourceNamespace == "x",
                "z" => Grid.Address(p.SourceNamespace, p.SourcePod).StartsWith("10.244.1.", StringComparison.Ordinal),
                _ => true,
            });

    [Fact]
    public void P33_a_block_of_one_family_says_nothing_about_the_other()
    {
        var cluster = Grid.With(Ingress("{ipBlock: {cidr: 0.0.0.0/0}}"));
        Assert.True(Into(cluster, "203.0.113.9"));
        Assert.False(Into(cluster, "2001:db8::1"));
        var six = Grid.With(Ingress("{ipBlock: {cidr: '2001:db8::/32', except: ['2001:db8:1::/48']}}"));
        Assert.True(Into(six, "2001:db8::1"));
        Assert.False(Into(six, "2001:db8:1::1"));
        Assert.False(Into(six, "203.0.113.9"));
    }

    [Fact]
    public void P33_rules_apply_to_all_addresses_of_a_pod()
    {
        var cluster = new CompiledCluster(Yaml.Objects(
            Grid.Nodes,
            Yaml.Pod("d", "a", "10.244.1.5", "n1", "app: a", status: "podIPs: [{ip: 10.244.1.5}, {ip: 'fd00::5'}]"),
            Yaml.Pod("d", "b", "10.244.1.6", "n1", "app: b"),
            Yaml.Policy("d", "p", "podSelector: {matchLabels: {app: b}}, ingress: [{from: [{podSelector: {matchLabels: {app: a}}}]}]"),
            Yaml.Policy("d", "q", "podSelector: {matchLabels: {app: c}}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]")));
        Assert.True(cluster.AllowsIngress("d/b", "10.244.1.5", V1.Protocol.Tcp, 80));
        Assert.True(cluster.AllowsIngress("d/b", "fd00::5", V1.Protocol.Tcp, 80));
        Assert.False(cluster.AllowsIngress("d/b", "fd00::6", V1.Protocol.Tcp, 80));
        // The family that the block of policy q does not hold has an identity of its own.
        var ids = cluster.State("n1").Ipcache.ToDictionary(e => e.Cidr, e => e.Identity);
        Assert.NotEqual(ids["10.244.1.5/32"], ids["fd00::5/128"]);
    }

    [Fact]
    public void P25_host_network_pods_are_nodes_to_policy()
    {
        var cluster = new CompiledCluster(Yaml.Objects(
            Grid.Nodes,
            Yaml.Pod("d", "host", "192.168.0.2", "n2", "app: a", spec: "hostNetwork: true"),
            Yaml.Pod("d", "b", "10.244.1.6", "n1", "app: b"),
            Yaml.Policy("d", "p", "podSelector: {}, ingress: [{from: [{podSelector: {}}]}]")));
        Assert.False(cluster.AllowsIngress("d/b", "192.168.0.2", V1.Protocol.Tcp, 80));
        Assert.DoesNotContain(cluster.State("n2").Workloads, w => w.Pod == "host");
        Assert.Equal(2u, cluster.State("n1").Ipcache.Single(e => e.Cidr == "192.168.0.2/32").Identity);
    }

    [Fact]
    public void P25_a_block_may_allow_another_node()
    {
        var cluster = Grid.With(Ingress("{ipBlock: {cidr: 192.168.0.0/24}}"));
        var node = cluster.State("n1").Workloads.Any(w => w is { Namespace: "y", Pod: "a" }) ? 2 : 1;
        Assert.True(Into(cluster, $"192.168.0.{node}"));
        Assert.False(Into(cluster, $"10.244.{node}.1"));
        var entry = cluster.State($"n{3 - node}").Identities.Single(i => i.Kind == V1.Identity.Types.Kind.RemoteNode);
        Assert.True(entry.Id >= 16);
    }

    [Fact]
    public void P36_an_unknown_address_is_the_world()
    {
        var cluster = Grid.With(Ingress("{namespaceSelector: {}}"));
        Assert.False(Into(cluster, "10.244.1.99"));
        Assert.DoesNotContain(cluster.State("n1").Ipcache, e => e.Identity == 3);
    }

    private static bool Into(CompiledCluster cluster, string source) =>
        cluster.AllowsIngress("y/a", source, V1.Protocol.Tcp, 80);

    private static string Ingress(string peers) => Yaml.Policy("y", "p", $"ingress: [{{from: [{peers}]}}]");
}
