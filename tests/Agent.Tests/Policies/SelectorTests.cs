using Dataplane.Agent.Tests.Clusters;

namespace Dataplane.Agent.Tests.Policies;

/// <summary>Selectors of subjects and peers: P7-P12.</summary>
public class SelectorTests
{
    private const string NsX = "namespaceSelector: {matchLabels: {ns: x}}";
    private const string PodB = "podSelector: {matchLabels: {pod: b}}";

    [Fact]
    public void P7_ports_and_peers_are_anded_and_list_items_ored() =>
        Expect(
            $"ingress: [{{from: [{{{NsX}}}, {{{PodB}}}], ports: [{{port: 80}}, {{port: 81, protocol: UDP}}]}}]",
            p => (p.SourceNamespace == "x" || (p.SourceNamespace == "y" && p.SourcePod == "b")) && (p.IsTcp(80) || p.IsUdp(81)));

    [Theory]
    [InlineData("ports: [{port: 80}]")]
    [InlineData("from: [], ports: [{port: 80}]")]
    public void P7_missing_peers_are_any_peer(string rule) => Expect($"ingress: [{{{rule}}}]", p => p.IsTcp(80));

    [Theory]
    [InlineData("")]
    [InlineData(", ports: []")]
    public void P7_missing_ports_are_any_port(string ports) =>
        Expect($"ingress: [{{from: [{{{NsX}}}]{ports}}}]", p => p.SourceNamespace == "x");

    [Fact]
    public void P8_a_missing_pod_selector_selects_the_whole_namespace_and_no_other() =>
        Grid.Expect(Grid.With(Yaml.Policy("y", "p", "policyTypes: [Ingress]")), p => p.DestinationNamespace != "y");

    [Theory]
    [InlineData("{key: pod, operator: In, values: [a, b]}", "ab")]
    [InlineData("{key: pod, operator: NotIn, values: [a, b]}", "c")]
    [InlineData("{key: pod, operator: Exists}", "abc")]
    [InlineData("{key: pod, operator: DoesNotExist}", "")]
    [InlineData("{key: absent, operator: NotIn, values: [a]}", "abc")]
    [InlineData("{key: absent, operator: DoesNotExist}", "abc")]
    [InlineData("{key: pod, operator: In, values: [a, b]}, {key: pod, operator: NotIn, values: [b]}", "a")]
    public void P8_match_expressions_are_anded_and_negations_match_absent_keys(string expressions, string selected) =>
        Grid.Expect(
            Grid.With(Yaml.Policy("y", "p", $"podSelector: {{matchExpressions: [{expressions}]}}")),
            p => p.DestinationNamespace != "y" || !selected.Contains(p.DestinationPod, StringComparison.Ordinal));

    [Fact]
    public void P8_labels_and_expressions_are_anded() =>
        Grid.Expect(
            Grid.With(Yaml.Policy("y", "p", "podSelector: {matchLabels: {pod: a}, matchExpressions: [{key: pod, operator: In, values: [b]}]}")),
            _ => true);

    [Fact]
    public void P9_a_pod_selector_alone_means_the_policys_namespace() =>
        Expect($"ingress: [{{from: [{{{PodB}}}]}}]", p => p.Source == "y/b");

    [Fact]
    public void P9_an_empty_pod_selector_is_every_pod_of_the_namespace() =>
        Expect("ingress: [{from: [{podSelector: {}}]}]", p => p.SourceNamespace == "y");

    [Fact]
    public void P10_a_namespace_selector_alone_means_all_its_pods() =>
        Expect($"ingress: [{{from: [{{{NsX}}}]}}]", p => p.SourceNamespace == "x");

    [Fact]
    public void P10_an_empty_namespace_selector_is_every_pod_and_nothing_outside()
    {
        var cluster = Grid.With(Yaml.Policy("y", "p", "ingress: [{from: [{namespaceSelector: {}}]}]"));
        Grid.Expect(cluster, _ => true);
        Assert.False(cluster.AllowsIngress("y/a", "203.0.113.9", Contracts.V1.Protocol.Tcp, 80));
        Assert.False(cluster.AllowsIngress("y/a", "10.244.1.200", Contracts.V1.Protocol.Tcp, 80));
    }

    [Fact]
    public void P11_selectors_in_one_element_are_anded() =>
        Expect($"ingress: [{{from: [{{{NsX}, {PodB}}}]}}]", p => p.Source == "x/b");

    [Fact]
    public void P11_selectors_in_two_elements_are_ored() =>
        Expect($"ingress: [{{from: [{{{NsX}}}, {{{PodB}}}]}}]", p => p.SourceNamespace == "x" || p.Source == "y/b");

    [Theory]
    [InlineData("{matchLabels: {kubernetes.io/metadata.name: x}}", "x")]
    [InlineData("{matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [x]}]}", "yz")]
    public void P12_namespaces_go_by_name(string selector, string namespaces) =>
        Expect(
            $"ingress: [{{from: [{{namespaceSelector: {selector}}}]}}]",
            p => namespaces.Contains(p.SourceNamespace, StringComparison.Ordinal));

    [Fact]
    public void P12_a_namespace_without_an_object_still_has_its_name()
    {
        var objects = Yaml.Objects(
            Grid.Nodes,
            Yaml.Pod("bare", "a", "10.244.1.5", "n1"),
            Yaml.Pod("other", "b", "10.244.1.6", "n1"),
            Yaml.Policy("bare", "p", "ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: bare}}}]}]"));
        var cluster = new CompiledCluster(objects);
        Assert.False(cluster.Allows("other/b", "bare/a", Contracts.V1.Protocol.Tcp, 80));
    }

    [Fact]
    public void P12_a_namespace_object_cannot_claim_another_name()
    {
        var objects = Yaml.Objects(
            Grid.Nodes,
            Yaml.Namespace("liar", "kubernetes.io/metadata.name: trusted"),
            Yaml.Pod("liar", "a", "10.244.1.5", "n1"),
            Yaml.Pod("home", "b", "10.244.1.6", "n1"),
            Yaml.Policy("home", "p", "ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: trusted}}}]}]"));
        Assert.False(new CompiledCluster(objects).Allows("liar/a", "home/b", Contracts.V1.Protocol.Tcp, 80));
    }

    [Fact]
    public void Egress_peers_are_read_from_to() =>
        Grid.Expect(
            Grid.With(Yaml.Policy("y", "p", $"policyTypes: [Egress], egress: [{{to: [{{{NsX}, {PodB}}}]}}]")),
            p => p.SourceNamespace != "y" || p.Destination == "x/b");

    // One ingress policy over all of namespace y.
    private static void Expect(string rules, Func<Probe, bool> allowedIntoY) =>
        Grid.Expect(Grid.With(Yaml.Policy("y", "p", rules)), p => p.DestinationNamespace != "y" || allowedIntoY(p));
}
