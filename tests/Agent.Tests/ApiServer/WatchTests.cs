using Dataplane.Agent.Tests.Clusters;
using Dataplane.Agent.Tests.Manifests;

namespace Dataplane.Agent.Tests.ApiServer;

/// <summary>Changes come by watches, which break, end and are told that they are too late.</summary>
public sealed class WatchTests : AsyncDisposableTest
{
    private readonly FollowedServer _followed = new();

    private FakeApiServer Server => _followed.Server;

    public override ValueTask DisposeAsync() => _followed.DisposeAsync();

    [Fact]
    public async Task Changes_take_effect()
    {
        await StartAsync("a");
        Server.Put(Names.Namespaces("b"));
        Assert.Equal("a b", await _followed.NextNamesAsync());
        var before = await ChangeAsync("c");
        Server.Put(Names.Namespaces("b"));
        var after = await _followed.NextAsync();
        // What did not change is the same object, what did is not.
        Assert.Same(before.Namespaces[0], after.Namespaces[0]);
        Assert.NotSame(before.Namespaces[1], after.Namespaces[1]);
        Assert.Same(before.Nodes, after.Nodes);
        Server.Delete("namespaces", "/b");
        Assert.Equal("a c", await _followed.NextNamesAsync());
        Assert.Equal(4, _followed.Kind("Namespace").Changes);
        Assert.Equal(1, _followed.Kind("Namespace").Lists);
        Assert.Equal(1, _followed.Kind("Namespace").Watches);
    }

    [Fact]
    public async Task Watches_ask_for_bookmarks_and_for_an_end_of_their_own()
    {
        await StartAsync("a");
        var watches = Server.Requests.Where(r => r.Contains("watch=true", StringComparison.Ordinal)).ToList();
        Assert.Equal(6, watches.Count);
        Assert.All(watches, w => Assert.Matches(@"\?watch=true&allowWatchBookmarks=true&resourceVersion=\d+&timeoutSeconds=(3\d\d|4\d\d|5\d\d|600)$", w));
        Assert.True(watches.Select(w => w.Split('=')[^1]).Distinct().Count() > 1, "all end at once");
    }

