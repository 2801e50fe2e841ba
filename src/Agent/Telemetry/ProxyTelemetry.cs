using Dataplane.Agent.Desired;

namespace Dataplane.Agent.Telemetry;

/// <summary>
/// What a kube-proxy tells about its work: how many changes wait and for how long, and how long it takes until the dataplane
/// has them. Safe for use by several threads.
/// </summary>
public sealed class ProxyTelemetry
{
    private readonly TimeProvider _time;
    private readonly DateTimeOffset _started;
    private readonly Lock _lock = new();
    private readonly PendingChanges _waiting = new();
    private readonly PendingChanges _underWay = new();
    private DateTimeOffset? _lastQueued;
    private DateTimeOffset? _lastApplied;
    private long _services;
    private long _endpointSlices;
    private long _failures;

    /// <summary>Starts to count.</summary>
    public ProxyTelemetry(TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        _time = time;
        _started = time.GetUtcNow();
    }

    /// <summary>Seconds from taking a difference to the dataplane's answer (O1): 0.001 * 2^0..14.</summary>
    public Histogram Durations { get; } = new(SyncBounds);

    /// <summary>Those of whole states.</summary>
    public Histogram WholeDurations { get; } = new(SyncBounds);

    /// <summary>Those of changes.</summary>
    public Histogram ChangeDurations { get; } = new(SyncBounds);

    /// <summary>
    /// Seconds from what made the controller write a slice to the dataplane having it (O2, K34). The bounds are kube-proxy's
    /// to the last, with the 0 that its way of joining lists of them leaves at the front.
    /// </summary>
    public Histogram ProgrammingLatencies { get; } = new(
        [0, 0.25, 0.5, .. Steps(1, 1, 59), .. Steps(60, 5, 12), .. Steps(120, 30, 7)]);

    /// <summary>When a state was last queued; null: never.</summary>
    public DateTimeOffset? LastQueued => Locked(() => _lastQueued);

    /// <summary>When the dataplane was last known to have the latest state; null: never.</summary>
    public DateTimeOffset? LastApplied => Locked(() => _lastApplied);

    /// <summary>Since when the dataplane lacks something; null: it has everything.</summary>
    public DateTimeOffset? PendingSince => Locked(() => _underWay.Since ?? _waiting.Since);

    /// <summary>Service changes seen, and those that the dataplane does not have yet.</summary>
    public (long Total, int Pending) Services => Locked(() => (_services, _waiting.Services + _underWay.Services));

    /// <summary>EndpointSlice changes seen, and those that the dataplane does not have yet.</summary>
    public (long Total, int Pending) EndpointSlices => Locked(() => (_endpointSlices, _waiting.EndpointSlices + _underWay.EndpointSlices));

    /// <summary>Attempts that did not bring the dataplane to the state.</summary>
    public long Failures => Interlocked.Read(ref _failures);

    private static IEnumerable<double> SyncBounds => Enumerable.Range(0, 15).Select(i => 0.001 * (1 << i));

    /// <summary>A state was published.</summary>
    public void Queued(StateChanges changes)
    {
        ArgumentNullException.ThrowIfNull(changes);
        lock (_lock)
        {
            var now = _time.GetUtcNow();
            _lastQueued = now;
            _services += changes.Services;
            _endpointSlices += changes.EndpointSlices;
            _waiting.Add(changes, now);
        }
    }

    /// <summary>The latest state is being brought to the dataplane; what is published from now on waits for the next.</summary>
    public void Taken()
    {
        lock (_lock)
            _underWay.TakeFrom(_waiting);
    }

    /// <summary>The dataplane was lost, or lost its state.</summary>
    public void Lost()
    {
        lock (_lock)
            _underWay.Mark(_time.GetUtcNow());
    }

    /// <summary>A call has ended, well or not.</summary>
    /// <param name="duration">How long it took, with computing what to send.</param>
    /// <param name="whole">It was a whole state.</param>
    public void Called(TimeSpan duration, bool whole)
    {
        Durations.Observe(duration.TotalSeconds);
        (whole ? WholeDurations : ChangeDurations).Observe(duration.TotalSeconds);
    }

    /// <summary>The dataplane could not be brought to the state.</summary>
    public void Failed() => Interlocked.Increment(ref _failures);

    /// <summary>The dataplane has what was taken.</summary>
    public void Applied()
    {
        lock (_lock)
        {
            var now = _time.GetUtcNow();
            _lastApplied = now;
            // A time before the start says how long this process was away, not how long it takes.
            foreach (var trigger in _underWay.Triggers.Where(t => t > _started))
                ProgrammingLatencies.Observe((now - trigger).TotalSeconds);
            _underWay.Clear();
        }
    }

    private static IEnumerable<double> Steps(double first, double step, int count) =>
        Enumerable.Range(0, count).Select(i => first + step * i);

    private T Locked<T>(Func<T> read)
    {
        lock (_lock)
            return read();
    }
}
