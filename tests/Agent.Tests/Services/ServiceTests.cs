using Dataplane.Agent.Desired;
using Dataplane.Agent.Model;
using Dataplane.Agent.Tests.Clusters;
using V1 = Dataplane.Contracts.V1;

namespace Dataplane.Agent.Tests.Services;

/// <summary>Services and their EndpointSlices: K1-K4, K18, K27.</summary>
public class ServiceTests
{
    private const string Web = "ports: [{port: 80, targetPort: 9}]";

    private readonly StateCompiler _compiler = new("n1");

    [Fact]
    public void A_service_port_is_one_message_with_its_cluster_ip()
    {
        var service = Assert.Single(Compile(Service(Web), Slice("{port: 8080}", "{addresses: [10.244.1.5], nodeName: n1}, {addresses: [10.244.2.5], nodeName: n2}")));
        Assert.Equal(("default", "web", "", V1.Protocol.Tcp), (service.Namespace, service.Name, service.PortName, service.Protocol));
        var frontend = Assert.Single(service.Frontends);
        Assert.Equal((V1.Frontend.Types.Kind.ClusterIp, "10.96.0.10", 80u), (frontend.Kind, frontend.Address, frontend.Port));
        Assert.Equal(["10.244.1.5:8080@n1", "10.244.2.5:8080@n2"], Backends(service));
    }

    [Theory]
    [InlineData("service.kubernetes.io/service-proxy-name: other")]
    [InlineData("service.kubernetes.io/headless: ''")]
    public void K1_labelled_services_are_another_proxys(string label)
    {
        Assert.Empty(Compile(Service(Web, label)));
        Assert.Single(Compile(Service(Web)));
        Assert.Empty(Compile(Service(Web, label)));
    }

    [Theory]
    [InlineData("service.kubernetes.io/service-proxy-name: other")]
    [InlineData("service.kubernetes.io/headless: ''")]
    public void K1_labelled_slices_do_not_count_and_nothing_is_derived_instead(string label) =>
        Assert.Empty(Backends(Assert.Single(Compile(
            Service(Web + ", selector: {app: web}"),
            Yaml.Pod("default", "a", "10.244.1.9", "n1", "app: web"),
            Slice("{port: 80}", "{addresses: [10.244.1.5]}").Replace("labels: {", $"labels: {{{label}, ", StringComparison.Ordinal)))));

    [Theory]
    [InlineData("clusterIP: None")]
    [InlineData("clusterIP: ''")]
    [InlineData("clusterIPs: [None]")]
    [InlineData("type: ExternalName, externalName: example.org")]
    [InlineData("type: ExternalName, externalName: example.org, clusterIP: 10.96.0.10")]
    public void K2_headless_and_external_name_services_are_skipped(string spec) =>
        Assert.Empty(Compile($"{{apiVersion: v1, kind: Service, metadata: {{name: web}}, spec: {{{spec}, {Web}}}}}"));

    [Fact]
    public void K2_a_service_without_cluster_ip_is_named_in_a_warning()
    {
        var desired = _compiler.Compile(Yaml.Objects($"{{apiVersion: v1, kind: Service, metadata: {{name: web}}, spec: {{{Web}}}}}"));
        Assert.Contains(desired.Warnings, w => w.StartsWith("Service default/web has no clusterIP", StringComparison.Ordinal));
    }

    [Fact]
    public void K3_ports_are_told_apart_by_name_and_protocol()
    {
        var services = Compile(
            Service("ports: [{name: http, port: 80, targetPort: 1}, {name: dns, port: 53, protocol: UDP}, {name: dns-tcp, port: 53}, {name: assoc, port: 53, protocol: SCTP}]"),
            Slice("{name: http, port: 8080}, {name: dns, port: 5353, protocol: UDP}, {name: dns-tcp, port: 5354}, {name: assoc, port: 99, protocol: SCTP}", "{addresses: [10.244.1.5]}"));
        Assert.Equal(
            ["assoc Sctp 53 > 10.244.1.5:99@", "dns Udp 53 > 10.244.1.5:5353@", "dns-tcp Tcp 53 > 10.244.1.5:5354@", "http Tcp 80 > 10.244.1.5:8080@"],
            services.Select(s => $"{s.PortName} {s.Protocol} {s.Frontends[0].Port} > {Backends(s).Single()}"));
    }

