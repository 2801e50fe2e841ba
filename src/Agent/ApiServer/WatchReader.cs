using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using Dataplane.Agent.Objects;

namespace Dataplane.Agent.ApiServer;

/// <summary>Reads the events of a watch: JSON objects, one a line.</summary>
/// <param name="pipe">The body of the answer.</param>
/// <param name="guard">Watches over each wait for bytes.</param>
internal sealed class WatchReader(PipeReader pipe, StallGuard guard)
{
    /// <summary>The next event; null: the server ended the watch.</summary>
    /// <exception cref="JsonException">A line is not an event, or the last one is cut off.</exception>
    public async ValueTask<WatchEvent?> NextAsync()
    {
        while (true)
        {
            if (!pipe.TryRead(out var result))
                result = await guard.WaitAsync(pipe.ReadAsync).ConfigureAwait(false);
            var buffer = result.Buffer;
            if (buffer.PositionOf((byte)'\n') is { } end)
            {
                var line = buffer.Slice(0, end);
                var isEmpty = line.IsEmpty;
                WatchEvent? found = isEmpty ? null : Parse(line);
                var next = buffer.GetPosition(1, end);
                pipe.AdvanceTo(next);
                if (!isEmpty)
                    return found;
                continue;
            }
            if (buffer.Length > ListReader.LongestItem)
                throw new JsonException($"an event is longer than {ListReader.LongestItem >> 20} MiB");
            if (result.IsCompleted)
                return buffer.IsEmpty ? null : throw new JsonException("the last event of the watch is cut off");
            pipe.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    private static WatchEvent Parse(ReadOnlySequence<byte> line)
    {
        var reader = new Utf8JsonReader(line);
        if (!reader.Read())
            throw new JsonException("an event is empty");
        var root = JsonNodes.Read(ref reader);
        return root.Find("type") is { Kind: ObjectNodeKind.String } type && root.Find("object") is { Kind: ObjectNodeKind.Map } found
            ? new WatchEvent(type.Text, found)
            : throw new JsonException("an event lacks type or object");
    }
}
