using Dataplane.Agent.Telemetry;
using Dataplane.Agent.Tests.Clusters;
using Dataplane.Agent.Tests.Manifests;
using Dataplane.Agent.Tests.Telemetry;

namespace Dataplane.Agent.Tests.ApiServer;

/// <summary>The API server is away: the last state stays in force for as long as it takes.</summary>
public sealed class OutageTests : AsyncDisposableTest
{
    private readonly FollowedServer _followed = new();

    private FakeApiServer Server => _followed.Server;

    public override ValueTask DisposeAsync() => _followed.DisposeAsync();

    [Fact]
    public async Task F1_a_server_that_is_away_at_the_start_is_waited_for()
    {
        Server.Put(Grid.Text);
        await _followed.StartAsync(away: true);
        await FollowedServer.WaitAsync(() => _followed.Kind("Pod").Failures > 3, "try");
        await _followed.ExpectNothingAsync(100);
        Assert.True(_followed.Log.Holds("Pod: Connection refused"));
        Assert.True(_followed.Log.Holds("nothing is sent to the dataplane until it was read"));
        await Server.StartAsync();
        var view = await _followed.NextAsync();
        Assert.Equal((9, 3, 2), (view.Pods.Count, view.Namespaces.Count, view.Nodes.Count));
    }

    [Fact]
    public async Task F6_while_the_server_is_away_nothing_changes_and_afterwards_what_was_missed_does()
    {
        Server.Put(Grid.Text);
        await _followed.StartAsync();
        await _followed.NextAsync();
        await _followed.WatchingAsync();
        await Server.StopAsync();
        await FollowedServer.WaitAsync(() => _followed.Kind("Pod").Failures > 5, "notice");
        await _followed.ExpectNothingAsync();
        Server.Delete("pods", "x/a");
        Server.Put(Names.Namespaces("new"));
        await Server.StartAsync();
        var view = await _followed.UntilAsync(v => v.Pods.Count == 8 && v.Namespaces.Count == 4);
        Assert.DoesNotContain(view.Pods, p => p.Meta.FullName == "x/a");
        // It remembers where we were: a list of everything by every node is the last it needs after an outage.
        Assert.Equal(1, _followed.Kind("Pod").Lists);
        Assert.Equal(2, _followed.Log.Text.Split("Pod: the API server is followed again").Length);
    }

    [Fact]
    public async Task F6_a_server_that_comes_back_without_its_history_takes_away_only_what_is_gone()
    {
        Server.Put(Grid.Text);
        await _followed.StartAsync();
        var before = await _followed.NextAsync();
        await _followed.WatchingAsync();
        await Server.StopAsync();
        Server.Delete("pods", "x/a");
        Server.Put(Names.Namespaces("new"));
        Server.Compact();
        await Server.StartAsync();
        var seen = new List<int>();
        var after = await _followed.UntilAsync(v =>
        {
            seen.Add(v.Pods.Count);
            return v.Pods.Count == 8 && v.Namespaces.Count == 4;
        });
        // Never less than there is, not even for an instant.
        Assert.All(seen, count => Assert.InRange(count, 8, 9));
        Assert.Same(before.Pods[1], after.Pods[0]);
        Assert.Equal(1, _followed.Kind("Pod").Relists);
    }

    [Fact]
    public void F6_the_state_is_marked_stale_and_the_node_stays_ready()
    {
        var time = new ManualTime();
        var api = new ApiTelemetry(time);
        var kind = api.Of("Pod");
        // A start takes its time.
        Assert.Empty(api.Stale);
        kind.Listed();
        kind.Watching();
        time.Pass(3600);
        Assert.Empty(api.Stale);
        Assert.Equal(3600, kind.Age);
        kind.Left();
        time.Pass(9);
        Assert.Empty(api.Stale);
        time.Pass(1);
        Assert.Equal(["Pod"], api.Stale);
        kind.Watching();
        Assert.Empty(api.Stale);
    }
}
