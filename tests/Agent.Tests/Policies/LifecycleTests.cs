using Dataplane.Agent.Desired;
using Dataplane.Agent.Tests.Clusters;
using V1 = Dataplane.Contracts.V1;

namespace Dataplane.Agent.Tests.Policies;

/// <summary>Objects that come, change and go, each followed by a full truth table: P27-P29, P31.</summary>
public class LifecycleTests
{
    private readonly Dictionary<string, StateCompiler> _compilers = [];

    private static readonly string FromX = Yaml.Policy("y", "p", "ingress: [{from: [{namespaceSelector: {matchLabels: {ns: x}}}]}]");

    [Fact]
    public void P29_policies_come_change_and_go()
    {
        Expect(Grid.Text, _ => true);
        Expect(Grid.Text + FromX, p => p.DestinationNamespace != "y" || p.SourceNamespace == "x");
        Expect(
            Grid.Text + Yaml.Policy("y", "p", "ingress: [{from: [{podSelector: {}}], ports: [{port: 81, protocol: UDP}]}]"),
            p => p.DestinationNamespace != "y" || (p.SourceNamespace == "y" && p.IsUdp(81)));
        Expect(Grid.Text, _ => true);
    }

    [Fact]
    public void P31_allow_all_becomes_deny_all()
    {
        Expect(Grid.Text + Yaml.Policy("y", "p", "ingress: [{}]"), _ => true);
        Expect(Grid.Text + Yaml.Policy("y", "p", "ingress: []"), p => p.DestinationNamespace != "y");
    }

    [Fact]
    public void P38_each_direction_names_the_policies_that_isolate_it()
    {
        var state = Grid.With(
            Yaml.Policy("x", "in", "policyTypes: [Ingress]"), Yaml.Policy("x", "both", "policyTypes: [Ingress, Egress]"),
            Yaml.Policy("x", "nobody", "podSelector: {matchLabels: {pod: nobody}}")).State("n1");
        var workload = state.Workloads.First(w => w.Namespace == "x");
        var policy = state.Policies.Single(p => p.Id == workload.Policy);
        Assert.Equal(["x/both", "x/in"], policy.Ingress.IsolatedBy);
        Assert.Equal(["x/both"], policy.Egress.IsolatedBy);
        var other = state.Policies.Single(p => p.Id == state.Workloads.First(w => w.Namespace == "y").Policy);
        Assert.Empty(other.Ingress.IsolatedBy.Concat(other.Egress.IsolatedBy));
    }

    [Fact]
    public void P29_namespaces_are_relabelled()
    {
        Expect(Grid.Text + FromX, p => p.DestinationNamespace != "y" || p.SourceNamespace == "x");
        Expect(
            Grid.Text.Replace(Yaml.Namespace("z", "ns: z"), Yaml.Namespace("z", "ns: x"), StringComparison.Ordinal) + FromX,
            p => p.DestinationNamespace != "y" || p.SourceNamespace is "x" or "z");
        Expect(
            Grid.Text.Replace(Yaml.Namespace("x", "ns: x"), "", StringComparison.Ordinal) + FromX,
            p => p.DestinationNamespace != "y");
    }

    [Fact]
    public void P29_pods_are_relabelled()
    {
        var policy = Yaml.Policy("y", "p", "podSelector: {matchLabels: {pod: a}}, ingress: [{from: [{podSelector: {matchLabels: {pod: b}}}]}]");
        Expect(Grid.Text + policy, p => p.Destination != "y/a" || p.Source == "y/b");
        var relabelled = Grid.Text.Replace("namespace: y, name: c, labels: { pod: c }", "namespace: y, name: c, labels: { pod: b }", StringComparison.Ordinal);
        Assert.NotEqual(Grid.Text, relabelled);
        Expect(relabelled + policy, p => p.Destination != "y/a" || p.Source is "y/b" or "y/c");
        var isolated = Grid.Text.Replace("namespace: y, name: c, labels: { pod: c }", "namespace: y, name: c, labels: { pod: a }", StringComparison.Ordinal);
        Expect(isolated + policy, p => p.Destination is not ("y/a" or "y/c") || p.Source == "y/b");
    }

