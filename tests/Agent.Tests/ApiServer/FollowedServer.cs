using System.Diagnostics;
using Dataplane.Agent.ApiServer;
using Dataplane.Agent.Model;
using Dataplane.Agent.Telemetry;
using Dataplane.Agent.Tests.Manifests;

namespace Dataplane.Agent.Tests.ApiServer;

/// <summary>A fake API server with a source that follows it, quickly.</summary>
internal sealed class FollowedServer : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _stop = new();
    private IAsyncEnumerator<ClusterObjects>? _snapshots;
    private Task<bool>? _pending;

    public FakeApiServer Server { get; init; } = new();

    public RecordingWriter Log { get; } = new();

    public ApiTelemetry Telemetry { get; } = new(TimeProvider.System);

    public ApiTiming Timing { get; init; } = new()
    {
        Backoff = TimeSpan.FromMilliseconds(20), LongestBackoff = TimeSpan.FromMilliseconds(200), Settle = TimeSpan.FromMilliseconds(1),
    };

    /// <summary>Starts the server, unless it is away at first, and follows it.</summary>
    /// <param name="access">How it is reached; null: with its authority, and its token if it wants one.</param>
    /// <param name="away">It is not started yet, though its port is known.</param>
    public async Task StartAsync(Func<ApiServerAccess, ApiServerAccess>? access = null, bool away = false)
    {
        await Server.StartAsync();
        if (away)
            await Server.StopAsync();
        var plain = new ApiServerAccess
        {
            Server = new Uri(Server.Address + "/"),
            Authority = SecretText.Of(Server.Authority.Pem, "ca"),
            Token = Server.Token.Length > 0 ? SecretText.Of(Server.Token, "token") : null,
        };
        _snapshots = new ApiServerSource(access is null ? plain : access(plain), new Log(Log), Telemetry) { Timing = Timing }
            .Snapshots(_stop.Token).GetAsyncEnumerator(_stop.Token);
        // It begins when it is first asked.
        _pending = _snapshots.MoveNextAsync().AsTask();
    }

    /// <summary>How a kind is followed.</summary>
    public KindTelemetry Kind(string kind) => Telemetry.Of(kind);

    /// <summary>The next view.</summary>
    public async Task<ClusterObjects> NextAsync()
    {
        _pending ??= _snapshots!.MoveNextAsync().AsTask();
        Assert.True(await _pending.WaitAsync(Patience), "the source ended");
        _pending = null;
        return _snapshots!.Current;
    }

    /// <summary>Names of the namespaces of the next view.</summary>
    public async Task<string> NextNamesAsync() => Names.Of(await NextAsync());

    /// <summary>Views until one is as it should be.</summary>
    public async Task<ClusterObjects> UntilAsync(Func<ClusterObjects, bool> isRight)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            var view = await NextAsync();
            if (isRight(view))
                return view;
            Assert.True(clock.Elapsed < Patience, "the view never came");
        }
    }

    /// <summary>Asserts that no view comes for a while.</summary>
    public async Task ExpectNothingAsync(int milliseconds = 300)
    {
        _pending ??= _snapshots!.MoveNextAsync().AsTask();
        await Task.WhenAny(_pending, Task.Delay(milliseconds));
        Assert.False(_pending.IsCompleted, "a view came");
    }

    /// <summary>Waits until all kinds are watched, so that what follows comes by watches.</summary>
    public Task WatchingAsync() => WaitAsync(() => ApiResource.All.All(r => Server.Watches(r.Plural) == 1), "watch everything");

    public static async Task WaitAsync(Func<bool> condition, string what)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(clock.Elapsed < Patience, $"did not {what}");
            await Task.Delay(5);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (_pending is not null)
            await ((Task)_pending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_snapshots is not null)
            await _snapshots.DisposeAsync();
        await Server.DisposeAsync();
        _stop.Dispose();
        await Log.DisposeAsync();
    }
}
