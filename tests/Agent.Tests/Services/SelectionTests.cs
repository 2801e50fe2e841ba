using Dataplane.Agent.Desired;
using Dataplane.Agent.Model;
using Dataplane.Agent.Tests.Clusters;
using V1 = Dataplane.Contracts.V1;
using static Dataplane.Agent.Tests.Services.ServiceYaml;

namespace Dataplane.Agent.Tests.Services;

/// <summary>Which new connections each endpoint takes: K4, K18, K20, K21. The tests look from node n1, in zone a.</summary>
public class SelectionTests
{
    private const string ZoneA = "topology.kubernetes.io/zone: a";

    [Theory]
    // Endpoint A, endpoint B, both on this node, and what they take: conditions that are absent are ready, serving, not
    // terminating (K4).
    [InlineData("", "", "ClusterAndLocal ClusterAndLocal")]
    [InlineData("ready: true", "ready: false", "ClusterAndLocal -")]
    [InlineData("ready: null", "ready: false, serving: true", "ClusterAndLocal -")]
    [InlineData("ready: true", "ready: false, serving: true, terminating: true", "ClusterAndLocal None")]
    [InlineData("ready: false, serving: true, terminating: true", "ready: false, serving: false, terminating: true", "ClusterAndLocal -")]
    [InlineData("ready: false, terminating: true", "ready: false, serving: true", "ClusterAndLocal -")]
    [InlineData("ready: false, serving: false", "ready: false, serving: true", "- -")]
    [InlineData("ready: true, terminating: true", "ready: false", "ClusterAndLocal -")]
    [InlineData("ready: true, serving: false, terminating: true", "ready: true", "ClusterAndLocal ClusterAndLocal")]
    public void K20_ready_endpoints_count_or_else_those_that_serve_while_terminating(string a, string b, string expected)
    {
        var service = CompileOne(Service(), Slice($"{{addresses: [10.244.1.5], nodeName: n1, conditions: {{{a}}}}}, {{addresses: [10.244.1.6], nodeName: n1, conditions: {{{b}}}}}"));
        var uses = service.Backends.ToDictionary(e => e.Address, e => e.Use.ToString());
        Assert.Equal(expected, $"{uses.GetValueOrDefault("10.244.1.5", "-")} {uses.GetValueOrDefault("10.244.1.6", "-")}");
    }

    [Fact]
    public void K20_the_cluster_set_and_the_local_set_are_decided_apart()
    {
        const string Leaving = "conditions: {ready: false, serving: true, terminating: true}";
        // Ready ones elsewhere: the cluster set needs no terminating one, the local set has nothing else.
        Assert.Equal(
            ["10.244.1.5:8080 Local", "10.244.2.5:8080 Cluster", "10.244.2.6:8080 None"],
            Backends(CompileOne(Service(), Slice(
                $"{{addresses: [10.244.1.5], nodeName: n1, {Leaving}}}, {{addresses: [10.244.2.5], nodeName: n2}}, {{addresses: [10.244.2.6], nodeName: n2, {Leaving}}}"))));
        // None is ready anywhere.
        Assert.Equal(
            ["10.244.1.5:8080 ClusterAndLocal", "10.244.2.6:8080 Cluster"],
            Backends(CompileOne(Service(), Slice(
                $"{{addresses: [10.244.1.5], nodeName: n1, {Leaving}}}, {{addresses: [10.244.2.6], nodeName: n2, {Leaving}}}"))));
    }

    [Fact]
    public void K20_families_are_decided_apart()
    {
        var service = CompileOne(
            Service("clusterIPs: [10.96.0.10, 'fd00:96::a']"),
            Slice("{addresses: [10.244.1.5], nodeName: n1}, {addresses: [10.244.1.6], nodeName: n1, conditions: {ready: false, terminating: true}}"),
            Slice("{addresses: ['fd00::5'], nodeName: n1, conditions: {ready: false, terminating: true}}", "web-6", type: "IPv6"));
        Assert.Equal(["10.244.1.5:8080 ClusterAndLocal", "10.244.1.6:8080 None", "fd00::5:8080 ClusterAndLocal"], Backends(service));
    }

