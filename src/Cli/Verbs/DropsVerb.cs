using System.CommandLine;
using Dataplane.Cli.Output;
using Dataplane.Contracts.V1;

namespace Dataplane.Cli.Verbs;

/// <summary>"dpctl drops": how many packets died of what, and what to check.</summary>
internal static class DropsVerb
{
    private const int DescriptionWidth = 72; // characters per line

    /// <summary>Makes the verb.</summary>
    public static Command Create(VerbRunner runner)
    {
        var all = new Option<bool>("--all") { Description = "Also reasons that have not happened (tables only; json and yaml hold all)" };
        var command = new Command("drops", "Dropped packets by reason, most frequent first, and what to check") { all };
        return runner.Bind(command, async (context, cancel) =>
        {
            bool withZeros = context.Arguments.GetValue(all);
            await context.PrintListAsync(context.Control.ListDropsAsync(new ListRequest(), cancel), drops => Table(drops, withZeros), cancel);
            return ExitCode.Success;
        });
    }

    private static TextTable Table(IReadOnlyList<DropEntry> drops, bool withZeros)
    {
        var table = new TextTable("REASON", "DIRECTION", "PACKETS", "BYTES", "DESCRIPTION");
        foreach (var drop in drops.Where(drop => withZeros || drop.Packets > 0).OrderByDescending(drop => drop.Packets))
            table.Add(drop.Reason, drop.Direction, $"{drop.Packets}", $"{drop.Bytes}", Words.OrDash(Words.Wrap(drop.Description, DescriptionWidth)));
        return table;
    }
}