    [Fact]
    public void K3_a_slice_port_of_another_name_or_protocol_is_not_the_services() =>
        Assert.Empty(Backends(Assert.Single(Compile(
            Service("ports: [{name: http, port: 80}]"),
            Slice("{name: other, port: 80}, {name: http, port: 80, protocol: UDP}".Replace("http", "http2", StringComparison.Ordinal), "{addresses: [10.244.1.5]}")))));

    [Fact]
    public void K4_endpoints_of_several_slices_are_one_set_without_doubles()
    {
        var service = Assert.Single(Compile(
            Service(Web),
            Slice("{port: 80}", "{addresses: [10.244.1.5], nodeName: n2}, {addresses: [10.244.1.6, 10.244.1.7]}"),
            Slice("{port: 80}", "{addresses: [10.244.1.5], nodeName: n1}", "web-2"),
            Slice("{port: 81}", "{addresses: [10.244.1.5], nodeName: n1}", "web-3")));
        Assert.Equal(["10.244.1.5:80@n1", "10.244.1.5:81@n1", "10.244.1.6:80@"], Backends(service));
    }

    [Theory]
    [InlineData("{name: ''}")]
    [InlineData("{port: null}")]
    [InlineData("{port: 0}")]
    public void K4_slice_ports_without_number_are_left_out(string port) =>
        Assert.Empty(Backends(Assert.Single(Compile(Service(Web), Slice(port, "{addresses: [10.244.1.5]}")))));

    [Fact]
    public void K4_hostnames_are_left_out() =>
        Assert.Empty(Backends(Assert.Single(Compile(
            Service(Web), Slice("{port: 80}", "{addresses: [example.org]}").Replace("IPv4", "FQDN", StringComparison.Ordinal)))));

    [Fact]
    public void K18_a_service_without_endpoints_is_there_with_no_backends() =>
        Assert.Empty(Backends(Assert.Single(Compile(Service(Web)))));

    [Fact]
    public void K27_both_families_are_served_and_chosen_apart()
    {
        var service = Assert.Single(Compile(
            Service(Web).Replace("clusterIP: 10.96.0.10", "clusterIPs: [10.96.0.10, 'FD00:96::A']", StringComparison.Ordinal),
            Slice("{port: 80}", "{addresses: [10.244.1.5], conditions: {ready: true}}"),
            Slice("{port: 80}", "{addresses: ['fd00::5'], conditions: {ready: false, serving: true, terminating: true}}", "web-6").Replace("IPv4", "IPv6", StringComparison.Ordinal)));
        Assert.Equal(["10.96.0.10", "fd00:96::a"], service.Frontends.Select(f => f.Address));
        Assert.Equal(["10.244.1.5:80@", "fd00::5:80@"], Backends(service));
    }

    [Fact]
    public void K27_backends_of_a_family_that_the_service_lacks_are_left_out() =>
        Assert.Empty(Backends(Assert.Single(Compile(
            Service(Web), Slice("{port: 80}", "{addresses: ['fd00::5']}").Replace("IPv4", "IPv6", StringComparison.Ordinal)))));

    [Fact]
    public void A_service_that_did_not_change_stays_the_same_message()
    {
        var objects = Yaml.Objects(Service(Web), Slice("{port: 80}", "{addresses: [10.244.1.5]}"));
        var other = Yaml.Objects(Service(Web).Replace("name: web", "name: other", StringComparison.Ordinal).Replace("0.10", "0.11", StringComparison.Ordinal));
        var first = Assert.Single(_compiler.Compile(objects).State.Services);
        var grown = ClusterObjects.Of([.. objects.Services, .. objects.EndpointSlices, .. other.Services]);
        Assert.Same(first, _compiler.Compile(grown).State.Services.Single(s => s.Name == "web"));
    }

    private List<V1.Service> Compile(params string[] texts) => [.. _compiler.Compile(Yaml.Objects(texts)).State.Services];

    private static string[] Backends(V1.Service service) => [.. service.Backends.Select(b => $"{b.Address}:{b.Port}@{b.Node}")];

    private static string Service(string spec, string labels = "") => $$"""
        apiVersion: v1
        kind: Service
        metadata: {name: web, labels: { {{labels}} } }
        spec: { clusterIP: 10.96.0.10, {{spec}} }
        """;

    private static string Slice(string ports, string endpoints, string name = "web-1") => $$"""
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: {{name}}, labels: {kubernetes.io/service-name: web} }
        addressType: IPv4
        ports: [{{ports}}]
        endpoints: [{{endpoints}}]
        """;
}
