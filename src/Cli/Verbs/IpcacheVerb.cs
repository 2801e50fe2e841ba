using System.CommandLine;
using Dataplane.Cli.Output;
using Dataplane.Contracts.V1;

namespace Dataplane.Cli.Verbs;

/// <summary>"dpctl ipcache": which identity an address has.</summary>
internal static class IpcacheVerb
{
    /// <summary>Makes the verb with list.</summary>
    public static Command Create(VerbRunner runner) => new("ipcache", "Which identity an address or prefix has")
    {
        ListVerb.Create(
            runner, "List prefixes; the longest that matches an address wins, none is world", (control, cancel) => control.ListIpcacheAsync(new ListRequest(), cancel), Table),
    };

    private static TextTable Table(IReadOnlyList<IpcacheEntry> entries)
    {
        var table = new TextTable("IP PREFIX/ADDRESS", "IDENTITY", "OWNER");
        foreach (var entry in entries)
            table.Add(entry.Cidr, Words.Identity(entry.Identity), Words.OrDash(entry.Owner));
        return table;
    }
}
