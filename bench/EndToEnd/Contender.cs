using Dataplane.Bench.EndToEnd.Paths;

namespace Dataplane.Bench.EndToEnd;

/// <summary>
/// A line in the comparison: a path, perhaps with a setting switched for the length of each of its measurements.
/// </summary>
public sealed record Contender(string Name, TrafficPath Path)
{
    /// <summary>Name of our own line, to which the others are compared.</summary>
    public const string Ours = "ours";

    /// <summary>Switches the setting on (true) or back (false).</summary>
    public Action<bool>? Switch { get; init; }

    /// <summary>True for a variant that only differs between nodes.</summary>
    public bool RemoteOnly { get; init; }

    /// <summary>True for a variant that only says something about TCP streams between nodes.</summary>
    public bool RemoteStreamsOnly { get; init; }
}
