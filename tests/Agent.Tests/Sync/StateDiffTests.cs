using Dataplane.Agent.Desired;
using Dataplane.Agent.Sync;
using Dataplane.Agent.Tests.Clusters;
using Dataplane.Agent.Tests.Differential;
using Dataplane.Contracts.V1;
using Google.Protobuf.Collections;
using Protocol = Dataplane.Contracts.V1.Protocol;

namespace Dataplane.Agent.Tests.Sync;

/// <summary>A difference, applied by the contract's keys, gives the other state.</summary>
public class StateDiffTests
{
    [Fact]
    public async Task Applying_the_difference_gives_the_new_state()
    {
        var compiler = new StateCompiler("n1");
        var control = new FakeControl();
        var last = DesiredState.Empty;
        for (var seed = 0; seed < 200; seed++)
        {
            var state = compiler.Compile(Yaml.Objects(PlainYaml.Write(new RandomCluster(seed).Make())));
            var diff = StateDiff.Between(last, state);
            await control.UpdateAsync(
                new UpdateRequest
                {
                    BaseGeneration = control.Generation, Generation = control.Generation + 1, Upserts = diff.Upserts, Deletes = diff.Deletes,
                },
                CancellationToken.None);
            Assert.Equal(Sorted(state.State), Sorted(control.State));
            Assert.True(StateDiff.Between(state, DesiredState.Of(state.State.Clone())).IsEmpty);
            last = state;
        }
    }

    [Fact]
    public void Deletes_hold_keys_only()
    {
        var from = new State { Services = { new Service { Namespace = "d", Name = "s", PortName = "p", Protocol = Protocol.Udp, Backends = { new Backend() } } } };
        var diff = StateDiff.Between(DesiredState.Of(from), DesiredState.Empty);
        Assert.Equal(new Service { Namespace = "d", Name = "s", PortName = "p", Protocol = Protocol.Udp }, Assert.Single(diff.Deletes.Services));
        Assert.Equal("services +0 -1", diff.Summary);
    }

    [Fact]
    public void A_change_of_content_is_an_upsert_without_a_delete()
    {
        var from = new State { Nodes = { new Node { Name = "a" }, new Node { Name = "b" } } };
        var to = new State { Nodes = { new Node { Name = "a", VtepMac = "0e:00:00:00:00:01" }, new Node { Name = "b" } } };
        var diff = StateDiff.Between(DesiredState.Of(from), DesiredState.Of(to));
        Assert.Equal("a", Assert.Single(diff.Upserts.Nodes).Name);
        Assert.Empty(diff.Deletes.Nodes);
    }

    private static State Sorted(State state)
    {
        var sorted = new State();
        Add(sorted.Nodes, state.Nodes);
        Add(sorted.Services, state.Services);
        Add(sorted.Identities, state.Identities);
        Add(sorted.Ipcache, state.Ipcache);
        Add(sorted.Policies, state.Policies);
        Add(sorted.Workloads, state.Workloads);
        return sorted;
    }

    private static void Add<T>(RepeatedField<T> to, RepeatedField<T> from) =>
        to.AddRange(from.OrderBy(m => m!.ToString(), StringComparer.Ordinal));
}
