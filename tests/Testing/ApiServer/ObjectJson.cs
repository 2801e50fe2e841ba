using System.Text.Json.Nodes;
using Dataplane.Kubernetes;

namespace Dataplane.Testing.ApiServer;

/// <summary>Manifests as the JSON that an API server would have of them.</summary>
public static class ObjectJson
{
    /// <summary>The documents of a manifest.</summary>
    public static List<JsonObject> Of(string yaml)
    {
        using var text = new StringReader(yaml);
        var documents = new YamlDocuments(text);
        var found = new List<JsonObject>();
        while (documents.Next() is { } node)
            found.Add((JsonObject)Convert(node)!);
        return found;
    }

    private static JsonNode? Convert(ObjectNode node) => node.Kind switch
    {
        ObjectNodeKind.Map => new JsonObject(node.Fields.Select(f => KeyValuePair.Create(f.Key.Text, Convert(f.Value)))),
        ObjectNodeKind.List => new JsonArray([.. node.Elements.Select(Convert)]),
        ObjectNodeKind.Null => null,
        ObjectNodeKind.String => JsonValue.Create(node.Text),
        _ => JsonNode.Parse(node.Text),
    };
}
