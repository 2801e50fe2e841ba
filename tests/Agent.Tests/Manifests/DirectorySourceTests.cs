using System.Diagnostics;
using Dataplane.Agent.Manifests;
using Dataplane.Agent.Model;

namespace Dataplane.Agent.Tests.Manifests;

/// <summary>The directory is followed while it is edited.</summary>
public sealed class DirectorySourceTests : AsyncDisposableTest
{
    // Only events may bring a change in time: a scan by the clock would come too late for these tests.
    private static readonly TimeSpan Never = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly TemporaryDirectory _directory = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly RecordingWriter _log = new();
    private IAsyncEnumerator<ClusterObjects>? _snapshots;

    public override async ValueTask DisposeAsync()
    {
        if (_snapshots is not null)
            await _snapshots.DisposeAsync();
        _stop.Dispose();
        _directory.Dispose();
        await _log.DisposeAsync();
    }

    [Fact]
    public async Task K32_the_first_view_holds_everything()
    {
        for (var i = 10; i < 60; i++)
            _directory.Write($"f{i}.yaml", Names.Namespaces($"n{i}"));
        Start(Never);
        Assert.Equal(string.Join(' ', Enumerable.Range(10, 50).Select(i => $"n{i}")), await NextAsync());
    }

    [Fact]
    public async Task Edits_renames_and_deletions_take_effect()
    {
        _directory.Write("a.yaml", Names.Namespaces("a"));
        Start(Never);
        Assert.Equal("a", await NextAsync());
        _directory.Write("b.yaml", Names.Namespaces("b"));
        Assert.Equal("a b", await NextAsync());
        _directory.Replace("b.yaml", Names.Namespaces("b2"));
        Assert.Equal("a b2", await NextAsync());
        File.Move(_directory["b.yaml"], _directory["b.off"]);
        Assert.Equal("a", await NextAsync());
        File.Delete(_directory["a.yaml"]);
        Assert.Equal("", await NextAsync());
    }

    [Fact]
    public async Task An_edit_takes_effect_soon()
    {
        Start(Never);
        Assert.Equal("", await NextAsync());
        var pending = NextAsync();
        await Task.Delay(100);
        var clock = Stopwatch.StartNew();
        _directory.Replace("a.yaml", Names.Namespaces("a"));
        Assert.Equal("a", await pending);
        // Debounce is 75 ms; the rest is for a machine that is busy with other tests.
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(3), $"took {clock.Elapsed}");
    }

    [Fact]
    public async Task A_bad_edit_changes_nothing_and_the_next_good_one_does()
    {
        _directory.Write("a.yaml", Names.Namespaces("a"));
        Start(Never);
        Assert.Equal("a", await NextAsync());
        var pending = NextAsync();
        _directory.Write("a.yaml", "kind: [\n");
        await WaitForAsync(() => _log.Holds("not YAML"));
        Assert.False(pending.IsCompleted);
        _directory.Write("a.yaml", Names.Namespaces("a2"));
        Assert.Equal("a2", await pending);
    }

    [Fact]
    public async Task Changes_without_events_are_found_by_the_clock()
    {
        using var elsewhere = new TemporaryDirectory();
        elsewhere.Write("target", Names.Namespaces("a"));
        File.CreateSymbolicLink(_directory["a.yaml"], elsewhere["target"]);
        Start(TimeSpan.FromMilliseconds(50));
        Assert.Equal("a", await NextAsync());
        elsewhere.Write("target", Names.Namespaces("b"));
        Assert.Equal("b", await NextAsync());
    }

    [Fact]
    public async Task A_directory_that_is_replaced_is_followed_on()
    {
        _directory.Write("a.yaml", Names.Namespaces("a"));
        Start(TimeSpan.FromMilliseconds(50));
        Assert.Equal("a", await NextAsync());
        Directory.Move(_directory.Path, _directory.Path + ".old");
        Directory.CreateDirectory(_directory.Path);
        _directory.Write("b.yaml", Names.Namespaces("b"));
        // Between the two moves the directory was empty for an instant.
        Assert.Contains(await NextAsync(), new[] { "", "b" });
        _directory.Write("b.yaml", Names.Namespaces("b", "c"));
        await WaitForAsync(async () => await NextAsync() == "b c");
        Directory.Delete(_directory.Path + ".old", recursive: true);
    }

    [Fact]
    public async Task Nothing_comes_while_a_bad_file_may_hold_a_policy_at_start()
    {
        _directory.Write("a.yaml", Names.Namespaces("a"));
        _directory.Write("p.yaml", "kind: NetworkPolicy\nmetadata: [\n");
        Start(Never);
        var pending = NextAsync();
        await WaitForAsync(() => _log.Holds("nothing is sent to the dataplane yet"));
        Assert.False(pending.IsCompleted);
        _directory.Write("p.yaml", "# none\n");
        Assert.Equal("a", await pending);
        // Later the same file holds nothing up: what it had is in force still.
        _directory.Write("p.yaml", "kind: NetworkPolicy\nmetadata: [\n");
        _directory.Write("a.yaml", Names.Namespaces("a2"));
        Assert.Equal("a2", await NextAsync());
    }

    private void Start(TimeSpan rescan) =>
        _snapshots = new DirectorySource(_directory.Path, new Log(_log)) { Rescan = rescan }
            .Snapshots(_stop.Token).GetAsyncEnumerator(_stop.Token);

    private async Task<string> NextAsync()
    {
        Assert.True(await _snapshots!.MoveNextAsync().AsTask().WaitAsync(Patience));
        return Names.Of(_snapshots.Current);
    }

    private static Task WaitForAsync(Func<bool> condition) => WaitForAsync(() => Task.FromResult(condition()));

    private static async Task WaitForAsync(Func<Task<bool>> condition)
    {
        var clock = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(clock.Elapsed < Patience, "timed out");
            await Task.Delay(10);
        }
    }
}
