namespace Dataplane.Agent.Telemetry;

/// <summary>How one kind is followed at the API server. One task writes it, the listener reads it.</summary>
public sealed class KindTelemetry(TimeProvider time)
{
    private long _lists, _watches, _relists, _changes, _failures, _expired, _heard;
    private volatile bool _watching;

    // Ticks: since when no watch is open, while none is.
    private long _left = time.GetUtcNow().Ticks;

    /// <summary>Complete lists read.</summary>
    public long Lists => Interlocked.Read(ref _lists);

    /// <summary>Lists begun anew because the place that was reached is not known any more.</summary>
    public long Relists => Interlocked.Read(ref _relists);

    /// <summary>Lists begun anew because they took too long.</summary>
    public long ExpiredLists => Interlocked.Read(ref _expired);

    /// <summary>Watches that the server began.</summary>
    public long Watches => Interlocked.Read(ref _watches);

    /// <summary>Changes that watches brought.</summary>
    public long Changes => Interlocked.Read(ref _changes);

    /// <summary>Lists and watches that failed.</summary>
    public long Failures => Interlocked.Read(ref _failures);

    /// <summary>True while a watch is open.</summary>
    public bool IsWatching => _watching;

    /// <summary>How long no watch has been open; zero: one is.</summary>
    public TimeSpan NotWatchedFor => _watching ? TimeSpan.Zero : TimeSpan.FromTicks(time.GetUtcNow().Ticks - Interlocked.Read(ref _left));

    /// <summary>Seconds since a list or an event, bookmarks included; null: there was none.</summary>
    public double? Age => Interlocked.Read(ref _heard) is var heard and not 0 ? (time.GetUtcNow() - new DateTimeOffset(heard, TimeSpan.Zero)).TotalSeconds : null;

    /// <summary>A list is complete.</summary>
    public void Listed()
    {
        Interlocked.Increment(ref _lists);
        Touch();
    }

    /// <summary>A list begins anew.</summary>
    public void Relisting() => Interlocked.Increment(ref _relists);

    /// <summary>A list took too long.</summary>
    public void Expired() => Interlocked.Increment(ref _expired);

    /// <summary>A watch begins.</summary>
    public void Watching()
    {
        Interlocked.Increment(ref _watches);
        _watching = true;
        Touch();
    }

    /// <summary>A watch ends.</summary>
    public void Left()
    {
        Interlocked.Exchange(ref _left, time.GetUtcNow().Ticks);
        _watching = false;
    }

    /// <summary>A watch brought something.</summary>
    public void Heard(bool isChange)
    {
        if (isChange)
            Interlocked.Increment(ref _changes);
        Touch();
    }

    /// <summary>A list or a watch failed.</summary>
    public void Failed() => Interlocked.Increment(ref _failures);

    private void Touch() => Interlocked.Exchange(ref _heard, time.GetUtcNow().Ticks);
}
