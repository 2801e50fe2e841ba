using Dataplane.Agent.Desired;
using Dataplane.Agent.Model;
using Dataplane.Agent.Sync;
using Dataplane.Agent.Tests.Sync;
using Dataplane.Contracts.V1;
using Node = Dataplane.Agent.Model.Node;

namespace Dataplane.Agent.Tests.Services;

/// <summary>A compiler that goes from change to change says what one says that starts at the end; a failure names its seed.</summary>
public class IncrementalTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Whatever_the_way_the_state_is_that_of_a_fresh_start(int block)
    {
        var conflicts = 0;
        for (var seed = block * 100; seed < block * 100 + 25; seed++)
        {
            var cluster = new RandomServices(seed);
            var compiler = new StateCompiler("n1");
            var objects = ClusterObjects.Empty;
            var last = DesiredState.Empty;
            var dataplane = new FakeControl();
            for (var step = 0; step < 60; step++)
            {
                var (removed, added) = cluster.Step();
                objects = objects.With(removed, added);
                var state = compiler.Compile(objects);
                var fresh = new StateCompiler("n1").Compile(ClusterObjects.Of(cluster.Objects));
                var where = $"seed {seed}, step {step}";
                Assert.True(fresh.Services.SequenceEqual(state.Services), $"{where}:\n{string.Join('\n', fresh.Services)}\nbut\n{string.Join('\n', state.Services)}");
                Assert.True(fresh.Warnings.SequenceEqual(state.Warnings), $"{where}:\n{string.Join('\n', fresh.Warnings)}\nbut\n{string.Join('\n', state.Warnings)}");
                Assert.Equal(LocalGaps.Of(fresh.Services), state.Gaps);
                Assert.Equal(fresh.Gaps, state.Gaps);
                CheckConflicts(where, cluster, state);
                conflicts += state.Warnings.Count(w => w.Contains("belongs to", StringComparison.Ordinal));
                var diff = StateDiff.Between(last, state);
                await dataplane.UpdateAsync(
                    new UpdateRequest { BaseGeneration = dataplane.Generation, Generation = dataplane.Generation + 1, Upserts = diff.Upserts, Deletes = diff.Deletes },
                    CancellationToken.None);
                Assert.Equal(state.State.Services.ToHashSet(), dataplane.State.Services.ToHashSet());
                last = state;
            }
        }
        Assert.True(conflicts > 1500, $"only {conflicts} conflicts");
    }

    // Every service by itself tells what it asks for; who gets it is worked out here from the rule, key by key.
    private static void CheckConflicts(string where, RandomServices cluster, DesiredState state)
    {
        var asked = new Dictionary<string, List<(bool ClusterIP, DateTimeOffset Created, string Owner)>>();
        foreach (var item in cluster.Objects.Where(o => o is Agent.Model.Service or Pod))
        {
            var alone = new StateCompiler("n1").Compile(ClusterObjects.Of([item, .. cluster.Objects.OfType<Node>()]));
            foreach (var key in alone.Services.SelectMany(KeysOf).Distinct())
            {
                if (!asked.TryGetValue(key.Text, out var list))
                    asked.Add(key.Text, list = []);
                list.Add((key.ClusterIP, item.Meta.Created ?? DateTimeOffset.MaxValue, (item is Pod ? "pod/" : "") + item.Meta.Name));
            }
        }
        var expected = asked.Select(a => $"{a.Key} {a.Value.OrderByDescending(c => c.ClusterIP).ThenBy(c => c.Created).ThenBy(c => c.Owner, StringComparer.Ordinal).First().Owner}");
        var actual = state.Services.SelectMany(s => KeysOf(s).Select(k => $"{k.Text} {s.Name}"));
        Assert.True(
            expected.Order(StringComparer.Ordinal).SequenceEqual(actual.Order(StringComparer.Ordinal)),
            $"{where}: expected {string.Join(", ", expected.Order(StringComparer.Ordinal))}, got {string.Join(", ", actual.Order(StringComparer.Ordinal))}");
    }

    private static IEnumerable<(string Text, bool ClusterIP)> KeysOf(Contracts.V1.Service service)
    {
        foreach (var frontend in service.Frontends)
            yield return ($"{frontend.Address}:{frontend.Port}/{service.Protocol}", frontend.Kind == Frontend.Types.Kind.ClusterIp);
        if (service.HealthCheckPort != 0)
            yield return ($":{service.HealthCheckPort}/Tcp", false);
    }
}
