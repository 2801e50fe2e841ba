namespace Dataplane.Kubernetes;

/// <summary>The intervals of reading from an API server.</summary>
public sealed record ApiTiming
{
    /// <summary>Objects of one chunk of a list.</summary>
    public int ChunkSize { get; init; } = 500;

    /// <summary>First pause after a failure; it doubles up to <see cref="LongestBackoff"/>, and up to half of it is left to chance.</summary>
    public TimeSpan Backoff { get; init; } = TimeSpan.FromMilliseconds(800);

    /// <summary>Longest pause after failures.</summary>
    public TimeSpan LongestBackoff { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest wait for a connection.</summary>
    public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest wait for an answer to begin.</summary>
    public TimeSpan Answer { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Longest wait for more of a list.</summary>
    public TimeSpan Stall { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the server is asked to keep a watch open, at least; up to twice as long, so that not all nodes come back at once.</summary>
    public TimeSpan Watch { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How much later than it should a server may end a watch before the connection counts as dead.</summary>
    public TimeSpan WatchGrace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A watch that ends before this without an event has failed, whatever the server calls it.</summary>
    public TimeSpan ShortWatch { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How often a connection is asked whether it lives, and how long it may take to answer: HTTP/2's pings.</summary>
    public TimeSpan Ping { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>New requests take a new connection after this: with it comes a renewed certificate, ours or the server's.</summary>
    public TimeSpan ConnectionLifetime { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Quiet time after a change: a service and its slices come from several watches, and are one change to the dataplane.</summary>
    public TimeSpan Settle { get; init; } = TimeSpan.FromMilliseconds(10);
}
