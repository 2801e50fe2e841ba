using System.CommandLine;
using Dataplane.Contracts;
using Dataplane.Cli.Output;
using Google.Protobuf;

namespace Dataplane.Cli;

/// <summary>What a running verb has at hand. Standard output is buffered; it is flushed when the verb returns.</summary>
internal sealed class VerbContext(
    CliHost host, ParseResult arguments, IControlService control, OutputFormat format, TextWriter output)
{
    /// <summary>The world outside the process.</summary>
    public CliHost Host => host;

    /// <summary>The verb's own options.</summary>
    public ParseResult Arguments => arguments;

    /// <summary>The dataplane.</summary>
    public IControlService Control => control;

    /// <summary>The format asked for.</summary>
    public OutputFormat Format => format;

    /// <summary>Standard output as text.</summary>
    public TextWriter Output => output;

    /// <summary>Prints one message; <paramref name="table"/> writes it for people.</summary>
    public void Print(IMessage message, Action<TextWriter> table)
    {
        if (format == OutputFormat.Table)
            table(output);
        else
            PrintJson(JsonText.Document(message));
    }

    /// <summary>Prints a JSON document in the format asked for, which is not the table.</summary>
    public void PrintJson(string json) =>
        output.Write(format == OutputFormat.Yaml ? YamlText.FromJson(json) : json + "\n");

    /// <summary>Prints a dump: a table, or an array.</summary>
    public async Task PrintListAsync<T>(
        IAsyncEnumerable<T> messages, Func<IReadOnlyList<T>, TextTable> table, CancellationToken cancel)
        where T : IMessage
    {
        switch (format)
        {
            case OutputFormat.Table:
                table(await messages.ToListAsync(cancel)).WriteTo(output);
                break;
            case OutputFormat.Json:
                await JsonText.WriteArrayAsync(output, messages, cancel);
                break;
            case OutputFormat.Yaml:
                using (var json = new StringWriter())
                {
                    await JsonText.WriteArrayAsync(json, messages, cancel);
                    output.Write(YamlText.FromJson(json.ToString()));
                }
                break;
        }
    }
}
