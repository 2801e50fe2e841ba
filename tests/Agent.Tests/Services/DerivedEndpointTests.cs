using Dataplane.Agent.Desired;
using Dataplane.Agent.Model;
using Dataplane.Agent.Tests.Clusters;
using V1 = Dataplane.Contracts.V1;

namespace Dataplane.Agent.Tests.Services;

/// <summary>Endpoints from pods, for services that no EndpointSlice refers to.</summary>
public class DerivedEndpointTests
{
    [Theory]
    [InlineData("port: 80", "10.244.1.5:80")]
    [InlineData("port: 80, targetPort: 8080", "10.244.1.5:8080")]
    [InlineData("port: 80, targetPort: http", "10.244.1.5:9090")]
    [InlineData("port: 80, targetPort: http, protocol: UDP", "")]
    [InlineData("port: 80, targetPort: unknown", "")]
    public void The_target_port_is_a_number_or_a_name_or_the_port(string port, string expected) =>
        Assert.Equal(
            expected, Derive($"ports: [{{{port}}}]", Pod("a", "10.244.1.5", "app: web", "{name: http, containerPort: 9090}")));

    [Fact]
    public void Pods_are_chosen_by_label_in_the_services_namespace() =>
        Assert.Equal("10.244.1.5:80", Derive(
            "ports: [{port: 80}]",
            Pod("a", "10.244.1.5", "app: web, tier: front"),
            Pod("b", "10.244.1.6", "app: db"),
            Yaml.Pod("other", "c", "10.244.1.7", "n1", "app: web")));

    [Theory]
    [InlineData("phase: Running", true)]
    [InlineData("phase: Running, conditions: [{type: Ready, status: 'True'}]", true)]
    [InlineData("phase: Running, conditions: [{type: Ready, status: 'False'}]", false)]
    [InlineData("phase: Running, conditions: [{type: Initialized, status: 'False'}]", true)]
    [InlineData("phase: Succeeded", false)]
    [InlineData("phase: Failed", false)]
    public void Readiness_is_the_condition_where_there_is_one(string status, bool ready) =>
        Assert.Equal(
            ready ? "10.244.1.5:80" : "",
            Derive("ports: [{port: 80}]", Yaml.Pod("default", "a", "10.244.1.5", "n1", "app: web", status: status)));

    [Fact]
    public void Unready_pods_may_be_published() =>
        Assert.Equal("10.244.1.5:80", Derive(
            "publishNotReadyAddresses: true, ports: [{port: 80}]",
            Yaml.Pod("default", "a", "10.244.1.5", "n1", "app: web", status: "conditions: [{type: Ready, status: 'False'}]")));

    [Fact]
    public void A_terminating_pod_gives_way_and_serves_when_it_is_the_last()
    {
        var leaving = Pod("a", "10.244.1.5", "app: web").Replace("name: a,", "name: a, deletionTimestamp: '2026-01-01T00:00:00Z',", StringComparison.Ordinal);
        Assert.Equal("10.244.1.6:80", Derive("ports: [{port: 80}]", leaving, Pod("b", "10.244.1.6", "app: web")));
        Assert.Equal("10.244.1.5:80", Derive("ports: [{port: 80}]", leaving));
    }

    [Fact]
    public void Host_network_pods_are_endpoints_too() =>
        Assert.Equal("192.168.0.1:80", Derive(
            "ports: [{port: 80}]", Yaml.Pod("default", "a", "192.168.0.1", "n1", "app: web", spec: "hostNetwork: true")));

    [Fact]
    public void The_address_may_be_an_annotation()
    {
        const string Text = "{apiVersion: v1, kind: Pod, metadata: {name: a, labels: {app: web}, annotations: {dataplane.dev/ip: 10.244.1.5}}, spec: {nodeName: n1}}";
        Assert.Equal("10.244.1.5:80", Derive("ports: [{port: 80}]", Text));
    }

