using System.Globalization;
using System.Text.Json;
using YamlDotNet.Serialization;

namespace Dataplane.Cli.Output;

/// <summary>Renders a JSON document as YAML, so that both formats always hold the same fields.</summary>
internal static class YamlText
{
    /// <summary>Block style; strings that YAML would read as numbers or booleans keep their quotes.</summary>
    public static string FromJson(string json)
    {
        using var document = JsonDocument.Parse(json);
        var serializer = new SerializerBuilder().WithQuotingNecessaryStrings().WithIndentedSequences().Build();
        return serializer.Serialize(ToPlain(document.RootElement));
    }

    private static object? ToPlain(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().ToDictionary(field => field.Name, field => ToPlain(field.Value)),
        JsonValueKind.Array => element.EnumerateArray().Select(ToPlain).ToList(),
        JsonValueKind.String => element.GetString(),
        JsonValueKind.Number => element.TryGetInt64(out long whole) ? whole : element.GetDouble(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };
}
