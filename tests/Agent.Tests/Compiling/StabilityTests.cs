using Dataplane.Agent.Desired;
using Dataplane.Agent.Model;
using Dataplane.Agent.Tests.Clusters;
using V1 = Dataplane.Contracts.V1;

namespace Dataplane.Agent.Tests.Compiling;

/// <summary>Numbers of identities and policies stay with their content.</summary>
public class StabilityTests
{
    private static readonly string Web = Yaml.Pod("d", "web", "10.244.1.5", "n1", "app: web");
    private static readonly string Db = Yaml.Pod("d", "db", "10.244.1.6", "n1", "app: db");
    private static readonly string Deny = Yaml.Policy("d", "deny", "podSelector: {matchLabels: {app: web}}");

    private readonly StateCompiler _compiler = new("n1");

    [Fact]
    public void A_pod_keeps_its_numbers_while_others_come_and_go()
    {
        var before = Workload(Web, Deny);
        var between = Workload(Web, Db, Deny, Yaml.Policy("d", "other", "podSelector: {matchLabels: {app: db}}, ingress: [{}]"));
        var after = Workload(Web, Deny);
        Assert.Equal(before, between);
        Assert.Equal(before, after);
    }

    [Fact]
    public void Pods_with_equal_labels_share_an_identity_and_a_policy()
    {
        var state = _compiler.Compile(Yaml.Objects(Grid.Nodes, Web, Web.Replace("name: web", "name: web2", StringComparison.Ordinal).Replace("1.5", "1.7", StringComparison.Ordinal), Deny)).State;
        Assert.Single(state.Workloads.Select(w => (w.Identity, w.Policy)).Distinct());
        Assert.Single(state.Identities);
        Assert.Single(state.Policies);
    }

    [Fact]
    public void P37_pods_that_only_their_controller_tells_apart_share_an_identity_until_a_policy_does()
    {
        var pods = string.Concat(Enumerable.Range(0, 3).Select(i => Yaml.Pod(
            "d", $"db-{i}", $"10.244.1.{5 + i}", "n1", $"app: db, statefulset.kubernetes.io/pod-name: db-{i}, apps.kubernetes.io/pod-index: '{i}', controller-revision-hash: db-{i / 2}")));
        var open = _compiler.Compile(Yaml.Objects(Grid.Nodes, pods, Yaml.Policy("d", "p", "podSelector: {}, ingress: [{from: [{namespaceSelector: {}}]}]"))).State;
        Assert.Equal(["k8s:ns/d", "app=db"], Assert.Single(open.Identities).Labels);
        Assert.Single(Assert.Single(open.Policies).Ingress.Rules);
        // The subject's own selector tells them apart as well, and needs no identity for it.
        foreach (var (peer, subject, allowed) in new[]
        {
            ("matchLabels: {statefulset.kubernetes.io/pod-name: db-1}", "", "d/db-1"),
            ("matchExpressions: [{key: apps.kubernetes.io/pod-index, operator: NotIn, values: ['0', '2']}]", "matchLabels: {statefulset.kubernetes.io/pod-name: db-0}", "d/db-1"),
        })
        {
            var cluster = new CompiledCluster(Yaml.Objects(Grid.Nodes, pods, Yaml.Policy("d", "p", $"podSelector: {{{subject}}}, ingress: [{{from: [{{podSelector: {{{peer}}}}}]}}]")));
            Assert.Equal([allowed], new[] { "d/db-1", "d/db-2" }.Where(source => cluster.Allows(source, "d/db-0", V1.Protocol.Tcp, 80)));
            Assert.Equal(subject.Length > 0, cluster.Allows("d/db-2", "d/db-1", V1.Protocol.Tcp, 80));
        }
    }

    [Fact]
    public void Pods_without_policies_share_the_policy_that_allows_everything()
    {
        var state = _compiler.Compile(Yaml.Objects(Grid.Nodes, Web, Db)).State;
        var policy = Assert.Single(state.Policies);
        Assert.True(policy is { Id: >= 1, Ingress.Isolated: false, Egress.Isolated: false });
        Assert.All(state.Workloads, w => Assert.Equal(policy.Id, w.Policy));
    }

    [Fact]
    public void A_number_is_not_given_to_other_content()
    {
        var used = new HashSet<uint>();
        for (var i = 0; i < 20; i++)
        {
            var state = _compiler.Compile(Yaml.Objects(Grid.Nodes, Yaml.Pod("d", "p", "10.244.1.5", "n1", $"app: v{i}"))).State;
            Assert.True(used.Add(Assert.Single(state.Identities).Id));
        }
        Assert.All(used, id => Assert.True(id >= 16));
    }

