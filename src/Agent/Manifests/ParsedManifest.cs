namespace Dataplane.Agent.Manifests;

/// <summary>What one version of a file says.</summary>
/// <param name="Objects">Objects in their order; meaningful only without errors.</param>
/// <param name="Ignored">"kind (apiVersion) name" of documents of other kinds.</param>
/// <param name="Errors">Empty for a good file.</param>
/// <param name="MentionsPolicy">True when the text names NetworkPolicy, or could not be read at all.</param>
public sealed record ParsedManifest(
    IReadOnlyList<PlacedObject> Objects, IReadOnlyList<string> Ignored, IReadOnlyList<ManifestError> Errors, bool MentionsPolicy)
{
    /// <summary>True when the file may be used.</summary>
    public bool IsGood => Errors.Count == 0;

    /// <summary>A file that could not even be read.</summary>
    public static ParsedManifest Unreadable(string file, string reason) =>
        new([], [], [new ManifestError(file, 0, 0, reason)], MentionsPolicy: true);
}
