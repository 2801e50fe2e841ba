using Dataplane.Agent.Desired;
using Dataplane.Agent.Model;
using Dataplane.Agent.Sync;
using Dataplane.Agent.Tests.Clusters;
using static Dataplane.Agent.Tests.Services.ServiceYaml;

namespace Dataplane.Agent.Tests.Services;

/// <summary>Services that change while they are served: K1, K2, K4.</summary>
public class TransitionTests
{
    private const string Endpoint = "{addresses: [10.244.1.5], nodeName: n1}";

    [Theory]
    [InlineData("", "", true)]
    [InlineData("", "service.kubernetes.io/service-proxy-name: mine", false)]
    [InlineData("", "service.kubernetes.io/service-proxy-name: ''", false)]
    [InlineData("", "service.kubernetes.io/headless: ''", false)]
    [InlineData("mine", "", false)]
    [InlineData("mine", "service.kubernetes.io/service-proxy-name: mine", true)]
    [InlineData("mine", "service.kubernetes.io/service-proxy-name: other", false)]
    [InlineData("mine", "service.kubernetes.io/service-proxy-name: mine, service.kubernetes.io/headless: ''", false)]
    public void K1_the_label_says_whose_a_service_is_and_may_change_at_any_time(string name, string labels, bool ours)
    {
        var compiler = new StateCompiler("n1", new ServiceOptions { ProxyName = name });
        var otherwise = ours ? "service.kubernetes.io/headless: ''" : name.Length > 0 ? $"service.kubernetes.io/service-proxy-name: {name}" : "";
        Assert.Equal(ours ? 1 : 0, Count(labels));
        Assert.Equal(ours ? 0 : 1, Count(otherwise));
        Assert.Equal(ours ? 1 : 0, Count(labels));

        int Count(string text) => compiler.Compile(Yaml.Objects(Service(labels: text), Slice(Endpoint))).Services.Count;
    }

    [Theory]
    [InlineData("", "", true)]
    [InlineData("", "service.kubernetes.io/service-proxy-name: mine", false)]
    [InlineData("mine", "", true)]
    [InlineData("mine", "service.kubernetes.io/service-proxy-name: mine", true)]
    [InlineData("mine", "service.kubernetes.io/service-proxy-name: other", false)]
    [InlineData("mine", "service.kubernetes.io/headless: ''", false)]
    public void K1_slices_of_another_proxy_do_not_count(string name, string labels, bool counts)
    {
        var compiler = new StateCompiler("n1", new ServiceOptions { ProxyName = name });
        var service = Service(labels: name.Length > 0 ? $"service.kubernetes.io/service-proxy-name: {name}" : "");
        var slice = Slice(Endpoint).Replace("labels: {", $"labels: {{{labels}{(labels.Length > 0 ? ", " : "")}", StringComparison.Ordinal);
        Assert.Equal(counts ? 1 : 0, Assert.Single(compiler.Compile(Yaml.Objects(service, slice)).Services).Backends.Count);
    }

    [Fact]
    public void K2_a_service_converges_from_every_type_to_every_other()
    {
        string[] specs =
        [
            "type: ClusterIP", "type: NodePort, ports: [{port: 80, nodePort: 30080}]", "type: LoadBalancer, ports: [{port: 80, nodePort: 30080}]",
            "type: ExternalName, externalName: example.org", "type: ExternalName, externalName: example.org, clusterIP: ''", "clusterIP: None",
        ];
        string[] expected = ["10.96.0.10:80", "10.96.0.10:80 :30080", "10.96.0.10:80 :30080 192.0.2.7:80", "", "", ""];
        var compiler = new StateCompiler("n1");
        var applied = DesiredState.Empty;
        for (var from = 0; from < specs.Length; from++)
        {
            for (var to = 0; to < specs.Length; to++)
            {
                Check(from);
                Check(to);
            }
        }

        void Check(int i)
        {
            var state = compiler.Compile(Yaml.Objects(Service(specs[i], ingress: "{ip: 192.0.2.7}"), Slice(Endpoint)));
            Assert.Equal(expected[i], string.Join(' ', state.Services.SelectMany(s => s.Frontends).Select(f => $"{f.Address}:{f.Port}")));
            Assert.All(state.Services, s => Assert.Equal(["10.244.1.5:8080 ClusterAndLocal"], Backends(s)));
            // What goes is deleted.
            var diff = StateDiff.Between(applied, state);
            Assert.Equal(applied.Services.Count > 0 && state.Services.Count == 0 ? 1 : 0, diff.Deletes.Services.Count);
            applied = state;
        }
    }

