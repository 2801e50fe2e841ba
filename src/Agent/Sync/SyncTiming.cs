namespace Dataplane.Agent.Sync;

/// <summary>The synchronizer's intervals.</summary>
public sealed record SyncTiming
{
    /// <summary>How often an idle agent asks for the generation: so long may a restarted dataplane wait for its state.</summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>First pause after a loss; it doubles up to <see cref="LongestBackoff"/>.</summary>
    public TimeSpan Backoff { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Longest pause after losses.</summary>
    public TimeSpan LongestBackoff { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>When a refused state is tried again though it did not change (a full table may have room by then).</summary>
    public TimeSpan RefusedRetry { get; init; } = TimeSpan.FromSeconds(30);
}
