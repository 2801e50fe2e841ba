using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Dataplane.Agent.Objects;

namespace Dataplane.Agent.ApiServer;

/// <summary>Reads a list object by object as its bytes arrive: of a list of any length one item is held at a time.</summary>
/// <param name="pipe">The body of the answer.</param>
/// <param name="guard">Watches over each wait for bytes.</param>
internal sealed class ListReader(PipeReader pipe, StallGuard guard)
{
    /// <summary>More than any object that etcd takes: what is longer is not an object of an API server.</summary>
    public const int LongestItem = 16 << 20;

    private JsonReaderState _state;
    private Place _place;
    private Name _field;
    private ObjectNode? _metadata;

    private enum Place
    {
        Start,
        InList,
        InItems,
        End,
    }

    private enum Name
    {
        None,
        Items,
        Metadata,
        Other,
    }

    /// <summary>metadata.resourceVersion, once the items are read: from here a watch goes on.</summary>
    public string ResourceVersion => _metadata?.Find("resourceVersion")?.Text ?? "";

    /// <summary>metadata.continue, once the items are read: asks for the next chunk; empty: this was the last.</summary>
    public string Continue => _metadata?.Find("continue")?.Text ?? "";

    /// <summary>The items in their order.</summary>
    /// <exception cref="JsonException">This is not a list in JSON, or it ends early.</exception>
    public async IAsyncEnumerable<ObjectNode> ItemsAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        var items = new List<ObjectNode>();
        while (_place != Place.End)
        {
            cancel.ThrowIfCancellationRequested();
            var result = await guard.WaitAsync(pipe.ReadAsync).ConfigureAwait(false);
            var consumed = Take(result.Buffer, result.IsCompleted, items);
            if (_place != Place.End && result.IsCompleted)
                throw new JsonException("the list ends early");
            if (result.Buffer.Slice(consumed).Length > LongestItem)
                throw new JsonException($"an item of the list is longer than {LongestItem >> 20} MiB");
            pipe.AdvanceTo(consumed, result.Buffer.End);
            foreach (var item in items)
                yield return item;
            items.Clear();
        }
    }

    // Takes all tokens and values that are whole; returns where the first begins that is not.
    private SequencePosition Take(ReadOnlySequence<byte> buffer, bool isLast, List<ObjectNode> items)
    {
        var reader = new Utf8JsonReader(buffer, isLast, _state);
        var consumed = buffer.Start;
        while (_place != Place.End && TryStep(ref reader, items))
        {
            consumed = reader.Position;
            _state = reader.CurrentState;
        }
        return consumed;
    }

    private bool TryStep(ref Utf8JsonReader reader, List<ObjectNode> items)
    {
        if (!reader.Read())
            return false;
        switch (_place)
        {
            case Place.Start:
                if (reader.TokenType != JsonTokenType.StartObject)
                    throw new JsonException("the answer is not a list");
                _place = Place.InList;
                return true;
            case Place.InItems when reader.TokenType == JsonTokenType.EndArray:
                _place = Place.InList;
                return true;
            case Place.InItems:
                return TryReadValue(ref reader, items.Add);
            default:
                return TryStepInList(ref reader);
        }
    }

    private bool TryStepInList(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.EndObject)
        {
            _place = Place.End;
            return true;
        }
        if (reader.TokenType == JsonTokenType.PropertyName)
        {
            _field = reader.ValueTextEquals("items"u8) ? Name.Items : reader.ValueTextEquals("metadata"u8) ? Name.Metadata : Name.Other;
            return true;
        }
        // An empty list may be null.
        if (_field == Name.Items && reader.TokenType != JsonTokenType.Null)
        {
            if (reader.TokenType != JsonTokenType.StartArray)
                throw new JsonException("items is not a list");
            _place = Place.InItems;
            return true;
        }
        return _field == Name.Metadata ? TryReadValue(ref reader, node => _metadata = node) : reader.TrySkip();
    }

    private static bool TryReadValue(ref Utf8JsonReader reader, Action<ObjectNode> take)
    {
        var value = reader;
        if (!reader.TrySkip())
            return false;
        take(JsonNodes.Read(ref value));
        return true;
    }
}
