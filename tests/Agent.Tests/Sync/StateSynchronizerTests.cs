using System.Diagnostics;
using Dataplane.Agent.Desired;
using Dataplane.Agent.Sync;
using Dataplane.Agent.Telemetry;
using Dataplane.Contracts.Grpc;
using Dataplane.Contracts.V1;

namespace Dataplane.Agent.Tests.Sync;

/// <summary>When the whole state is sent, when changes, and what happens when the dataplane goes or refuses (F7, K32).</summary>
public sealed class StateSynchronizerTests : AsyncDisposableTest
{
    private static readonly SyncTiming Quick = new()
    {
        Heartbeat = TimeSpan.FromMilliseconds(20),
        Backoff = TimeSpan.FromMilliseconds(5),
        LongestBackoff = TimeSpan.FromMilliseconds(20),
    };

    private readonly FakeControl _control = new();
    private readonly RecordingWriter _log = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly ProxyTelemetry _telemetry = new(TimeProvider.System);
    private StateSynchronizer? _synchronizer;
    private Task _running = Task.CompletedTask;

    public override async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _synchronizer?.Dispose();
        _stop.Dispose();
        await _log.DisposeAsync();
    }

    [Fact]
    public async Task K32_nothing_is_sent_before_the_first_state()
    {
        Start();
        await Task.Delay(100);
        Assert.True(_control.IsQuiet);
        Publish("a");
        Assert.Equal("sync 1", await _control.NextAsync());
        Assert.Equal("a", Nodes());
    }

    [Fact]
    public async Task Changes_are_sent_as_updates_that_add_replace_and_delete()
    {
        Start();
        Publish("a", "b");
        Assert.Equal("sync 1", await _control.NextAsync());
        Publish("b", "c");
        Assert.Equal("update 2", await _control.NextAsync());
        Assert.Equal("b c", Nodes());
        Publish("c");
        Assert.Equal("update 3", await _control.NextAsync());
        Assert.Equal("c", Nodes());
        await WaitForAsync(() => _log.Holds("generation 3 updated: nodes +0 -1 in "));
        Assert.True(_log.Holds("generation 1 synced: nodes 2, services 0"));
    }

    [Fact]
    public async Task An_equal_state_sends_nothing()
    {
        Start();
        Publish("a");
        await _control.NextAsync();
        Publish("a");
        await WaitForAsync(() => _synchronizer!.InSync);
        Assert.True(_control.IsQuiet);
    }

    [Fact]
    public async Task Generations_go_on_from_what_the_dataplane_has()
    {
        _control.Generation = 41;
        Start();
        Publish("a");
        Assert.Equal("sync 42", await _control.NextAsync());
    }

    [Fact]
    public async Task A_restarted_dataplane_gets_the_whole_state_without_a_change()
    {
        Start();
        Publish("a");
        await _control.NextAsync();
        _control.Generation = 0;
        Assert.Equal("sync 2", await _control.NextAsync());
        await WaitForAsync(() => _log.Holds("the dataplane has generation 0, not 1"));
    }

    [Fact]
    public async Task An_update_on_another_base_falls_back_to_the_whole_state()
    {
        Start(Quick with { Heartbeat = TimeSpan.FromMinutes(10) });
        Publish("a");
        await _control.NextAsync();
        _control.Generation = 7;
        Publish("a", "b");
        Assert.Equal("update 2!", await _control.NextAsync());
        Assert.Equal("sync 8", await _control.NextAsync());
        Assert.Equal("a b", Nodes());
    }

    [Fact]
    public async Task K32_a_lost_dataplane_is_tried_again_and_reported_once()
    {
        _control.Before = _ => throw new RpcException(StatusCode.Unavailable, "no such socket");
        Start();
        Publish("a");
        await WaitForAsync(() => _synchronizer!.Failures > 5);
        _control.Before = _ => { };
        Assert.Equal("sync 1", await _control.NextAsync());
        await WaitForAsync(() => _log.Holds("has the desired state again"));
        Assert.Equal(2, _log.Text.Split("does not answer").Length);
    }

    [Fact]
    public async Task After_a_loss_the_whole_state_is_sent_even_if_the_update_may_have_arrived()
    {
        Start();
        Publish("a");
        await _control.NextAsync();
        var lost = true;
        _control.Before = what =>
        {
            if (what == "update" && lost)
            {
                lost = false;
                throw new RpcException(StatusCode.DeadlineExceeded, "late");
            }
        };
        Publish("b");
        Assert.Equal("update 2!", await _control.NextAsync());
        Assert.Equal("sync 3", await _control.NextAsync());
        Assert.Equal("b", Nodes());
    }

    [Fact]
    public async Task K32_of_a_refused_state_the_last_one_stays_in_force_and_the_next_is_tried()
    {
        Start();
        Publish("a");
        await _control.NextAsync();
        _control.Before = what =>
        {
            if (what == "update")
                throw new RpcException(StatusCode.InvalidArgument, "nodes[0].name: empty");
        };
        Publish("b");
        Assert.Equal("update 2!", await _control.NextAsync());
        await WaitForAsync(() => _log.Holds("the dataplane refuses the state, its last one stays in force: InvalidArgument: nodes[0].name: empty"));
        await Task.Delay(100);
        Assert.True(_control.IsQuiet);
        _control.Before = _ => { };
        Publish("c");
        Assert.Equal("update 3", await _control.NextAsync());
        Assert.Equal("c", Nodes());
    }

    [Fact]
    public async Task A_restarted_dataplane_is_noticed_while_the_last_change_stands_refused()
    {
        Start();
        Publish("a");
        await _control.NextAsync();
        _control.Before = what =>
        {
            if (what == "update")
                throw new RpcException(StatusCode.ResourceExhausted, "full");
        };
        Publish("b");
        Assert.Equal("update 2!", await _control.NextAsync());
        _control.Generation = 0;
        Assert.Equal("sync 3", await _control.NextAsync());
        Assert.Equal("b", Nodes());
    }

    [Fact]
    public async Task A_refused_state_is_tried_again_after_a_while()
    {
        _control.Before = what =>
        {
            if (what == "sync")
                throw new RpcException(StatusCode.ResourceExhausted, "full");
        };
        Start(Quick with { RefusedRetry = TimeSpan.FromMilliseconds(50) });
        Publish("a");
        Assert.Equal("sync 1!", await _control.NextAsync());
        _control.Before = _ => { };
        string next;
        do
            next = await _control.NextAsync();
        while (next.EndsWith('!'));
        Assert.StartsWith("sync ", next, StringComparison.Ordinal);
    }

    [Fact]
    public async Task States_published_during_a_call_are_merged_into_one()
    {
        using var gate = new ManualResetEventSlim();
        using var entered = new ManualResetEventSlim();
        _control.Before = what =>
        {
            if (what != "sync")
                return;
            entered.Set();
            gate.Wait(TimeSpan.FromSeconds(20));
        };
        Start();
        Publish("a");
        Assert.True(entered.Wait(TimeSpan.FromSeconds(20)));
        Publish("b");
        Publish("c");
        Publish("d");
        gate.Set();
        Assert.Equal("sync 1", await _control.NextAsync());
        Assert.Equal("update 2", await _control.NextAsync());
        Assert.Equal("d", Nodes());
        Assert.True(_control.IsQuiet);
    }

    [Fact]
    public async Task O1_calls_are_measured_by_kind_and_those_that_fail_are_counted()
    {
        Start();
        Publish("a");
        await _control.NextAsync();
        Publish("b");
        await _control.NextAsync();
        await WaitForAsync(() => _synchronizer!.Updates == 1);
        Assert.Equal((2, 1, 1, 0), Counts());
        _control.Before = what =>
        {
            if (what == "update")
                throw new RpcException(StatusCode.InvalidArgument, "no");
        };
        Publish("c");
        await _control.NextAsync();
        await WaitForAsync(() => _telemetry.Failures == 1);
        Assert.Equal((3, 1, 2, 1), Counts());
        // It waits, until another state is taken that is in force.
        Assert.NotNull(_telemetry.PendingSince);
        Publish("b");
        await WaitForAsync(() => _telemetry.PendingSince is null);
        Assert.Equal((3, 1, 2, 1), Counts());

        (long, long, long, long) Counts() => (
            _telemetry.Durations.Read(out _)[^1].Count, _telemetry.WholeDurations.Read(out _)[^1].Count,
            _telemetry.ChangeDurations.Read(out _)[^1].Count, _telemetry.Failures);
    }

    [Fact]
    public async Task K33_a_dataplane_that_is_lost_lacks_something_until_it_is_back()
    {
        Start();
        Publish("a");
        await WaitForAsync(() => _synchronizer!.InSync);
        Assert.Null(_telemetry.PendingSince);
        _control.Before = _ => throw new RpcException(StatusCode.Unavailable, "gone");
        await WaitForAsync(() => _telemetry.PendingSince is not null);
        // That it was gone was no failed attempt; the next ones are.
        await WaitForAsync(() => _synchronizer!.Failures > 3);
        Assert.InRange(_telemetry.Failures, 1, _synchronizer!.Failures - 1);
        _control.Before = _ => { };
        await WaitForAsync(() => _telemetry.PendingSince is null);
        Assert.True(_synchronizer!.InSync);
    }

    private void Start(SyncTiming? timing = null)
    {
        _synchronizer = new StateSynchronizer(_control, new Log(_log), timing ?? Quick, _telemetry);
        _running = Task.Run(() => _synchronizer.RunAsync(_stop.Token));
    }

    private void Publish(params string[] nodes)
    {
        var state = new State();
        state.Nodes.AddRange(nodes.Select(n => new Node { Name = n }));
        _synchronizer!.Publish(DesiredState.Of(state));
    }

    private string Nodes() => string.Join(' ', _control.State.Nodes.Select(n => n.Name).Order());

    private static async Task WaitForAsync(Func<bool> condition)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), "timed out");
            await Task.Delay(5);
        }
    }
}