    [Fact]
    public void A_relabelled_namespace_keeps_its_identities()
    {
        var one = Workload(Web, Yaml.Namespace("d", "team: a"));
        Assert.Equal(one, Workload(Web, Yaml.Namespace("d", "team: b")));
    }

    [Fact]
    public void Rules_name_the_policy_they_come_from()
    {
        var state = _compiler.Compile(Yaml.Objects(
            Grid.Nodes, Web, Db,
            Yaml.Policy("d", "b", "ingress: [{ports: [{port: 80}]}]"),
            Yaml.Policy("d", "a", "ingress: [{ports: [{port: 80}, {port: 81}]}]"))).State;
        var rules = Assert.Single(state.Policies).Ingress.Rules;
        Assert.Equal(["80 d/a", "81 d/a"], rules.Select(r => $"{r.FirstPort} {r.Origin}"));
    }

    // Readiness changes all the time, and policy does not ask for it.
    [Theory]
    [InlineData("", "", "conditions: [{type: Ready, status: 'False'}]", true)]
    [InlineData("", "", "phase: Pending", true)]
    [InlineData("", "", "phase: Succeeded", false)]
    [InlineData("app: other", "", "phase: Running", false)]
    [InlineData("", "{name: http, containerPort: 81}", "phase: Running", false)]
    [InlineData("", "{containerPort: 81, hostPort: 81}", "phase: Running", true)]
    public void A_change_that_policy_does_not_see_leaves_its_parts_as_they_are(string labels, string ports, string status, bool same)
    {
        var objects = Yaml.Objects(Grid.Nodes, Web, Db, Deny);
        var before = _compiler.Compile(objects);
        var changed = Yaml.One<Pod>(Yaml.Pod("d", "web", "10.244.1.5", "n1", labels.Length > 0 ? labels : "app: web", ports, status: status));
        objects = objects.With([], [changed]);
        var after = _compiler.Compile(objects);
        Assert.Equal(same, ReferenceEquals(before.Identities, after.Identities) && ReferenceEquals(before.Ipcache, after.Ipcache));
        Assert.Equal(new StateCompiler("n1").Compile(objects).State.Workloads.Select(w => w.Pod), after.State.Workloads.Select(w => w.Pod));
        // A node's zone is none of policy's business, its addresses are.
        var moved = _compiler.Compile(objects.With([], [Yaml.One<Node>(Grid.Nodes.Split("---\n")[1].Replace("name: n1", "name: n1, labels: {topology.kubernetes.io/zone: b}", StringComparison.Ordinal))]));
        Assert.Same(after.Ipcache, moved.Ipcache);
        Assert.NotSame(moved.Ipcache, _compiler.Compile(objects.With([], [Yaml.One<Node>(Yaml.Node("n1", "192.168.0.9", "10.244.1.0/24"))])).Ipcache);
    }

    [Fact]
    public void Nodes_are_sent_with_addresses_prefixes_and_mac()
    {
        var state = _compiler.Compile(Yaml.Objects(Grid.Nodes.Replace("metadata: {name: n2}", "metadata: {name: n2, annotations: {dataplane.dev/vtep-mac: '0E:00:00:00:00:02'}}", StringComparison.Ordinal))).State;
        Assert.Equal(
            ["n1 192.168.0.1 10.244.1.0/24 ", "n2 192.168.0.2 10.244.2.0/24 0e:00:00:00:00:02"],
            state.Nodes.Select(n => $"{n.Name} {n.Addresses.Single()} {n.PodCidrs.Single()} {n.VtepMac}"));
        Assert.Equal(
            ["10.244.1.1/32 1 node/n1", "10.244.2.1/32 2 node/n2", "192.168.0.1/32 1 node/n1", "192.168.0.2/32 2 node/n2"],
            state.Ipcache.Select(e => $"{e.Cidr} {e.Identity} {e.Owner}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_missing_own_node_is_named()
    {
        Assert.Equal(["there is no Node n1, this node's own"], _compiler.Compile(Yaml.Objects(Web)).Warnings);
    }

    [Fact]
    public void Forgotten_content_does_not_free_its_number_soon()
    {
        var ids = new IdAllocator<int>(16);
        var seen = new HashSet<uint>();
        for (var round = 0; round < 10; round++)
        {
            ids.BeginRound();
            for (var i = 0; i < 3000; i++)
                Assert.True(seen.Add(ids.IdOf(round * 3000 + i)));
        }
    }

    private (uint Identity, uint Policy) Workload(params string[] texts)
    {
        var workload = _compiler.Compile(Yaml.Objects([Grid.Nodes, .. texts])).State.Workloads.Single(w => w.Pod == "web");
        return (workload.Identity, workload.Policy);
    }
}
