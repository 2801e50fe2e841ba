using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using Dataplane.Agent.ApiServer;
using Dataplane.Agent.Objects;

namespace Dataplane.Agent.Tests.ApiServer;

/// <summary>JSON is read as it arrives, in pieces of any size.</summary>
public class StreamTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private const string List = """
        { "kind": "PodList", "apiVersion": "v1", "other": {"items": [{"not": "ours"}], "metadata": [1, [2]]},
          "items": [ {"metadata": {"name": "a", "managedFields": [{"manager": "kubectl", "fieldsV1": {"f:x": {}}}], "labels": {"k": "\u00fc\"\\"}}, "n": -12, "f": 1.5e3, "b": true, "z": null, "l": [1, "2", [], {}]},
                     {"metadata": {"name": "b"}} ], "tail": [[{}]],
          "metadata": {"resourceVersion": "77", "continue": "abc==", "remainingItemCount": 3} }
        """;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(64)]
    [InlineData(10_000)]
    public async Task A_list_may_arrive_in_any_pieces(int size)
    {
        var (items, reader) = await ReadAsync(List, size);
        Assert.Equal(2, items.Count);
        var (version, token) = (reader.ResourceVersion, reader.Continue);
        Assert.Equal(("77", "abc=="), (version, token));
        var first = items[0];
        Assert.Equal("ü\"\\", first.Find("metadata")!.Find("labels")!.Find("k")!.Text);
        Assert.Null(first.Find("metadata")!.Find("managedFields"));
        Assert.Equal((ObjectNodeKind.Integer, "-12"), (first.Find("n")!.Kind, first.Find("n")!.Text));
        Assert.Equal((ObjectNodeKind.Float, "1.5e3"), (first.Find("f")!.Kind, first.Find("f")!.Text));
        Assert.Equal((ObjectNodeKind.Boolean, "true"), (first.Find("b")!.Kind, first.Find("b")!.Text));
        Assert.Null(first.Find("z"));
        Assert.Equal([ObjectNodeKind.Integer, ObjectNodeKind.String, ObjectNodeKind.List, ObjectNodeKind.Map], first.Find("l")!.Elements.Select(e => e.Kind));
        Assert.Equal("b", items[1].Find("metadata")!.Find("name")!.Text);
    }

    [Fact]
    public async Task What_nobody_reads_is_left_out_and_labels_of_the_same_names_are_not()
    {
        var (items, _) = await ReadAsync("""
            {"items": [{"metadata": {"managedFields": [1], "labels": {"managedFields": "a", "images": "b", "env": "c"}}, "spec": {"volumes": [1],
            "containers": [{"env": [], "ports": []}], "matchLabels": {"volumes": "d"}}, "status": {"images": [{}], "phase": "x"},
            "endpoints": [{"targetRef": {}, "addresses": []}]}], "metadata": {"resourceVersion": "1"}}
            """, 100);
        Assert.Equal("{metadata:{labels:{managedFields:a images:b env:c}} spec:{containers:[{ports:[]}] matchLabels:{volumes:d}} status:{phase:x} endpoints:[{addresses:[]}]}", Show(items[0]));

        static string Show(ObjectNode node) => node.Kind switch
        {
            ObjectNodeKind.Map => $"{{{string.Join(' ', node.Fields.Select(f => $"{f.Key.Text}:{Show(f.Value)}"))}}}",
            ObjectNodeKind.List => $"[{string.Join(' ', node.Elements.Select(Show))}]",
            _ => node.Text,
        };
    }

    [Fact]
    public async Task A_list_that_ends_anywhere_but_at_its_end_is_refused()
    {
        var text = List.TrimEnd();
        for (var length = 0; length < text.Length; length += 3)
            await Assert.ThrowsAnyAsync<JsonException>(() => ReadAsync(text[..length], 50));
    }

    [Fact]
    public async Task Objects_of_a_list_come_while_it_arrives_and_no_more_than_a_few_are_held()
    {
        // The writer stops when 64 kB wait: if the reader held the list, neither would go on.
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 64 << 10, resumeWriterThreshold: 32 << 10));
        const int Count = 20_000;
        var item = Encoding.UTF8.GetBytes($$$"""{"metadata":{"name":"x","annotations":{"a":"{{{new string('y', 1000)}}}"}} },""");
        var written = 0;
        var writing = Task.Run(async () =>
        {
            await pipe.Writer.WriteAsync(Encoding.UTF8.GetBytes("""{"metadata":{"resourceVersion":"1"},"items":["""));
            for (var i = 0; i < Count; i++)
            {
                await pipe.Writer.WriteAsync(item);
                Volatile.Write(ref written, i + 1);
            }
            await pipe.Writer.WriteAsync("{}]}"u8.ToArray());
            await pipe.Writer.CompleteAsync();
        });
        using var guard = new StallGuard(Patience, "more", CancellationToken.None);
        var read = 0;
        await foreach (var _ in new ListReader(pipe.Reader, guard).ItemsAsync(CancellationToken.None))
        {
            read++;
            Assert.InRange(Volatile.Read(ref written) - read, -1, 400);
        }
        await writing;
        Assert.Equal(Count + 1, read);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(1000)]
    public async Task Events_are_lines_of_any_pieces(int size)
    {
        using var guard = new StallGuard(Patience, "more", CancellationToken.None);
        var reader = new WatchReader(
            Pipe("""{"type":"ADDED","object":{"metadata":{"name":"a"}}}""" + "\n\n" + """{"object":{"metadata":{}},"type":"BOOKMARK"}""" + "\n", size), guard);
        var first = (await reader.NextAsync())!.Value;
        Assert.Equal(("ADDED", "a"), (first.Type, first.Object.Find("metadata")!.Find("name")!.Text));
        Assert.Equal("BOOKMARK", (await reader.NextAsync())!.Value.Type);
        Assert.Null(await reader.NextAsync());
    }

    [Theory]
    [InlineData("""{"type":"ADDED","object":{}}""")]
    [InlineData("""{"type":"ADDED","object":""" + "\n")]
    [InlineData("""{"type":5,"object":{}}""" + "\n")]
    [InlineData("   \n")]
    [InlineData("""{"type":"ADDED","object":{"a":"\ud800"}}""" + "\n")]
    public async Task What_is_no_whole_event_is_refused(string text)
    {
        using var guard = new StallGuard(Patience, "more", CancellationToken.None);
        var reader = new WatchReader(Pipe(text, 10), guard);
        await Assert.ThrowsAnyAsync<JsonException>(async () => await reader.NextAsync());
    }

    [Fact]
    public async Task A_line_without_end_is_given_up()
    {
        using var guard = new StallGuard(Patience, "more", CancellationToken.None);
        var reader = new WatchReader(Pipe(new string('x', ListReader.LongestItem + 100_000), 1 << 20), guard);
        var error = await Assert.ThrowsAsync<JsonException>(async () => await reader.NextAsync());
        Assert.Equal("an event is longer than 16 MiB", error.Message);
    }

    private static async Task<(List<ObjectNode> Items, ListReader Reader)> ReadAsync(string text, int size)
    {
        using var guard = new StallGuard(Patience, "more", CancellationToken.None);
        var reader = new ListReader(Pipe(text, size), guard);
        var items = new List<ObjectNode>();
        await foreach (var item in reader.ItemsAsync(CancellationToken.None))
            items.Add(item);
        return (items, reader);
    }

    // Each read of the stream gives that many bytes, each in a buffer of their own.
    private static PipeReader Pipe(string text, int size) =>
        PipeReader.Create(new PiecewiseStream(Encoding.UTF8.GetBytes(text), size), new StreamPipeReaderOptions(bufferSize: Math.Max(size, 1), minimumReadSize: 1));
}
