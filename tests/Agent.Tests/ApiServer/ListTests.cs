using Dataplane.Agent.Tests.Clusters;
using Dataplane.Agent.Tests.Manifests;
using Microsoft.AspNetCore.Http;

namespace Dataplane.Agent.Tests.ApiServer;

/// <summary>Everything is read before anything is in force.</summary>
public sealed class ListTests : AsyncDisposableTest
{
    private readonly FollowedServer _followed = new();

    private FakeApiServer Server => _followed.Server;

    public override ValueTask DisposeAsync() => _followed.DisposeAsync();

    [Theory]
    [InlineData("namespaces")]
    [InlineData("nodes")]
    [InlineData("pods")]
    [InlineData("services")]
    [InlineData("endpointslices")]
    [InlineData("networkpolicies")]
    public async Task F4_F6_nothing_comes_before_every_kind_is_listed(string last)
    {
        Server.Put(Grid.Text);
        var gate = new TaskCompletionSource();
        Server.Script = async (_, plural, _) =>
        {
            if (plural == last)
                await gate.Task;
            return false;
        };
        await _followed.StartAsync();
        await FollowedServer.WaitAsync(() => Server.Count("watch=true") == 5, "watch the others");
        // What happens to the others meanwhile is not in force either.
        Server.Put(last == "namespaces" ? Yaml.Node("n3", "192.168.0.3", "10.244.3.0/24") : Names.Namespaces("extra"));
        await _followed.ExpectNothingAsync();
        gate.SetResult();
        var view = await _followed.UntilAsync(v => last == "namespaces" ? v.Nodes.Count == 3 : v.Namespaces.Count == 4);
        Assert.Equal(9, view.Pods.Count);
        Assert.InRange(view.Nodes.Count, 2, 3);
    }

    [Fact]
    public async Task F4_a_kind_that_may_not_be_read_holds_everything_and_the_log_names_the_remedy()
    {
        Server.Put(Grid.Text);
        var forbidden = true;
        Server.Script = async (context, plural, _) =>
        {
            if (!Volatile.Read(ref forbidden) || plural != "networkpolicies")
                return false;
            await FakeApiServer.FailAsync(context, 403, "Forbidden", "networkpolicies is forbidden: User \"x\" cannot list");
            return true;
        };
        await _followed.StartAsync();
        await FollowedServer.WaitAsync(() => _followed.Log.Holds("grant list and watch of networkpolicies"), "say so");
        Assert.True(_followed.Log.Holds("NetworkPolicy: 403 Forbidden: networkpolicies is forbidden: User \"x\" cannot list"));
        Assert.True(_followed.Log.Holds("nothing is sent to the dataplane until it was read"));
        await FollowedServer.WaitAsync(() => Server.Count("networkpolicies") > 3, "try again");
        await _followed.ExpectNothingAsync(100);
        // Told once, however often it is tried.
        Assert.Equal(2, _followed.Log.Text.Split("cannot list").Length);
        Volatile.Write(ref forbidden, false);
        Assert.Equal(9, (await _followed.NextAsync()).Pods.Count);
        await FollowedServer.WaitAsync(() => _followed.Log.Holds("NetworkPolicy: the API server is followed again"), "say so");
    }

    [Fact]
    public async Task Long_lists_come_in_chunks()
    {
        Server.Put(Many(1234));
        await _followed.StartAsync();
        Assert.Equal(1234, (await _followed.NextAsync()).Namespaces.Count);
        Assert.Equal(3, Server.Count("/api/v1/namespaces?limit=500"));
        Assert.Equal(2, Server.Count("/api/v1/namespaces?limit=500&continue="));
        Assert.Equal(1, _followed.Kind("Namespace").Lists);
    }

    [Fact]
    public async Task An_expired_chunk_starts_the_list_again()
    {
        Server.Put(Many(1234));
        Server.ExpiredTokens = 1;
        Server.Script = (context, plural, _) =>
        {
            // What was in the first chunk goes before the second try.
            if (plural == "namespaces" && context.Request.Query.ContainsKey("continue") && Server.ExpiredTokens == 1)
                Server.Delete("namespaces", "/n0000");
            return Task.FromResult(false);
        };
        await _followed.StartAsync();
        var view = await _followed.NextAsync();
        Assert.Equal(1233, view.Namespaces.Count);
        Assert.Equal("n0001", view.Namespaces[0].Meta.Name);
        Assert.Equal(1, _followed.Kind("Namespace").ExpiredLists);
    }

    [Fact]
    public async Task Who_is_too_slow_for_chunks_twice_asks_for_everything_at_once()
    {
        Server.Put(Many(1234));
        Server.ExpiredTokens = 2;
        await _followed.StartAsync();
        Assert.Equal(1234, (await _followed.NextAsync()).Namespaces.Count);
        Assert.Equal(2, _followed.Kind("Namespace").ExpiredLists);
        Assert.Contains("HTTP/2 /api/v1/namespaces", Server.Requests);
    }

