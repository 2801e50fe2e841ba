using System.Diagnostics;
using System.Text;
using Dataplane.Agent.Desired;
using Dataplane.Agent.Manifests;
using Dataplane.Agent.Model;
using Dataplane.Agent.Sync;
using Dataplane.Agent.Tests.Clusters;
using Dataplane.Agent.Tests.Manifests;
using Xunit.Abstractions;
using V1 = Dataplane.Contracts.V1;

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

    [Fact]
    public void A_change_of_one_slice_among_100_000_endpoints_costs_its_service()
    {
        var objects = ClusterObjects.Of(Measure("make", () => Enumerable.Range(0, 10_000).SelectMany(i => Service(i, Slice(i, 10))).ToList()));
        var compiler = new StateCompiler("n1");
        var state = Measure("compile", () => compiler.Compile(objects));
        Assert.Equal(100_000, state.Services.Sum(s => s.Backends.Count));
        Step(5000, 9);
        Step(7000, 11);

        var clock = Stopwatch.StartNew();
        const int Rounds = 100;
        long allocated = 0, worst = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var before = state;
            var bytes = Step(round * 97, 11 + round % 3);
            allocated += bytes;
            worst = Math.Max(worst, bytes);
            // All others are the very messages that the dataplane has already.
            Assert.Equal(1, before.Services.Zip(state.Services).Count(p => !ReferenceEquals(p.First, p.Second)));
        }
        output.WriteLine($"{allocated / Rounds} bytes a change, {worst} at worst");
        // A list of all services alone would be 80,000, one of all endpoints 800,000.
        Assert.True(worst < 30_000, $"{worst} bytes");

        clock.Restart();
        for (var round = 0; round < Rounds; round++)
            Step(round * 97 + 1, 8);
        output.WriteLine($"view, compile, diff and request: {clock.Elapsed.TotalMilliseconds / Rounds:F3} ms a change");

        // From "an object changed" to "the request is there"; returns the bytes allocated for it.
        long Step(int service, int endpoints)
        {
            KubeObject[] changed = [Slice(service, endpoints)];
            var start = GC.GetAllocatedBytesForCurrentThread();
            objects = objects.With([], changed);
            var next = compiler.Compile(objects);
            var diff = StateDiff.Between(state, next);
            var request = new V1.UpdateRequest { BaseGeneration = 1, Generation = 2, Upserts = diff.Upserts, Deletes = diff.Deletes };
            var bytes = GC.GetAllocatedBytesForCurrentThread() - start;
            Assert.Equal(endpoints, Assert.Single(request.Upserts.Services).Backends.Count);
            Assert.Equal("services +1 -0", diff.Summary);
            state = next;
            return bytes;
        }
    }

    [Fact]
    public void A_small_file_among_many_is_read_without_looking_at_the_others()
    {
        using var directory = new TemporaryDirectory();
        for (var i = 0; i < 3000; i++)
            directory.Write($"s{i:D4}.yaml", Service(i, 10));
        var manifests = new ManifestDirectory(directory.Path, Log.None);
        var compiler = new StateCompiler("n1");
        var scan = Measure("scan", manifests.Scan);
        var state = compiler.Compile(scan.Objects);
        Measure("scan again, nothing changed", manifests.Scan);
        Change(5);
        Change(6);
        for (var round = 7; round < 12; round++)
            Assert.True(Change(round) < 300_000);

        long Change(int backends)
        {
            directory.Replace("s1234.yaml", Service(1234, backends));
            var start = GC.GetAllocatedBytesForCurrentThread();
            var next = Measure("scan, compile and diff, one file changed", () =>
            {
                var found = manifests.Scan(["s1234.yaml"]);
                Assert.True(found.Changed);
                return compiler.Compile(found.Objects);
            });
            Assert.Equal("services +1 -0", StateDiff.Between(state, next).Summary);
            state = next;
            return GC.GetAllocatedBytesForCurrentThread() - start;
        }
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

    private static IEnumerable<KubeObject> Service(int i, EndpointSlice slice) =>
    [
        new Service(new ObjectMeta("default", $"s{i}", LabelSet.Empty))
        {
            Type = ServiceType.NodePort,
            ClusterIPs = [new IpAddress((UInt128)(0x0a600000u + (uint)i), false)],
            Ports = [new ServicePort("", Protocol.Tcp, 80, new PortReference(80, null), (ushort)(20000 + i))],
        },
        slice,
    ];

    private static EndpointSlice Slice(int i, int endpoints) =>
        new(new ObjectMeta("default", $"s{i}-1", LabelSet.Of([new(EndpointSlice.ServiceNameLabel, $"s{i}")])))
        {
            Ports = [new SlicePort("", Protocol.Tcp, 8080)],
            Endpoints = [.. Enumerable.Range(0, endpoints).Select(e => new SliceEndpoint(
                new IpAddress((UInt128)(0x0af40000u + (uint)(i * 16 + e)), false), true, true, false, $"n{e % 50}", [], []))],
        };
}
