using System.Text;
using System.Text.Json;
using Dataplane.Agent.Objects;

namespace Dataplane.Agent.ApiServer;

/// <summary>Turns a JSON value into the tree that the readers of manifests use as well.</summary>
/// <remarks>Places are bytes of the value on line 1: an API server's JSON is one line that nobody sees.</remarks>
internal static class JsonNodes
{
    /// <summary>What managers of fields own: often half of an object, and nothing that the agent reads.</summary>
    private const string Unread = "managedFields";

    // Field names repeat in every object; those of labels may be anything, so there is an end to it.
    private const int MostKeys = 2048, LongestKey = 64;
    private static readonly HashSet<string> s_keys = new(StringComparer.Ordinal);
    private static readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> s_keyLookup = s_keys.GetAlternateLookup<ReadOnlySpan<char>>();
    private static readonly Lock s_keyLock = new();

    /// <summary>Reads the value that the reader stands on; afterwards it stands on its last token.</summary>
    /// <param name="reader">Must hold the whole value.</param>
    /// <exception cref="JsonException">It is not JSON.</exception>
    public static ObjectNode Read(ref Utf8JsonReader reader)
    {
        var column = (int)Math.Min(reader.TokenStartIndex + 1, int.MaxValue);
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                var map = ObjectNode.Map(1, column);
                while (Move(ref reader) != JsonTokenType.EndObject)
                {
                    var key = ObjectNode.Scalar(ObjectNodeKind.String, ReadKey(ref reader), 1, (int)Math.Min(reader.TokenStartIndex + 1, int.MaxValue));
                    Move(ref reader);
                    if (key.Text != Unread)
                        map.Fields.Add(new(key, Read(ref reader)));
                    else if (!reader.TrySkip())
                        throw new JsonException("the value ends early");
                }
                return map;
            case JsonTokenType.StartArray:
                var list = ObjectNode.List(1, column);
                while (Move(ref reader) != JsonTokenType.EndArray)
                    list.Elements.Add(Read(ref reader));
                return list;
            case JsonTokenType.String:
                return ObjectNode.Scalar(ObjectNodeKind.String, reader.GetString()!, 1, column);
            case JsonTokenType.Number:
                var text = Encoding.ASCII.GetString(reader.HasValueSequence ? ToArray(reader.ValueSequence) : reader.ValueSpan);
                return ObjectNode.Scalar(text.AsSpan().ContainsAny(".eE") ? ObjectNodeKind.Float : ObjectNodeKind.Integer, text, 1, column);
            case JsonTokenType.True:
                return ObjectNode.Scalar(ObjectNodeKind.Boolean, "true", 1, column);
            case JsonTokenType.False:
                return ObjectNode.Scalar(ObjectNodeKind.Boolean, "false", 1, column);
            case JsonTokenType.Null:
                return ObjectNode.Scalar(ObjectNodeKind.Null, "null", 1, column);
            default:
                throw new JsonException($"a value is missing at byte {reader.TokenStartIndex}");
        }
    }

    private static JsonTokenType Move(ref Utf8JsonReader reader) =>
        reader.Read() ? reader.TokenType : throw new JsonException("the value ends early");

    private static string ReadKey(ref Utf8JsonReader reader)
    {
        var length = reader.HasValueSequence ? reader.ValueSequence.Length : reader.ValueSpan.Length;
        if (length > LongestKey)
            return reader.GetString()!;
        Span<char> buffer = stackalloc char[LongestKey];
        var key = buffer[..reader.CopyString(buffer)];
        lock (s_keyLock)
        {
            if (s_keyLookup.TryGetValue(key, out var known))
                return known;
            var text = key.ToString();
            if (s_keys.Count < MostKeys)
                s_keys.Add(text);
            return text;
        }
    }

    private static byte[] ToArray(System.Buffers.ReadOnlySequence<byte> sequence) => System.Buffers.BuffersExtensions.ToArray(sequence);
}
