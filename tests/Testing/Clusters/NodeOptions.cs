namespace Dataplane.Testing.Clusters;

/// <summary>Further options of our nodes' programs, as they stand on their command lines; none of those that each node gives them anyway.</summary>
public sealed record NodeOptions
{
    /// <summary>Of `dataplane run`.</summary>
    public IReadOnlyList<string> Dataplane { get; init; } = [];

    /// <summary>Of `dataplane-agent run`.</summary>
    public IReadOnlyList<string> Agent { get; init; } = [];
}
