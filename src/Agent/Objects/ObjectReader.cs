using Dataplane.Agent.Model;

namespace Dataplane.Agent.Objects;

/// <summary>Turns one document into model objects: picks the reader of its kind, and unpacks lists.</summary>
public static class ObjectReader
{
    private static readonly Dictionary<string, (string ApiVersion, Func<ObjectField, KubeObject> Read)> Kinds =
        new(StringComparer.Ordinal)
        {
            ["Service"] = ("v1", ServiceReader.Read),
            ["EndpointSlice"] = ("discovery.k8s.io/v1", EndpointSliceReader.Read),
            ["Pod"] = ("v1", PodReader.Read),
            ["Namespace"] = ("v1", NamespaceReader.Read),
            ["Node"] = ("v1", NodeReader.Read),
            ["NetworkPolicy"] = ("networking.k8s.io/v1", NetworkPolicyReader.Read),
        };

    /// <summary>What of an API server is read otherwise: versions that manifests may not be written in, and kinds of which manifests may say more.</summary>
    private static readonly Dictionary<(string Kind, string ApiVersion), Func<ObjectField, KubeObject>> Served = new()
    {
        [("Pod", "v1")] = PodReader.ReadServed,
        [("EndpointSlice", "discovery.k8s.io/v1beta1")] = EndpointSliceReader.ReadV1Beta1,
    };

    /// <summary>Reads an object whose kind and version are known: the items of an API server's list do not repeat them.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="apiVersion">The version it was asked for in.</param>
    /// <param name="node">The object.</param>
    /// <exception cref="ObjectException">One of its fields is wrong.</exception>
    public static KubeObject ReadAs(string kind, string apiVersion, ObjectNode node)
    {
        ArgumentNullException.ThrowIfNull(node);
        var read = Served.TryGetValue((kind, apiVersion), out var served) ? served
            : Kinds[kind] is var known && known.ApiVersion == apiVersion ? known.Read
            : throw new ArgumentException($"{kind} is not read as {apiVersion}", nameof(apiVersion));
        return read(ObjectField.Root(node));
    }

    /// <summary>Reads a document.</summary>
    /// <param name="document">The document's root.</param>
    /// <param name="found">Gets each object with the place where it starts.</param>
    /// <param name="ignored">Gets the "kind apiVersion name" of what is none of ours.</param>
    /// <exception cref="ObjectException">The document is not an object, or one of its fields is wrong.</exception>
    public static void Read(ObjectNode document, Action<KubeObject, ObjectNode> found, Action<string> ignored)
    {
        ArgumentNullException.ThrowIfNull(document);
        ArgumentNullException.ThrowIfNull(found);
        ArgumentNullException.ThrowIfNull(ignored);
        Read(document, ObjectField.Root(document), null, found, ignored);
    }

    private static void Read(
        ObjectNode node, ObjectField root, (string ApiVersion, string Kind)? listed,
        Action<KubeObject, ObjectNode> found, Action<string> ignored)
    {
        // The items of a typed list (PodList) may leave out what the list already says.
        var apiVersion = root["apiVersion"].OptionalText() ?? listed?.ApiVersion ?? root["apiVersion"].Required().Text();
        var kind = root["kind"].OptionalText() ?? listed?.Kind ?? root["kind"].Required().Text();
        if (kind.EndsWith("List", StringComparison.Ordinal) && (kind == "List" || Kinds.ContainsKey(kind[..^4])))
        {
            if (listed is not null)
                throw root["kind"].Fail($"{kind} inside a list");
            (string, string)? items = kind == "List" ? null : (apiVersion, kind[..^4]);
            foreach (var item in root["items"].Elements())
                Read(item.Node, item, items ?? ("", ""), found, ignored);
            return;
        }
        if (kind.Length == 0 || apiVersion.Length == 0)
            throw root[kind.Length == 0 ? "kind" : "apiVersion"].Fail("is required");
        if (!Kinds.TryGetValue(kind, out var known) || !SameGroup(apiVersion, known.ApiVersion))
        {
            ignored($"{kind} ({apiVersion}) {node.Find("metadata")?.Find("name")?.Text}");
            return;
        }
        // Ignoring an old version would silently leave a policy out of force.
        if (apiVersion != known.ApiVersion)
            throw root["apiVersion"].Fail($"{kind} is read as {known.ApiVersion}, not {apiVersion}; convert it");
        found(known.Read(root), node);
    }

    private static bool SameGroup(string apiVersion, string known)
    {
        var group = Group(apiVersion);
        return group == Group(known) || (group == "extensions" && known == "networking.k8s.io/v1");
    }

    private static string Group(string apiVersion)
    {
        var slash = apiVersion.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? "" : apiVersion[..slash];
    }
}
