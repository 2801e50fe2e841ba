namespace Dataplane.Agent.Model;

/// <summary>An immutable Kubernetes object, the same whichever source it came from.</summary>
public abstract class KubeObject(ObjectMeta meta)
{
    /// <summary>Name, namespace and labels.</summary>
    public ObjectMeta Meta { get; } = meta;

    /// <summary>The kind, as in the manifest.</summary>
    public abstract string Kind { get; }

    /// <summary>The object's key.</summary>
    public ObjectKey Key => new(Kind, Meta.Namespace, Meta.Name);
}
