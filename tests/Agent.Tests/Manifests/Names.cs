using Dataplane.Agent.Model;

namespace Dataplane.Agent.Tests.Manifests;

/// <summary>Short manifests for tests that only care which objects are in force.</summary>
internal static class Names
{
    public static string Namespaces(params string[] names) =>
        string.Concat(names.Select(n => $"---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: {n}}}\n"));

    public static string Of(ClusterObjects objects) => string.Join(' ', objects.Namespaces.Select(n => n.Meta.Name));
}
