namespace Dataplane.Agent.Model;

/// <summary>v1 Namespace. Its labels always hold kubernetes.io/metadata.name (P12), as the API server sees to.</summary>
public sealed class Namespace(ObjectMeta meta) : KubeObject(meta)
{
    /// <summary>The label that every namespace carries.</summary>
    public const string NameLabel = "kubernetes.io/metadata.name";

    /// <inheritdoc/>
    public override string Kind => "Namespace";
}
