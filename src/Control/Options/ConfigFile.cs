using System.Text.Json;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Dataplane.Control.Options;

/// <summary>Reads a configuration file: one mapping of keys to plain values, as YAML or as JSON.</summary>
internal static class ConfigFile
{
    /// <summary>Keys and texts in file order, not yet checked against the known options.</summary>
    /// <exception cref="OptionException">The file cannot be read, or has another form.</exception>
    public static IReadOnlyList<KeyValuePair<string, string>> Read(string path)
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OptionException($"--config {path}: {e.Message}");
        }
        try
        {
            return text.AsSpan().TrimStart().StartsWith("{", StringComparison.Ordinal) ? ReadJson(text) : ReadYaml(text);
        }
        catch (YamlException e)
        {
            throw new OptionException($"--config {path}: line {e.Start.Line}, column {e.Start.Column}: {e.Message}");
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            throw new OptionException($"--config {path}: {e.Message}");
        }
    }

    private static List<KeyValuePair<string, string>> ReadJson(string text)
    {
        using var document = JsonDocument.Parse(text, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        var settings = new List<KeyValuePair<string, string>>();
        foreach (var property in document.RootElement.EnumerateObject())
        {
            string value = property.Value.ValueKind switch
            {
                JsonValueKind.String => property.Value.GetString()!,
                JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => property.Value.GetRawText(),
                _ => throw new FormatException($"{property.Name}: a {property.Value.ValueKind} is no value; write a string or a number"),
            };
            settings.Add(new(property.Name, value));
        }
        return settings;
    }

    private static List<KeyValuePair<string, string>> ReadYaml(string text)
    {
        var settings = new List<KeyValuePair<string, string>>();
        var parser = new Parser(new StringReader(text));
        parser.Consume<StreamStart>();
        if (!parser.TryConsume<DocumentStart>(out _))
            return settings;
        if (!parser.TryConsume<MappingStart>(out _))
            throw new FormatException("write one 'key: value' per line");
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            var key = parser.Consume<Scalar>();
            if (!parser.TryConsume<Scalar>(out var value))
                throw new FormatException($"line {key.Start.Line}: {key.Value}: write a plain value, not a list or a mapping");
            settings.Add(new(key.Value, value.Value));
        }
        parser.Consume<DocumentEnd>();
        return parser.TryConsume<DocumentStart>(out _) ? throw new FormatException("write one document only") : settings;
    }
}