    [Fact]
    public void Slices_replace_derivation_even_when_they_are_empty()
    {
        const string Slice = "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: s, labels: {kubernetes.io/service-name: web}}, addressType: IPv4, endpoints: [], ports: []}";
        Assert.Equal("", Derive("ports: [{port: 80}]", Pod("a", "10.244.1.5", "app: web"), Slice));
    }

    // The endpoint slice controller would write the hints; here nobody does (K21).
    [Theory]
    [InlineData("", "10.244.1.5 10.244.2.5 10.244.3.5")]
    [InlineData("trafficDistribution: PreferSameNode, ", "10.244.1.5")]
    [InlineData("trafficDistribution: PreferSameZone, ", "10.244.1.5 10.244.2.5")]
    [InlineData("trafficDistribution: PreferClose, ", "10.244.1.5 10.244.2.5")]
    public void K21_the_distribution_is_that_of_the_nodes(string distribution, string expected)
    {
        string[] pods = [Pod("a", "10.244.1.5", "app: web"), Yaml.Pod("default", "b", "10.244.2.5", "n2", "app: web"), Yaml.Pod("default", "c", "10.244.3.5", "n3", "app: web")];
        string[] nodes = [ServiceYaml.Node("n1", Zone("a")), ServiceYaml.Node("n2", Zone("a")), ServiceYaml.Node("n3", Zone("b"))];
        var spec = distribution + "ports: [{port: 80}]";
        Assert.Equal(expected, Derive(spec, [.. pods, .. nodes]).Replace(":80", "", StringComparison.Ordinal));

        static string Zone(string zone) => $"topology.kubernetes.io/zone: {zone}";
    }

    [Fact]
    public void K21_another_nodes_zone_counts_when_it_changes()
    {
        var compiler = new StateCompiler("n1");
        var service = "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {clusterIP: 10.96.0.10, selector: {app: web}, trafficDistribution: PreferClose, ports: [{port: 80}]}}";
        var objects = Yaml.Objects(service, Pod("a", "10.244.1.5", "app: web"), Yaml.Pod("default", "b", "10.244.2.5", "n2", "app: web"), ServiceYaml.Node("n1", "topology.kubernetes.io/zone: a"));
        // Without a zone for every node there is no hint for every endpoint, and then all count.
        Assert.Equal(2, Eligible(""));
        Assert.Equal(1, Eligible("topology.kubernetes.io/zone: b"));
        Assert.Equal(2, Eligible("topology.kubernetes.io/zone: a"));

        // Nothing but the node changes.
        int Eligible(string labels) => compiler.Compile(objects = objects.With([], [Yaml.One<Node>(ServiceYaml.Node("n2", labels))]))
            .Services.Single().Backends.Count(b => b.Use is V1.Backend.Types.Use.Cluster or V1.Backend.Types.Use.ClusterAndLocal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("selector: {}, ")]
    public void Without_selector_nothing_is_derived(string selector)
    {
        var state = new StateCompiler("n1").Compile(Yaml.Objects(
            $"{{apiVersion: v1, kind: Service, metadata: {{name: web}}, spec: {{{selector}clusterIP: 10.96.0.10, ports: [{{port: 80}}]}}}}",
            Pod("a", "10.244.1.5", "app: web"))).State;
        Assert.Empty(Assert.Single(state.Services).Backends);
    }

    private static string Pod(string name, string address, string labels, string ports = "") =>
        Yaml.Pod("default", name, address, "n1", labels, ports);

    private static string Derive(string spec, params string[] others)
    {
        var service = $"{{apiVersion: v1, kind: Service, metadata: {{name: web}}, spec: {{clusterIP: 10.96.0.10, selector: {{app: web}}, {spec}}}}}";
        var state = new StateCompiler("n1").Compile(Yaml.Objects([service, .. others])).State;
        return string.Join(' ', Assert.Single(state.Services).Backends.Where(b => b.Use != V1.Backend.Types.Use.None).Select(b => $"{b.Address}:{b.Port}"));
    }
}
