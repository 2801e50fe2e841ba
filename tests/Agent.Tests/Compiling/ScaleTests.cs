using System.Diagnostics;
using System.Text;
using Dataplane.Agent.Desired;
using Dataplane.Agent.Manifests;
using Dataplane.Agent.Model;
using Dataplane.Agent.Sync;
using Dataplane.Agent.Tests.Clusters;
using Dataplane.Agent.Tests.Manifests;
using Xunit.Abstractions;

namespace Dataplane.Agent.Tests.Compiling;

/// <summary>
/// Sizes that users have. Times depend on the machine and what else it does, so they are printed (dotnet test --logger
/// "console;verbosity=detailed"); what is asserted is how much work a change causes.
/// </summary>
public sealed class ScaleTests(ITestOutputHelper output)
{
    [Fact]
    public void P37_a_thousand_policies_and_a_thousand_pods()
    {
        var text = new StringBuilder(Grid.Nodes);
        for (var ns = 0; ns < 10; ns++)
            text.Append(Yaml.Namespace($"ns{ns}", $"team: t{ns % 3}"));
        for (var i = 0; i < 1000; i++)
            text.Append(Pod(i, "v1"));
        for (var i = 0; i < 1000; i++)
        {
            var peers = i % 10 == 0 ? "namespaceSelector: {}" : $"namespaceSelector: {{matchLabels: {{team: t{i % 3}}}}}, podSelector: {{matchLabels: {{app: a{i % 100}}}}}";
            text.Append(Yaml.Policy($"ns{i % 10}", $"p{i}",
                $"podSelector: {{matchLabels: {{app: a{i % 100}}}}}, ingress: [{{from: [{{{peers}}}, {{ipBlock: {{cidr: 10.{i % 256}.0.0/16}}}}], ports: [{{port: {1000 + i}}}, {{port: http}}]}}]"));
        }
        var objects = Measure("read", () => Yaml.Objects(text.ToString()));
        var compiler = new StateCompiler("n1");
        var before = Measure("compile", () => compiler.Compile(objects));
        Measure("compile again, nothing changed", () => compiler.Compile(objects));

        var changed = Yaml.One<Pod>(Pod(500, "v2"));
        var next = ClusterObjects.Of(objects.Pods.Where(p => p.Meta.Name != "pod500").Append<KubeObject>(changed).Concat(objects.Namespaces).Concat(objects.Nodes).Concat(objects.NetworkPolicies), objects);
        var after = Measure("compile, one pod relabelled", () => compiler.Compile(next));
        var diff = Measure("diff", () => StateDiff.Between(before, after));
        output.WriteLine($"{before.State.Identities.Count} identities, {before.State.Policies.Count} policies, {before.State.Policies.Sum(p => p.Ingress.Rules.Count)} rules, {before.State.CalculateSize()} bytes; the change: {diff.Summary}");
        Assert.Equal(500, before.State.Workloads.Count);
        // The pod's new label set is one identity at one address; only policies that name it as a peer change.
        Assert.Single(diff.Upserts.Identities);
        Assert.Single(diff.Upserts.Ipcache);
        Assert.True(diff.Upserts.Policies.Count < before.State.Policies.Count / 2);
    }

    [Fact]
    public void A_change_of_one_of_ten_thousand_services_is_a_change_of_one()
    {
        using var directory = new TemporaryDirectory();
        for (var file = 0; file < 100; file++)
        {
            var text = new StringBuilder();
            for (var i = 0; i < 100; i++)
                text.Append(Service(file * 100 + i, 10));
            directory.Write($"s{file:D2}.yaml", text.ToString());
        }
        var manifests = new ManifestDirectory(directory.Path, Log.None);
        var compiler = new StateCompiler("n1");
        var first = Measure("scan", manifests.Scan);
        var before = Measure("compile", () => compiler.Compile(first.Objects));
        Assert.Equal(10_000, before.State.Services.Count);
        Assert.Equal(100_000, before.State.Services.Sum(s => s.Backends.Count));

        directory.Replace("s99-more.yaml", Service(10_000, 3));
        var second = Measure("scan, one file more", manifests.Scan);
        var grown = Measure("compile", () => compiler.Compile(second.Objects));
        var diff = Measure("diff", () => StateDiff.Between(before, grown));
        Assert.Equal("services +1 -0", diff.Summary);

        directory.Replace("s99-more.yaml", Service(10_000, 4));
        var third = Measure("scan, one file changed", manifests.Scan);
        var changed = Measure("compile", () => compiler.Compile(third.Objects));
        Assert.Equal(4, Assert.Single(Measure("diff", () => StateDiff.Between(grown, changed)).Upserts.Services).Backends.Count);
    }

    private T Measure<T>(string what, Func<T> action)
    {
        var clock = Stopwatch.StartNew();
        var result = action();
        output.WriteLine($"{what}: {clock.Elapsed.TotalMilliseconds:F1} ms");
        return result;
    }

    private static string Pod(int i, string version) => Yaml.Pod(
        $"ns{i % 10}", $"pod{i}", $"10.245.{i / 250}.{i % 250 + 2}",
        $"n{1 + i % 2}", $"app: a{i / 10}, version: {version}", $"{{name: http, containerPort: {8000 + i % 5}}}");

    private static string Service(int i, int backends) =>
        $"---\napiVersion: v1\nkind: Service\nmetadata: {{name: s{i}}}\nspec: {{clusterIP: 10.{96 + i / 65536}.{i / 256 % 256}.{i % 256}, ports: [{{port: 80}}]}}\n"
        + $"---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {{name: s{i}, labels: {{kubernetes.io/service-name: s{i}}}}}\naddressType: IPv4\nports: [{{port: 8080}}]\nendpoints:\n"
        + string.Concat(Enumerable.Range(0, backends).Select(b => $"- {{addresses: [10.244.{i % 250}.{b + 2}], nodeName: n1}}\n"));
}
