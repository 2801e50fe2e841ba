using Dataplane.Agent.Model;

namespace Dataplane.Agent.Manifests;

/// <summary>What a scan found.</summary>
/// <param name="Objects">The objects in force.</param>
/// <param name="Changed">False when they are those of the scan before.</param>
/// <param name="Errors">Everything that is wrong now, also what was reported before.</param>
/// <param name="MayHidePolicy">True when a bad file without a usable version may hold a NetworkPolicy.</param>
public sealed record ScanResult(
    ClusterObjects Objects, bool Changed, IReadOnlyList<ManifestError> Errors, bool MayHidePolicy);
