using System.Collections.Concurrent;

namespace Dataplane.Agent.Telemetry;

/// <summary>How the API server is followed, kind by kind. Safe for use by several threads.</summary>
public sealed class ApiTelemetry(TimeProvider time)
{
    /// <summary>A kind that is not followed for so long makes the state stale: a lost connection is made anew in less.</summary>
    public static readonly TimeSpan StaleAfter = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, KindTelemetry> _kinds = new(StringComparer.Ordinal);

    /// <summary>The kinds in the order of their names; empty: no API server is followed.</summary>
    public IEnumerable<(string Kind, KindTelemetry Telemetry)> Kinds =>
        _kinds.OrderBy(k => k.Key, StringComparer.Ordinal).Select(k => (k.Key, k.Value));

    /// <summary>Counts the objects of a kind that cannot be read.</summary>
    public Func<string, int> FaultsOf { get; set; } = _ => 0;

    /// <summary>
    /// Kinds that are not followed right now; what is in force for them is the last that was known (F6). Empty: all are, or no
    /// API server is followed.
    /// </summary>
    public IReadOnlyList<string> Stale =>
        [.. Kinds.Where(k => k.Telemetry.NotWatchedFor >= StaleAfter).Select(k => k.Kind)];

    /// <summary>A kind's own.</summary>
    public KindTelemetry Of(string kind) => _kinds.GetOrAdd(kind, _ => new KindTelemetry(time));
}
