using System.Text.Json.Nodes;
using Dataplane.Agent.Desired;
using Dataplane.Agent.Model;
using Dataplane.Agent.Tests.Clusters;
using Dataplane.Agent.Tests.Manifests;
using Dataplane.Agent.Tests.Services;

namespace Dataplane.Agent.Tests.ApiServer;

/// <summary>An object means the same from either source, in any version, and one that cannot be read opens nothing.</summary>
public sealed class MeaningTests : AsyncDisposableTest
{
    private static readonly string Cluster = Grid.Text
        + Yaml.Policy("x", "deny", "podSelector: {matchLabels: {pod: a}}, policyTypes: [Ingress, Egress], ingress: [{from: [{namespaceSelector: {matchLabels: {ns: y}}}], ports: [{port: serve-80-tcp}]}]")
        + Yaml.Policy("z", "out", "podSelector: {}, egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.244.2.0/24]}}], ports: [{port: 80, endPort: 90}]}]")
        + Yaml.Pod("x", "h", "10.244.1.99", "n1", "pod: h", "{name: web, containerPort: 80, hostPort: 8080}")
        + ServiceYaml.Service("type: LoadBalancer, externalTrafficPolicy: Local, healthCheckNodePort: 32000, sessionAffinity: ClientIP, ports: [{port: 80, nodePort: 30080}]", ingress: "{ip: 203.0.113.5}")
        + ServiceYaml.Slice("{addresses: [10.244.1.11], nodeName: n1, hints: {forZones: [{name: z1}]}}, {addresses: [10.244.2.12], nodeName: n2, conditions: {ready: false, serving: true, terminating: true}}");

    private readonly FollowedServer _followed = new();

    private FakeApiServer Server => _followed.Server;

    public override ValueTask DisposeAsync() => _followed.DisposeAsync();

    [Fact]
    public async Task A_cluster_comes_to_the_same_state_by_directory_and_by_API_server()
    {
        Server.Put(Cluster);
        await _followed.StartAsync();
        var view = await _followed.NextAsync();
        foreach (var node in new[] { "n1", "n2" })
        {
            var expected = new StateCompiler(node).Compile(Yaml.Objects(Cluster));
            var found = new StateCompiler(node).Compile(view);
            Assert.NotEmpty(expected.State.Policies);
            Assert.NotEmpty(expected.State.Services);
            Assert.Equal(expected.State, found.State);
            Assert.Equal(expected.Warnings, found.Warnings);
        }
    }

    [Fact]
    public async Task A_cluster_that_came_by_changes_is_in_the_same_state_as_one_that_was_listed()
    {
        Server.Put(Grid.Nodes);
        await _followed.StartAsync();
        await _followed.NextAsync();
        await _followed.WatchingAsync();
        Server.Put(Yaml.Policy("y", "passing", "podSelector: {}"));
        Server.Put(Cluster);
        Server.Delete("networkpolicies", "y/passing");
        var compiler = new StateCompiler("n1");
        var expected = new StateCompiler("n1").Compile(Yaml.Objects(Cluster)).State;
        // Identities are numbered in the order of their coming; compare with a compiler that sees all at once.
        var view = await _followed.UntilAsync(v => compiler.Compile(v).State is { } s && s.Workloads.Count == expected.Workloads.Count
            && s.Services.Count == expected.Services.Count && v.NetworkPolicies.Count == 2 && v.EndpointSlices.Count == 1);
        Assert.Equal(expected, new StateCompiler("n1").Compile(view).State);
    }

    [Fact]
    public async Task P34_a_pod_of_the_API_server_cannot_give_itself_an_address_by_its_annotations()
    {
        // Pending for ever, and the younger of the two: it would take the address, and with it the identity, of the one that runs.
        const string Thief = """
            {apiVersion: v1, kind: Pod, metadata: {namespace: z, name: thief, labels: {pod: thief}, creationTimestamp: "2030-01-01T00:00:00Z",
             annotations: {dataplane.dev/ip: 10.244.1.11}}, spec: {nodeSelector: {none: such}}, status: {phase: Pending}}
            """;
        Server.Put(Cluster);
        Server.Put(Thief);
        await _followed.StartAsync();
        var view = await _followed.NextAsync();
        Assert.Empty(Assert.Single(view.Pods, p => p.Meta.Name == "thief").Addresses);
        var without = new StateCompiler("n1").Compile(Yaml.Objects(Cluster)).State;
        Assert.Equal(without.Ipcache.Select(e => (e.Cidr, e.Owner)), new StateCompiler("n1").Compile(view).State.Ipcache.Select(e => (e.Cidr, e.Owner)));
        // The manifests of a directory are their operator's own word.
        Assert.Single(Assert.Single(Yaml.Objects(Thief).Pods).Addresses);
    }