    [Fact]
    public void P28_a_pod_that_is_gone_leaves_every_peer_set()
    {
        var without = new CompiledCluster(Yaml.Objects(
            Grid.Nodes,
            Yaml.Namespace("d"),
            Yaml.Pod("d", "server", "10.244.1.5", "n1", "app: server"),
            Yaml.Pod("other", "stranger", "10.244.2.7", "n2", "app: stranger"),
            Yaml.Policy("d", "p", "podSelector: {matchLabels: {app: server}}, ingress: [{from: [{podSelector: {matchLabels: {app: client}}}]}]")));
        // The address was the client's a moment ago; its new pod inherits nothing.
        Assert.False(without.Allows("other/stranger", "d/server", V1.Protocol.Tcp, 80));
    }

    [Theory]
    [InlineData("Succeeded")]
    [InlineData("Failed")]
    public void P28_pods_that_ended_select_nothing(string phase)
    {
        var cluster = new CompiledCluster(Yaml.Objects(
            Grid.Nodes,
            Yaml.Pod("d", "server", "10.244.1.5", "n1", "app: server"),
            Yaml.Pod("d", "done", "10.244.1.6", "n1", "app: client", status: $"phase: {phase}"),
            Yaml.Policy("d", "p", "podSelector: {matchLabels: {app: server}}, ingress: [{from: [{podSelector: {matchLabels: {app: client}}}]}]")));
        Assert.False(cluster.AllowsIngress("d/server", "10.244.1.6", V1.Protocol.Tcp, 80));
        Assert.Equal("server", Assert.Single(cluster.State("n1").Workloads).Pod);
    }

    [Fact]
    public void P28_the_pod_that_is_not_terminating_has_a_contested_address()
    {
        var leaving = Yaml.Pod("d", "old", "10.244.1.6", "n1", "app: client")
            .Replace("name: old,", "name: old, deletionTimestamp: 2026-01-01T00:00:00Z,", StringComparison.Ordinal);
        var objects = Yaml.Objects(Grid.Nodes, leaving, Yaml.Pod("d", "zz-new", "10.244.1.6", "n1", "app: other"));
        var desired = new StateCompiler("n1").Compile(objects);
        Assert.Equal("d/zz-new", desired.State.Ipcache.Single(e => e.Cidr == "10.244.1.6/32").Owner);
        Assert.Contains(desired.Warnings, w => w.Contains("10.244.1.6 is claimed by Pod d/old and Pod d/zz-new", StringComparison.Ordinal));
    }

    [Fact]
    public void P27_a_local_pod_has_a_workload_before_it_has_an_address()
    {
        var pod = Yaml.Pod("d", "new", "x", "n1", "app: a").Replace("podIP: \"x\"", "", StringComparison.Ordinal);
        var state = new StateCompiler("n1").Compile(Yaml.Objects(Grid.Nodes, pod)).State;
        var workload = Assert.Single(state.Workloads);
        Assert.True(workload is { Pod: "new", Identity: >= 16, Policy: >= 1 });
    }

    [Fact]
    public void P28_a_workload_names_the_pod_by_its_uid_and_changes_with_it()
    {
        var pod = Yaml.Pod("d", "web-0", "10.244.1.6", "n1", "app: a");
        var compiler = new StateCompiler("n1");
        string Uid(string metadata) => Assert.Single(
            compiler.Compile(Yaml.Objects(Grid.Nodes, pod.Replace("name: web-0,", $"name: web-0, {metadata}", StringComparison.Ordinal))).State.Workloads).Uid;
        Assert.Equal("", Uid(""));
        Assert.Equal("one", Uid("uid: one,"));
        Assert.Equal("two", Uid("uid: two,"));
        // The runtime knows a static pod by the UID that the kubelet gave it, not by that of its mirror in the API.
        Assert.Equal("file", Uid("uid: two, annotations: {kubernetes.io/config.mirror: file},"));
    }

    [Fact]
    public void Only_local_pods_are_workloads_and_only_their_policies_are_sent()
    {
        var cluster = Grid.With(Yaml.Policy("x", "p", "podSelector: {}"));
        var all = cluster.State("n1").Workloads.Concat(cluster.State("n2").Workloads).Select(w => $"{w.Namespace}/{w.Pod}").ToList();
        Assert.Equal(9, all.Count);
        Assert.Equal(9, all.Distinct().Count());
    }

    // The same compilers throughout: what they remember must not show.
    private void Expect(string text, Func<Probe, bool> allowed)
    {
        var cluster = new CompiledCluster(
            Yaml.Objects(text),
            name => _compilers.TryGetValue(name, out var known) ? known : _compilers[name] = new StateCompiler(name));
        Grid.Expect(cluster, allowed);
    }
}
