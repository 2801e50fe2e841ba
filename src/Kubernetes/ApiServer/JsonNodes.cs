using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Dataplane.Kubernetes;

/// <summary>Turns a JSON value into the tree that the readers of manifests use as well.</summary>
/// <remarks>Places are not kept: an API server's JSON is one line that nobody sees. So what repeats can be shared.</remarks>
public static class JsonNodes
{
    // Field names repeat in every object; those of labels may be anything, so there is an end to it.
    private const int MostKeys = 2048, LongestKey = 64;

    private static readonly ObjectNode s_true = Scalar(ObjectNodeKind.Boolean, "true");
    private static readonly ObjectNode s_false = Scalar(ObjectNodeKind.Boolean, "false");
    private static readonly ObjectNode s_null = Scalar(ObjectNodeKind.Null, "null");
    private static readonly Dictionary<string, ObjectNode> s_keys = new(StringComparer.Ordinal);
    private static readonly Dictionary<string, ObjectNode>.AlternateLookup<ReadOnlySpan<char>> s_keyLookup = s_keys.GetAlternateLookup<ReadOnlySpan<char>>();
    private static readonly Lock s_keyLock = new();

    /// <summary>Reads the value that the reader stands on; afterwards it stands on its last token.</summary>
    /// <param name="reader">Must hold the whole value.</param>
    /// <exception cref="JsonException">It is not JSON.</exception>
    public static ObjectNode Read(ref Utf8JsonReader reader)
    {
        try
        {
            return Read(ref reader, "");
        }
        catch (InvalidOperationException e)
        {
            // So the reader calls text that is not UTF-8, or has half of a pair of surrogates.
            throw new JsonException(e.Message, e);
        }
    }

    private static ObjectNode Read(ref Utf8JsonReader reader, string field)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                return ReadMap(ref reader, field);
            case JsonTokenType.StartArray:
                var list = ObjectNode.List(1, 1);
                while (Move(ref reader) != JsonTokenType.EndArray)
                    list.Elements.Add(Read(ref reader, field));
                return list;
            case JsonTokenType.String:
                return Scalar(ObjectNodeKind.String, reader.GetString()!);
            case JsonTokenType.Number:
                var text = Encoding.ASCII.GetString(reader.HasValueSequence ? reader.ValueSequence.ToArray() : reader.ValueSpan);
                return Scalar(text.AsSpan().ContainsAny(".eE") ? ObjectNodeKind.Float : ObjectNodeKind.Integer, text);
            case JsonTokenType.True:
                return s_true;
            case JsonTokenType.False:
                return s_false;
            case JsonTokenType.Null:
                return s_null;
            default:
                throw new JsonException($"a value is missing at byte {reader.TokenStartIndex}");
        }
    }

    private static ObjectNode ReadMap(ref Utf8JsonReader reader, string field)
    {
        var map = ObjectNode.Map(1, 1);
        while (Move(ref reader) != JsonTokenType.EndObject)
        {
            var key = ReadKey(ref reader);
            Move(ref reader);
            if (!IsUnread(field, key.Text))
                map.Fields.Add(new(key, Read(ref reader, key.Text)));
            else if (!reader.TrySkip())
                throw new JsonException("the value ends early");
        }
        return map;
    }

    // Large parts of objects that the agent never reads. The field around them counts as well: a label may have any name.
    private static bool IsUnread(string around, string field) => field switch
    {
        "managedFields" => around == "metadata",
        "targetRef" => around == "endpoints",
        "images" => around == "status",
        "containerStatuses" or "initContainerStatuses" => around == "status",
        "volumes" or "affinity" or "tolerations" => around == "spec",
        "env" or "volumeMounts" or "command" or "args" => around is "containers" or "initContainers",
        _ => false,
    };

    private static JsonTokenType Move(ref Utf8JsonReader reader) =>
        reader.Read() ? reader.TokenType : throw new JsonException("the value ends early");

    private static ObjectNode ReadKey(ref Utf8JsonReader reader)
    {
        var length = reader.HasValueSequence ? reader.ValueSequence.Length : reader.ValueSpan.Length;
        if (length > LongestKey)
            return Scalar(ObjectNodeKind.String, reader.GetString()!);
        Span<char> buffer = stackalloc char[LongestKey];
        var key = buffer[..reader.CopyString(buffer)];
        lock (s_keyLock)
        {
            if (s_keyLookup.TryGetValue(key, out var known))
                return known;
            var made = Scalar(ObjectNodeKind.String, key.ToString());
            if (s_keys.Count < MostKeys)
                s_keys.Add(made.Text, made);
            return made;
        }
    }

    private static ObjectNode Scalar(ObjectNodeKind kind, string text) => ObjectNode.Scalar(kind, text, 1, 1);
}
