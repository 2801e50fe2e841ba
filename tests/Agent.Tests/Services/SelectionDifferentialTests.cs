using Dataplane.Agent.Desired;
using Dataplane.Agent.Tests.Clusters;
using V1 = Dataplane.Contracts.V1;
using static Dataplane.Agent.Tests.Services.ServiceYaml;

namespace Dataplane.Agent.Tests.Services;

/// <summary>Random slices against the plain second implementation; a failure names the seed that repeats it.</summary>
public class SelectionDifferentialTests
{
    private static readonly string[] Nodes = ["n1", "n2", "n3"];
    private static readonly string[] Zones = ["a", "b"];

    [Fact]
    public void K4_K20_K21_random_slices_come_to_what_the_rows_say()
    {
        // One compiler over all: what it remembers of the last must not show in the next.
        var compiler = new StateCompiler("n1");
        var seen = new Dictionary<V1.Backend.Types.Use, int>();
        var narrowed = 0;
        for (var seed = 0; seed < 3000; seed++)
        {
            var random = new Random(seed);
            var zone = random.Next(4) == 0 ? "" : Zones[random.Next(2)];
            var slices = Enumerable.Range(0, random.Next(1, 4)).Select(_ => Slice(random)).ToList();
            var texts = slices.Select((s, i) => ServiceYaml.Slice(
                string.Join(", ", s.Endpoints.Select(e => e.ToYaml())), $"web-{i}", ports: $"{{port: {s.Port}}}", type: s.IsIPv6 ? "IPv6" : "IPv4"));
            var state = compiler.Compile(Yaml.Objects([
                Node("n1", zone.Length > 0 ? $"topology.kubernetes.io/zone: {zone}" : ""), Service("clusterIPs: [10.96.0.10, 'fd00:96::a']"), .. texts]));
            var expected = new SortedDictionary<string, V1.Backend.Types.Use>(StringComparer.Ordinal);
            foreach (var family in slices.GroupBy(s => s.IsIPv6))
            {
                foreach (var (place, use) in PlainSelection.Of([.. family.SelectMany(s => s.Endpoints)], "n1", zone))
                    expected.Add(place, use);
            }
            var actual = Assert.Single(state.Services).Backends.OrderBy(b => $"{b.Address}:{b.Port}", StringComparer.Ordinal);
            Assert.True(
                expected.Select(e => $"{e.Key} {e.Value}").SequenceEqual(actual.Select(b => $"{b.Address}:{b.Port} {b.Use}")),
                $"seed {seed}: expected {string.Join(", ", expected)}, got {string.Join(", ", actual.Select(b => $"{b.Address}:{b.Port} {b.Use}"))}");
            foreach (var use in expected.Values)
                seen[use] = seen.GetValueOrDefault(use) + 1;
            narrowed += expected.Values.Any(u => u == V1.Backend.Types.Use.None) ? 1 : 0;
        }
        Assert.Equal(4, seen.Count);
        Assert.All(seen.Values, count => Assert.True(count > 300));
        Assert.True(narrowed > 500, $"only {narrowed}");
    }

    private static (bool IsIPv6, int Port, List<PlainEndpoint> Endpoints) Slice(Random random)
    {
        var isIPv6 = random.Next(4) == 0;
        var port = 80 + random.Next(2);
        // Hints mostly come for all endpoints or for none.
        bool nodes = random.Next(2) == 0, zones = random.Next(3) > 0;
        var leaving = random.Next(3) == 0;
        var endpoints = Enumerable.Range(0, random.Next(0, 5)).Select(_ =>
        {
            var terminating = leaving || random.Next(4) == 0;
            var serving = random.Next(5) > 0;
            return new PlainEndpoint(
                isIPv6 ? $"fd00::{random.Next(1, 5)}" : $"10.244.1.{random.Next(1, 5)}", port, Nodes[random.Next(3)],
                !terminating && serving && random.Next(6) > 0, serving, terminating,
                nodes && random.Next(12) > 0 ? Some(Nodes, random) : [], zones && random.Next(12) > 0 ? Some(Zones, random) : []);
        }).ToList();
        return (isIPv6, port, endpoints);
    }

    private static string[] Some(string[] names, Random random) => [.. names.Where(_ => random.Next(3) == 0).Append(names[random.Next(names.Length)]).Distinct()];
}
