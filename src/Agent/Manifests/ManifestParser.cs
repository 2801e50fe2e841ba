using Dataplane.Agent.Model;
using Dataplane.Agent.Objects;

namespace Dataplane.Agent.Manifests;

/// <summary>Turns the text of a file into objects, collecting every document's first error.</summary>
public static class ManifestParser
{
    /// <summary>Parses a text.</summary>
    /// <param name="file">Name for messages.</param>
    /// <param name="text">YAML or JSON, any number of documents.</param>
    public static ParsedManifest Parse(string file, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var objects = new List<PlacedObject>();
        var ignored = new List<string>();
        var errors = new List<ManifestError>();
        // A shell that redirects into the file truncates it first: that must not take the objects away.
        if (string.IsNullOrWhiteSpace(text))
            errors.Add(new ManifestError(file, 0, 0, "the file is empty; remove it to take its objects away"));
        var places = new Dictionary<ObjectKey, int>();
        using var reader = new StringReader(text);
        var documents = new YamlDocuments(reader);
        try
        {
            while (documents.Next() is { } document)
                ReadDocument(file, document, objects, places, ignored, errors);
        }
        catch (ObjectException e)
        {
            errors.Add(new ManifestError(file, e.Line, e.Column, e.Message));
        }
        return new ParsedManifest(objects, ignored, errors, text.Contains("NetworkPolicy", StringComparison.Ordinal));
    }

    private static void ReadDocument(
        string file, ObjectNode document, List<PlacedObject> objects, Dictionary<ObjectKey, int> places,
        List<string> ignored, List<ManifestError> errors)
    {
        try
        {
            ObjectReader.Read(
                document,
                (found, node) =>
                {
                    if (!places.TryAdd(found.Key, node.Line))
                        throw new ObjectException(node.Line, node.Column, $"{found.Key} is already at line {places[found.Key]}");
                    objects.Add(new PlacedObject(found, node.Line, node.Column));
                },
                ignored.Add);
        }
        catch (ObjectException e)
        {
            errors.Add(new ManifestError(file, e.Line, e.Column, e.Message));
        }
    }
}
