using Google.Protobuf;

namespace Dataplane.Cli.Output;

/// <summary>Protobuf's own JSON mapping: camelCase, defaults shown, 64-bit numbers as strings, enums by name.</summary>
internal static class JsonText
{
    private static readonly JsonFormatter.Settings Compact = JsonFormatter.Settings.Default.WithFormatDefaultValues(true);
    private static readonly JsonFormatter OneLine = new(Compact);
    private static readonly JsonFormatter Indented = new(Compact.WithIndentation("  "));

    /// <summary>One message on one line: the form of a stream.</summary>
    public static string Line(IMessage message) => OneLine.Format(message);

    /// <summary>One message, indented.</summary>
    public static string Document(IMessage message) => Indented.Format(message);

    /// <summary>Writes messages as an array while they arrive, so that a dump of any length takes no memory.</summary>
    public static async Task WriteArrayAsync<T>(
        TextWriter writer, IAsyncEnumerable<T> messages, CancellationToken cancel)
        where T : IMessage
    {
        string separator = "[\n  ";
        await foreach (T message in messages.WithCancellation(cancel))
        {
            writer.Write(separator);
            writer.Write(Indented.Format(message, 1));
            separator = ",\n  ";
        }
        writer.Write(separator[0] == '[' ? "[]\n" : "\n]\n");
    }
}
