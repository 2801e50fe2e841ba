using System.Text.Json;

namespace Dataplane.Bench.EndToEnd.Parsing;

/// <summary>What our own tools print: one line of JSON with numbers.</summary>
public static class ToolResult
{
    /// <summary>Reads the last line that is a JSON object.</summary>
    public static IReadOnlyDictionary<string, double> Parse(string text)
    {
        var line = text.Split('\n').LastOrDefault(l => l.StartsWith('{'))
            ?? throw new BenchException($"the tool printed no result: {text.Trim()}");
        return JsonSerializer.Deserialize<Dictionary<string, double>>(line)!;
    }

    /// <summary>Writes such a line.</summary>
    public static string Format(IReadOnlyDictionary<string, double> values) => JsonSerializer.Serialize(values);
}