    [Fact]
    public async Task F6_a_broken_watch_goes_on_where_it_was()
    {
        await StartAsync("a");
        Server.DropWatches();
        Server.Put(Names.Namespaces("b", "c"));
        Server.Delete("namespaces", "/a");
        await _followed.UntilAsync(v => Names.Of(v) == "b c");
        Assert.Equal(1, _followed.Kind("Namespace").Lists);
        await FollowedServer.WaitAsync(() => _followed.Log.Holds("Namespace: the API server is followed again"), "say so");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task F6_a_watch_that_is_too_late_is_replaced_by_a_list_that_finds_what_was_deleted(bool byEvent)
    {
        Server.GoneByEvent = byEvent;
        await StartAsync("a", "b", "c");
        var before = await ChangeAsync("d");
        Server.DropWatches();
        Server.Delete("namespaces", "/b");
        Server.Put(Names.Namespaces("e"));
        Server.Put(Names.Namespaces("c"));
        Server.Compact();
        var after = await _followed.UntilAsync(v => Names.Of(v) == "a c d e");
        Assert.Same(before.Namespaces[0], after.Namespaces[0]);
        Assert.NotSame(before.Namespaces[2], after.Namespaces[1]);
        Assert.Equal(1, _followed.Kind("Namespace").Relists);
        Assert.Equal(2, _followed.Kind("Namespace").Lists);
        // To have been too late is nothing to tell anybody.
        Assert.False(_followed.Log.Holds(" 410 ")); // a port of the server may have these digits
    }

    [Fact]
    public async Task A_bookmark_saves_the_list()
    {
        await StartAsync("a");
        // The newest version of all: only namespaces hear of it.
        Server.Put(Yaml.Node("n1", "192.168.0.1", "10.244.1.0/24"));
        await _followed.UntilAsync(v => v.Nodes.Count == 1);
        await Task.Delay(20);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        Server.Bookmark("namespaces");
        await FollowedServer.WaitAsync(() => _followed.Kind("Namespace").Age < clock.Elapsed.TotalSeconds, "hear of it");
        Server.Compact();
        Server.DropWatches();
        Server.Put(Names.Namespaces("b"));
        await _followed.UntilAsync(v => Names.Of(v) == "a b");
        await FollowedServer.WaitAsync(() => _followed.Kind("Node").Relists == 1, "list nodes anew");
        Assert.Equal(0, _followed.Kind("Namespace").Relists);
    }

    [Theory]
    [InlineData("not JSON")]
    [InlineData("""{"type":"MODIFIED"}""")]
    [InlineData("""{"type":"MODIFIED","object":{"metadata":{"name":"a"}}}""")]
    [InlineData("""{"type":"MODIFIED","object":{"metadata":{"resourceVersion":"2000"}}}""")]
    [InlineData("""{"type":"RENAMED","object":{"metadata":{"name":"a","resourceVersion":"2000"}}}""")]
    [InlineData("""{"type":"ERROR","object":{"kind":"Status","code":500,"message":"etcd is confused"}}""")]
    public async Task What_is_no_event_is_asked_for_again_and_in_the_end_the_list_is(string line)
    {
        await StartAsync("a");
        Server.Say("namespaces", line);
        Server.Put(Names.Namespaces("b"));
        Assert.Equal("a b", await _followed.NextNamesAsync());
        Assert.Equal(1, _followed.Kind("Namespace").Relists);
        Assert.Equal(5, _followed.Kind("Namespace").Failures);
        Assert.Equal(1, _followed.Kind("Pod").Lists);
    }

    [Fact]
    public async Task F6_a_server_that_was_set_back_is_listed_anew()
    {
        await StartAsync("a", "b");
        Server.DropWatches();
        Server.Delete("namespaces", "/b");
        Server.SetBack();
        await _followed.UntilAsync(v => Names.Of(v) == "a");
        Assert.True(_followed.Log.Holds("Namespace: 504 Timeout: Too large resource version; the last state stays in force"));
    }

    [Fact]
    public async Task A_watch_that_its_time_ends_is_followed_by_the_next()
    {
        await using var followed = new FollowedServer { Timing = new() { Watch = TimeSpan.FromSeconds(1), Backoff = TimeSpan.FromMilliseconds(20), LongestBackoff = TimeSpan.FromMilliseconds(200) } };
        followed.Server.Put(Names.Namespaces("a"));
        await followed.StartAsync();
        await followed.NextAsync();
        await FollowedServer.WaitAsync(() => followed.Kind("Namespace").Watches > 2, "watch again");
        followed.Server.Put(Names.Namespaces("b"));
        Assert.Equal("a b", await followed.NextNamesAsync());
        Assert.Equal(1, followed.Kind("Namespace").Lists);
        Assert.Equal(0, followed.Kind("Namespace").Failures);
    }

    [Fact]
    public async Task A_server_that_forgets_to_end_a_watch_is_left()
    {
        await using var followed = new FollowedServer
        {
            Timing = new() { Watch = TimeSpan.FromSeconds(1), WatchGrace = TimeSpan.FromMilliseconds(200), Backoff = TimeSpan.FromMilliseconds(20), LongestBackoff = TimeSpan.FromMilliseconds(200) },
        };
        followed.Server.Script = async (context, plural, watch) =>
        {
            if (!watch || plural != "namespaces" || followed.Kind("Namespace").Failures > 0)
                return false;
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return true;
        };
        followed.Server.Put(Names.Namespaces("a"));
        await followed.StartAsync();
        await followed.NextAsync();
        await FollowedServer.WaitAsync(() => followed.Log.Holds("Namespace: an event, or the end of the watch did not come within"), "notice");
        followed.Server.Put(Names.Namespaces("b"));
        Assert.Equal("a b", await followed.NextNamesAsync());
    }

    [Fact]
    public async Task Watches_that_end_as_soon_as_they_begin_are_not_asked_for_without_pause()
    {
        await using var followed = new FollowedServer { Timing = new() { Backoff = TimeSpan.FromMilliseconds(50), LongestBackoff = TimeSpan.FromMilliseconds(400) } };
        followed.Server.Script = (_, plural, watch) => Task.FromResult(watch && plural == "namespaces");
        await followed.StartAsync();
        await followed.NextAsync();
        await Task.Delay(1000);
        // 50, 100, 200, 400, 400 ms, and half of that at least.
        Assert.InRange(followed.Server.Count("namespaces?watch"), 2, 9);
    }

    [Fact]
    public async Task A_dead_connection_is_found_by_its_pings()
    {
        await using var followed = new FollowedServer { Timing = new() { Ping = TimeSpan.FromSeconds(1), Backoff = TimeSpan.FromMilliseconds(20), LongestBackoff = TimeSpan.FromMilliseconds(200) } };
        followed.Server.Put(Names.Namespaces("a"));
        FrozenRelay? relay = null;
        await followed.StartAsync(access =>
        {
            relay = new FrozenRelay(followed.Server.Port);
            return access with { Server = new Uri($"https://127.0.0.1:{relay.Port}/") };
        });
        using (relay!)
        {
            await followed.NextAsync();
            await followed.WatchingAsync();
            relay!.Freeze();
            followed.Server.Put(Names.Namespaces("b"));
            Assert.Equal("a b", await followed.NextNamesAsync());
            Assert.Equal(1, followed.Kind("Namespace").Lists);
        }
    }

    private async Task<Dataplane.Agent.Model.ClusterObjects> ChangeAsync(string name)
    {
        Server.Put(Names.Namespaces(name));
        return await _followed.UntilAsync(v => v.Namespaces.Any(n => n.Meta.Name == name));
    }

    private async Task StartAsync(params string[] namespaces)
    {
        Server.Put(Names.Namespaces(namespaces));
        await _followed.StartAsync();
        Assert.Equal(string.Join(' ', namespaces), await _followed.NextNamesAsync());
        await _followed.WatchingAsync();
    }
}
