using Dataplane.Agent.Model;

namespace Dataplane.Agent.Objects;

/// <summary>Reads v1 Namespace.</summary>
internal static class NamespaceReader
{
    public static KubeObject Read(ObjectField root)
    {
        var meta = MetaReader.Read(root, namespaced: false);
        return new Namespace(meta with { Labels = meta.Labels.With(Namespace.NameLabel, meta.Name) });
    }
}