    [Fact]
    public void K18_without_any_eligible_endpoint_the_list_is_empty() =>
        Assert.Empty(Backends(CompileOne(Service(), Slice("{addresses: [10.244.1.5], conditions: {ready: false}}"))));

    [Fact]
    public void K20_endpoints_that_are_published_unready_arrive_as_ready() =>
        Assert.Equal(
            ["10.244.2.5:8080 Cluster"],
            Backends(CompileOne(Service("publishNotReadyAddresses: true"), Slice("{addresses: [10.244.2.5], nodeName: n2, conditions: {ready: true, serving: false}}"))));

    [Fact]
    public void K4_of_two_claims_to_one_address_the_local_one_counts_then_the_ready_one()
    {
        Assert.Equal(
            ["10.244.1.5:8080 ClusterAndLocal"],
            Backends(CompileOne(Service(), Slice("{addresses: [10.244.1.5], nodeName: n2}, {addresses: [10.244.1.5], nodeName: n1}"))));
        // The address was given to another pod before the old one's endpoint was gone.
        var service = CompileOne(
            Service(),
            Slice("{addresses: [10.244.2.5], nodeName: n2, conditions: {ready: false, serving: true, terminating: true}}"),
            Slice("{addresses: [10.244.2.5], nodeName: n3}", "web-2"));
        Assert.Equal(["10.244.2.5:8080 Cluster"], Backends(service));
        Assert.Equal("n3", service.Backends[0].Node);
    }

    [Theory]
    // Hints of the endpoints on n1 (zone a), n2 (zone a), n3 (zone b), and which of them the cluster set holds.
    [InlineData("", "", "", "123")]
    [InlineData("forZones: [{name: a}]", "forZones: [{name: a}]", "forZones: [{name: b}]", "12")]
    [InlineData("forZones: [{name: a}, {name: b}]", "forZones: [{name: b}]", "forZones: [{name: a}]", "13")]
    [InlineData("forNodes: [{name: n1}]", "forNodes: [{name: n2}]", "forNodes: [{name: n3}]", "1")]
    // The node comes before the zone.
    [InlineData("forNodes: [{name: n1}], forZones: [{name: a}]", "forNodes: [{name: n2}], forZones: [{name: a}]", "forNodes: [{name: n3}], forZones: [{name: b}]", "1")]
    // No hint for this node: its zone.
    [InlineData("forNodes: [{name: n9}], forZones: [{name: b}]", "forNodes: [{name: n2}], forZones: [{name: a}]", "forNodes: [{name: n3}], forZones: [{name: a}]", "23")]
    // One without: all count.
    [InlineData("forZones: [{name: a}]", "", "forZones: [{name: a}]", "123")]
    [InlineData("forNodes: [{name: n1}]", "forNodes: [{name: n2}]", "", "123")]
    [InlineData("forNodes: [{name: n1}], forZones: [{name: a}]", "forZones: [{name: b}]", "forNodes: [{name: n3}], forZones: [{name: b}]", "1")]
    // None for here: all count.
    [InlineData("forZones: [{name: b}]", "forZones: [{name: b}]", "forZones: [{name: c}]", "123")]
    public void K21_hints_for_nodes_then_zones_narrow_the_cluster_set(string one, string two, string three, string expected) =>
        Assert.Equal(expected, ClusterSet(ZoneA, one, two, three));

    [Fact]
    public void K21_a_node_without_a_zone_is_in_none() =>
        Assert.Equal("123", ClusterSet("", "forZones: [{name: a}]", "forZones: [{name: a}]", "forZones: [{name: b}]"));