    [Fact]
    public async Task A_server_without_discovery_v1_is_asked_for_v1beta1_and_its_topology_is_understood()
    {
        Server.Missing.Add("discovery.k8s.io/v1");
        Server.Put(Cluster);
        // As Kubernetes 1.20 has it: no nodeName, no hints, the node's name under the label of its host name.
        var slice = ObjectJson.Of(ServiceYaml.Slice(
            "{addresses: [10.244.1.11], topology: {kubernetes.io/hostname: n1, topology.kubernetes.io/zone: z1}}, {addresses: [10.244.2.12], topology: {kubernetes.io/hostname: n2}, conditions: {ready: true}}"))[0];
        slice["apiVersion"] = "discovery.k8s.io/v1beta1";
        Server.Put(slice);
        await _followed.StartAsync();
        var endpoints = Assert.Single((await _followed.NextAsync()).EndpointSlices).Endpoints;
        Assert.Equal(["n1", "n2"], endpoints.Select(e => e.NodeName));
        Assert.All(endpoints, e => Assert.True(e.Ready && e.Serving && !e.Terminating));
        await _followed.WatchingAsync();
        Assert.Equal(1, Server.Count("/apis/discovery.k8s.io/v1/endpointslices"));
        Assert.Equal(1, Server.Count("/apis/discovery.k8s.io/v1beta1/endpointslices?watch=true"));
        Assert.Equal(0, _followed.Kind("EndpointSlice").Failures);
        // Changes are in that version, too; a nodeName counts where a gate adds it.
        var changed = (JsonObject)slice.DeepClone();
        changed["endpoints"]![1]!["nodeName"] = "n3";
        Server.Put(changed);
        Assert.Equal(["n1", "n3"], (await _followed.NextAsync()).EndpointSlices[0].Endpoints.Select(e => e.NodeName));
        // The server is upgraded, past the version that has both.
        Server.Missing.Clear();
        Server.Missing.Add("discovery.k8s.io/v1beta1");
        Server.DropWatches();
        var upgraded = ObjectJson.Of(ServiceYaml.Slice("{addresses: [10.244.1.11], nodeName: n4}"))[0];
        Server.Put(upgraded);
        await _followed.UntilAsync(v => v.EndpointSlices[0].Endpoints[0].NodeName == "n4");
    }

    [Fact]
    public async Task A_server_that_has_no_version_of_a_kind_holds_everything()
    {
        Server.Missing.UnionWith(["discovery.k8s.io/v1", "discovery.k8s.io/v1beta1"]);
        await _followed.StartAsync();
        await FollowedServer.WaitAsync(() => _followed.Log.Holds("EndpointSlice: 404 NotFound: the server could not find the requested resource (the server must serve one of discovery.k8s.io/v1, discovery.k8s.io/v1beta1)"), "say so");
        await _followed.ExpectNothingAsync(100);
    }

    [Fact]
    public async Task Of_an_object_that_cannot_be_read_the_last_good_version_stays_in_force()
    {
        Server.Put(Cluster);
        await _followed.StartAsync();
        var before = await _followed.NextAsync();
        await _followed.WatchingAsync();
        var bad = ObjectJson.Of(ServiceYaml.Service("type: NodePort"))[0];
        bad["spec"]!["type"] = "Teleport";
        Server.Put(bad);
        await FollowedServer.WaitAsync(() => _followed.Log.Holds("Service default/web: spec.type: unknown type \"Teleport\""), "say so");
        Assert.True(_followed.Log.Holds("; its last good version stays in force"));
        Server.Put(Names.Namespaces("next"));
        var after = await _followed.NextAsync();
        Assert.Same(before.Services[0], after.Services[0]);
        Assert.Equal(1, _followed.Telemetry.FaultsOf("Service"));
        // By a list as well.
        Server.Compact();
        Server.Put(Names.Namespaces("later"));
        Server.Compact();
        Server.DropWatches();
        Assert.Same(before.Services[0], (await _followed.UntilAsync(v => v.Namespaces.Any(n => n.Meta.Name == "later"))).Services[0]);
        Server.Put(ServiceYaml.Service("type: NodePort"));
        Assert.Equal(ServiceType.NodePort, (await _followed.UntilAsync(v => v.Services.Count == 1 && !ReferenceEquals(v.Services[0], before.Services[0]))).Services[0].Type);
        Assert.True(_followed.Log.Holds("Service default/web: is good again"));
        Assert.Equal(0, _followed.Telemetry.FaultsOf("Service"));
        // What is deleted is gone, good or not.
        bad = ObjectJson.Of(ServiceYaml.Service("type: Teleport"))[0];
        Server.Put(bad);
        Server.Delete("services", "default/web");
        await _followed.UntilAsync(v => v.Services.Count == 0);
    }

    [Fact]
    public async Task F5_a_policy_that_was_never_understood_closes_its_namespace_and_no_other()
    {
        Server.Put(Grid.Text);
        var bad = ObjectJson.Of(Yaml.Policy("x", "new", "podSelector: {}"))[0];
        bad["spec"]!["policyTypes"] = new JsonArray("Sideways");
        Server.Put(bad);
        await _followed.StartAsync();
        var view = await _followed.NextAsync();
        Assert.True(_followed.Log.Holds("NetworkPolicy x/new: spec.policyTypes[0]: unknown policy type \"Sideways\" (Ingress or Egress); all pods of namespace x are closed until it can be read"));
        Grid.Expect(new CompiledCluster(view), probe => !probe.Source.StartsWith("x/", StringComparison.Ordinal) && !probe.Destination.StartsWith("x/", StringComparison.Ordinal));
        Server.Delete("networkpolicies", "x/new");
        Grid.Expect(new CompiledCluster(await _followed.NextAsync()), _ => true);
    }
}
