namespace Dataplane.Agent.Model;

/// <summary>The parts of metav1.ObjectMeta that the agent uses.</summary>
/// <param name="Namespace">Empty for cluster-scoped kinds.</param>
/// <param name="Name">Name.</param>
/// <param name="Labels">Labels.</param>
/// <param name="Created">creationTimestamp; null where unknown.</param>
/// <param name="Terminating">True once deletionTimestamp is set.</param>
public sealed record ObjectMeta(
    string Namespace, string Name, LabelSet Labels, DateTimeOffset? Created = null, bool Terminating = false)
{
    /// <summary>"namespace/name", or the name alone.</summary>
    public string FullName => Namespace.Length == 0 ? Name : $"{Namespace}/{Name}";
}
