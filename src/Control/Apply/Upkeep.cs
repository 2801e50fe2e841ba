using Microsoft.Extensions.Logging;

namespace Dataplane.Control.Apply;

/// <summary>
/// Has what others took away from the node's settings, routes and rules put back, now and then, on a thread of the pool: a network daemon that
/// restarts, or an administrator who flushes a table, must not cut the node's own processes off from services for longer than that.
/// </summary>
internal sealed class Upkeep : IDisposable
{
    /// <summary>How often it is looked.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(60);

    private readonly Func<IReadOnlyList<string>> _repair;
    private readonly TimeSpan _interval;
    private readonly ILogger _log;
    private readonly Timer _timer;
    private readonly Lock _arming = new();
    private bool _ended;

    /// <summary>The first look is one interval away.</summary>
    /// <param name="repair">Looks and repairs; returns what it repaired, for people.</param>
    /// <param name="interval">From the end of a look to the next one.</param>
    /// <param name="log">For what was repaired.</param>
    public Upkeep(Func<IReadOnlyList<string>> repair, TimeSpan interval, ILogger log)
    {
        (_repair, _interval, _log) = (repair, interval, log);
        _timer = new Timer(_ => Look());
        Arm();
    }

    /// <summary>Returns when it does not look any more; not to be called under a lock that <c>repair</c> takes.</summary>
    public void Dispose()
    {
        lock (_arming) _ended = true;
        using var done = new ManualResetEvent(false);
        if (_timer.Dispose(done)) done.WaitOne();
    }

    private void Look()
    {
        try
        {
            var repaired = _repair();
            if (repaired.Count > 0) _log.LogWarning("put back what others had removed or changed on this node: {Repaired}", string.Join("; ", repaired));
        }
#pragma warning disable CA1031 // A bug here must not end the process: it is tried again.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _log.LogError(e, "looking after this node's rules and routes failed");
        }
        Arm();
    }

    private void Arm()
    {
        lock (_arming)
        {
            if (!_ended) _timer.Change(_interval, Timeout.InfiniteTimeSpan);
        }
    }
}