    [Theory]
    [InlineData(410, "Expired")]
    [InlineData(500, "InternalError")]
    [InlineData(503, "ServiceUnavailable")]
    [InlineData(301, "")]
    public async Task F4_a_list_that_is_refused_is_tried_again(int code, string reason)
    {
        Server.Put(Names.Namespaces("a"));
        var refused = 3;
        Server.Script = async (context, plural, _) =>
        {
            if (plural != "namespaces" || Interlocked.Decrement(ref refused) < 0)
                return false;
            context.Response.Headers.Location = "/api/v1/namespaces";
            await FakeApiServer.FailAsync(context, code, reason, "not now");
            return true;
        };
        await _followed.StartAsync();
        Assert.Equal("a", await _followed.NextNamesAsync());
        Assert.Equal(3, _followed.Kind("Namespace").Failures);
        Assert.True(_followed.Log.Holds($"Namespace: {code} "));
    }

    [Theory]
    [InlineData("<html>not an API server</html>")]
    [InlineData("[]")]
    [InlineData("""{"kind":"NamespaceList","metadata":{"resourceVersion":"5"},"items":{}}""")]
    [InlineData("""{"kind":"NamespaceList","metadata":{},"items":[]}""")]
    [InlineData("""{"kind":"NamespaceList","items":[]}""")]
    [InlineData("""{"kind":"NamespaceList","metadata":{"resourceVersion":"5"},"items":[{"metadata":{"resourceVersion":"4"}}]}""")]
    [InlineData("""{"kind":"NamespaceList","metadata":{"resourceVersion":"5"},"items":[]""")]
    [InlineData("")]
    public async Task F6_what_is_not_a_whole_list_takes_nothing_away(string body)
    {
        Server.Put(Names.Namespaces("a", "b"));
        await _followed.StartAsync();
        Assert.Equal("a b", await _followed.NextNamesAsync());
        await _followed.WatchingAsync();
        var broken = true;
        Server.Script = async (context, plural, watch) =>
        {
            if (plural != "namespaces" || watch || !Volatile.Read(ref broken))
                return false;
            await context.Response.WriteAsync(body);
            return true;
        };
        var failures = _followed.Kind("Namespace").Failures;
        Server.Compact();
        Server.Delete("namespaces", "/b");
        Server.Compact();
        Server.DropWatches();
        await FollowedServer.WaitAsync(() => _followed.Kind("Namespace").Failures > failures + 3, "fail");
        await _followed.ExpectNothingAsync(100);
        Volatile.Write(ref broken, false);
        Assert.Equal("a", await _followed.NextNamesAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_server_that_falls_silent_is_asked_again(bool midList)
    {
        await using var followed = new FollowedServer
        {
            Timing = new()
            {
                Stall = TimeSpan.FromMilliseconds(300), Answer = TimeSpan.FromMilliseconds(500),
                Backoff = TimeSpan.FromMilliseconds(20), LongestBackoff = TimeSpan.FromMilliseconds(100),
            },
        };
        followed.Server.Put(Names.Namespaces("a"));
        var silent = 2;
        followed.Server.Script = async (context, plural, _) =>
        {
            if (plural != "namespaces" || Interlocked.Decrement(ref silent) < 0)
                return false;
            if (midList)
            {
                await context.Response.WriteAsync("""{"metadata":{"resourceVersion":"5"},"items":[""");
                await context.Response.Body.FlushAsync();
            }
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return true;
        };
        await followed.StartAsync();
        Assert.Equal("a", await followed.NextNamesAsync());
        Assert.True(followed.Log.Holds(midList ? "Namespace: more of the list did not come within 0.3 s" : "Namespace: an answer did not come within 0.5 s"));
    }

    [Fact]
    public async Task A_server_that_wants_to_be_left_alone_is()
    {
        var asked = new List<long>();
        Server.Script = async (context, plural, _) =>
        {
            if (plural != "namespaces")
                return false;
            asked.Add(Environment.TickCount64);
            if (asked.Count > 1)
                return false;
            context.Response.Headers.RetryAfter = "1";
            await FakeApiServer.FailAsync(context, 429, "TooManyRequests", "busy");
            return true;
        };
        await _followed.StartAsync();
        await _followed.NextAsync();
        Assert.True(asked[1] - asked[0] >= 950, $"{asked[1] - asked[0]} ms");
    }

    [Fact]
    public async Task All_kinds_share_one_connection_of_HTTP_2()
    {
        await _followed.StartAsync();
        await _followed.NextAsync();
        await _followed.WatchingAsync();
        Assert.All(Server.Requests, r => Assert.StartsWith("HTTP/2 ", r));
        Assert.InRange(Server.Connections.Count, 1, 2);
    }

    private static string Many(int count) => Names.Namespaces([.. Enumerable.Range(0, count).Select(i => $"n{i:d4}")]);
}