    [Fact]
    public void K4_an_endpoint_that_moves_to_another_slice_never_misses()
    {
        var compiler = new StateCompiler("n1");
        var other = "{addresses: [10.244.2.5], nodeName: n2}";
        Assert.Equal(2, Count(Slice($"{Endpoint}, {other}")));
        // In both at once, then only in the new one; and the way back in a single view.
        Assert.Equal(2, Count(Slice($"{Endpoint}, {other}"), Slice(Endpoint, "web-2")));
        Assert.Equal(2, Count(Slice(other), Slice(Endpoint, "web-2")));
        Assert.Equal(2, Count(Slice(Endpoint), Slice(other, "web-2")));
        Assert.Equal(2, Count(Slice($"{Endpoint}, {other}", "web-2")));
        Assert.Equal(0, Count());

        int Count(params string[] slices) => Assert.Single(compiler.Compile(Yaml.Objects([Service(), .. slices])).Services).Backends.Count;
    }

    [Fact]
    public void K4_a_slice_may_be_given_to_another_service()
    {
        var compiler = new StateCompiler("n1");
        string[] services = [Service(), Service("clusterIP: 10.96.0.11", "web2")];
        Assert.Equal([1, 0], Counts(Slice(Endpoint)));
        Assert.Equal([0, 1], Counts(Slice(Endpoint, service: "web2")));
        Assert.Equal([0, 0], Counts(Slice(Endpoint, service: "''")));

        int[] Counts(string slice) => [.. compiler.Compile(Yaml.Objects([.. services, slice])).Services.Select(s => s.Backends.Count)];
    }

    [Fact]
    public void Slices_may_come_before_their_service_and_stay_after_it()
    {
        var compiler = new StateCompiler("n1");
        Assert.Empty(compiler.Compile(Yaml.Objects(Slice(Endpoint))).Services);
        Assert.Single(Assert.Single(compiler.Compile(Yaml.Objects(Slice(Endpoint), Service())).Services).Backends);
        Assert.Empty(compiler.Compile(Yaml.Objects(Slice(Endpoint))).Services);
        Assert.Empty(compiler.Compile(Yaml.Objects(Service())).Services.Single().Backends);
    }

    [Fact]
    public void A_service_goes_together_with_the_pods_it_was_derived_from()
    {
        var compiler = new StateCompiler("n1");
        var service = Service("selector: {app: web}");
        Assert.Single(compiler.Compile(Yaml.Objects(service, Yaml.Pod("default", "a", "10.244.1.5", "n1", "app: web"))).Services.Single().Backends);
        Assert.Empty(compiler.Compile(ClusterObjects.Empty).Services);
        Assert.Single(compiler.Compile(Yaml.Objects(service, Yaml.Pod("default", "a", "10.244.1.5", "n1", "app: web"))).Services.Single().Backends);
    }

    [Fact]
    public void A_change_that_means_nothing_leaves_the_message_as_it_is()
    {
        var compiler = new StateCompiler("n1");
        var before = compiler.Compile(Yaml.Objects(Service(), Slice(Endpoint)));
        var after = compiler.Compile(Yaml.Objects(Service(labels: "a: b"), Slice(Endpoint)));
        Assert.Same(before.Services, after.Services);
        Assert.Same(before.Warnings, after.Warnings);
        Assert.True(StateDiff.Between(before, after).IsEmpty);
    }

    [Fact]
    public void Ports_without_a_local_endpoint_are_counted_by_policy()
    {
        var compiler = new StateCompiler("n1");
        const string Remote = "{addresses: [10.244.2.5], nodeName: n2}";
        const string Both = "internalTrafficPolicy: Local, externalTrafficPolicy: Local, type: NodePort, ports: [{name: a, port: 80, nodePort: 30080}, {name: b, port: 81, nodePort: 30081}]";
        Assert.Equal(new LocalGaps(2, 2), Gaps(Both, Remote));
        Assert.Equal(new LocalGaps(0, 0), Gaps(Both, Endpoint));
        Assert.Equal(new LocalGaps(2, 0), Gaps(Both.Replace("externalTrafficPolicy: Local", "externalTrafficPolicy: Cluster", StringComparison.Ordinal), Remote));
        Assert.Equal(new LocalGaps(2, 2), Gaps(Both, Remote));
        // Without any endpoint they are refused, not dropped.
        Assert.Equal(new LocalGaps(0, 0), Gaps(Both, ""));

        LocalGaps Gaps(string spec, string endpoints) =>
            compiler.Compile(Yaml.Objects(Service(spec), Slice(endpoints, ports: "{name: a, port: 1}, {name: b, port: 2}"))).Gaps;
    }
}
