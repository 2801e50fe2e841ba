using System.Text.Json.Nodes;

namespace Dataplane.Testing.ApiServer;

/// <summary>One kind of objects at the fake server: what there is, and what happened to it.</summary>
public sealed class FakeResource
{
    /// <summary>By "namespace/name".</summary>
    public SortedDictionary<string, JsonObject> Objects { get; } = new(StringComparer.Ordinal);

    /// <summary>Lines of watches with their versions, oldest first.</summary>
    public List<(long Version, string Line)> Events { get; } = [];

    /// <summary>Chunked lists under way, by the first part of their tokens.</summary>
    public Dictionary<string, (long Version, List<JsonObject> Items)> Lists { get; } = [];

    /// <summary>Events up to this version are forgotten.</summary>
    public long Compacted { get; set; }
}
