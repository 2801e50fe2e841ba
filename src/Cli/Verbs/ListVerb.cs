using System.CommandLine;
using Dataplane.Contracts;
using Dataplane.Cli.Output;
using Google.Protobuf;

namespace Dataplane.Cli.Verbs;

/// <summary>The shape of every "list": one stream of rows, printed as a table or an array.</summary>
internal static class ListVerb
{
    /// <summary>Makes "list" of the rows that <paramref name="read"/> streams.</summary>
    public static Command Create<T>(
        VerbRunner runner,
        string description,
        Func<IControlService, CancellationToken, IAsyncEnumerable<T>> read,
        Func<IReadOnlyList<T>, TextTable> table)
        where T : IMessage =>
        runner.Bind(new Command("list", description), async (context, cancel) =>
        {
            await context.PrintListAsync(read(context.Control, cancel), table, cancel);
            return ExitCode.Success;
        });
}
