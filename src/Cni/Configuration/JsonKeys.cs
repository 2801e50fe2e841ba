using System.Text.Json.Nodes;

namespace Dataplane.Cni.Configuration;

/// <summary>Values of keys, which must have the kind that is asked for where they are there at all.</summary>
internal static class JsonKeys
{
    /// <summary>A text, or null when there is no such key.</summary>
    /// <exception cref="CniException">Code 7: it is no text.</exception>
    public static string? Text(this JsonObject json, string key, string path = "") => json[key] switch
    {
        null => null,
        JsonValue value when value.TryGetValue(out string? text) => text,
        var other => throw Bad(path + key, other, "a string is needed"),
    };

    /// <summary>An object, or null when there is no such key.</summary>
    /// <exception cref="CniException">Code 7: it is no object.</exception>
    public static JsonObject? Object(this JsonObject json, string key, string path = "") => json[key] switch
    {
        null => null,
        JsonObject value => value,
        var other => throw Bad(path + key, other, "an object is needed"),
    };

    /// <summary>The objects of an array; none when there is no such key.</summary>
    /// <exception cref="CniException">Code 7: it is no array of objects.</exception>
    public static IEnumerable<JsonObject> Objects(this JsonObject json, string key, string path = "") => json[key] switch
    {
        null => [],
        JsonArray array => [.. array.Select((element, i) => element as JsonObject ?? throw Bad($"{path}{key}[{i}]", element, "an object is needed"))],
        var other => throw Bad(path + key, other, "an array is needed"),
    };

    /// <summary>A whole number, or null when there is no such key.</summary>
    /// <exception cref="CniException">Code 7: it is no such number.</exception>
    public static int? Number(this JsonObject json, string key, string path = "") => json[key] switch
    {
        null => null,
        JsonValue value when value.TryGetValue(out int number) => number,
        var other => throw Bad(path + key, other, "a whole number is needed"),
    };

    /// <summary>The failure for a value that cannot be used.</summary>
    /// <param name="key">Its path.</param>
    /// <param name="value">What came.</param>
    /// <param name="remedy">What is needed.</param>
    public static CniException Bad(string key, JsonNode? value, string remedy) =>
        new(CniErrorCode.InvalidConfiguration, value is null ? $"{key}: missing; {remedy}" : $"{key}={value.ToJsonString()}: {remedy}");
}