    [Fact]
    public void K21_only_ready_endpoints_need_hints()
    {
        var service = CompileOne(
            Node("n1", ZoneA), Service(),
            Slice("{addresses: [10.244.1.5], nodeName: n1, hints: {forZones: [{name: a}]}}, {addresses: [10.244.2.5], nodeName: n2, hints: {forZones: [{name: b}]}}, "
                + "{addresses: [10.244.2.6], nodeName: n2, conditions: {ready: false, terminating: true}}"));
        Assert.Equal(["10.244.1.5:8080 ClusterAndLocal", "10.244.2.5:8080 None", "10.244.2.6:8080 None"], Backends(service));
    }

    [Fact]
    public void K21_hints_do_not_narrow_the_local_set() =>
        Assert.Equal(
            ["10.244.1.5:8080 Local", "10.244.2.5:8080 Cluster"],
            Backends(CompileOne(Node("n1", ZoneA), Service("internalTrafficPolicy: Local"), Slice(
                "{addresses: [10.244.1.5], nodeName: n1, hints: {forZones: [{name: b}]}}, {addresses: [10.244.2.5], nodeName: n2, hints: {forZones: [{name: a}]}}"))));

    [Fact]
    public void K21_a_new_zone_of_this_node_judges_all_endpoints_anew()
    {
        var compiler = new StateCompiler("n1");
        var objects = Yaml.Objects(
            Service(), Slice("{addresses: [10.244.1.5], nodeName: n1, hints: {forZones: [{name: a}]}}, {addresses: [10.244.2.5], nodeName: n2, hints: {forZones: [{name: b}]}}"),
            Service("clusterIP: 10.96.0.11", "plain"), Slice("{addresses: [10.244.2.9]}", "plain-1", "plain"));
        var before = With(ZoneA);
        Assert.Equal(["10.244.1.5:8080 ClusterAndLocal", "10.244.2.5:8080 None"], Backends(Web(before)));
        var after = With("topology.kubernetes.io/zone: b");
        Assert.Equal(["10.244.1.5:8080 Local", "10.244.2.5:8080 Cluster"], Backends(Web(after)));
        // What came out the same is the same.
        Assert.Same(before.Services[0], after.Services[0]);
        Assert.Equal(["10.244.1.5:8080 ClusterAndLocal", "10.244.2.5:8080 Cluster"], Backends(Web(With(""))));

        // Nothing but the node changes.
        DesiredState With(string labels) => compiler.Compile(objects = objects.With([], [Yaml.One<Node>(Node("n1", labels))]));

        static V1.Service Web(DesiredState state) => state.Services.Single(s => s.Name == "web");
    }

    [Fact]
    public void Backends_are_in_numeric_order_so_that_nodes_agree()
    {
        string[] objects = [Service(), Slice("{addresses: [10.244.10.1], nodeName: n2}, {addresses: [10.244.9.1], nodeName: n1}"), Slice("{addresses: [10.244.9.1], nodeName: n1}", "web-0", ports: "{port: 99}")];
        string[] expected = ["10.244.9.1:99", "10.244.9.1:8080", "10.244.10.1:8080"];
        foreach (var node in new[] { "n1", "n2" })
        {
            var service = Assert.Single(new StateCompiler(node).Compile(Yaml.Objects(objects)).Services);
            Assert.Equal(expected, service.Backends.Select(b => $"{b.Address}:{b.Port}"));
        }
    }

    private static string ClusterSet(string labels, string one, string two, string three)
    {
        string[] hints = [one, two, three];
        var service = CompileOne(
            Node("n1", labels), Service(),
            Slice(string.Join(", ", hints.Select((h, i) => $"{{addresses: [10.244.{i + 1}.5], nodeName: n{i + 1}, hints: {{{h}}}}}"))));
        return string.Concat(service.Backends
            .Where(b => b.Use is V1.Backend.Types.Use.Cluster or V1.Backend.Types.Use.ClusterAndLocal)
            .Select(b => b.Address.Split('.')[2]));
    }
}
