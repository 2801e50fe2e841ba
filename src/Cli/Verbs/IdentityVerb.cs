using System.CommandLine;
using Dataplane.Cli.Output;
using Dataplane.Contracts.V1;

namespace Dataplane.Cli.Verbs;

/// <summary>"dpctl identity": the label sets policy speaks of, by number.</summary>
internal static class IdentityVerb
{
    /// <summary>Makes the verb with list.</summary>
    public static Command Create(VerbRunner runner) => new("identity", "Label sets and prefixes that policy tells apart")
    {
        ListVerb.Create(runner, "List identities and their labels", (control, cancel) => control.ListIdentitiesAsync(new ListRequest(), cancel), Table),
    };

    private static TextTable Table(IReadOnlyList<Identity> identities)
    {
        var table = new TextTable("ID", "KIND", "LABELS (source:key[=value])");
        foreach (var identity in identities)
            table.Add($"{identity.Id}", KindName(identity.Kind), Words.OrDash(string.Join('\n', identity.Labels)));
        return table;
    }

    private static string KindName(Identity.Types.Kind kind) => kind switch
    {
        Identity.Types.Kind.Host => "host",
        Identity.Types.Kind.RemoteNode => "remote-node",
        Identity.Types.Kind.World => "world",
        Identity.Types.Kind.Pod => "pod",
        Identity.Types.Kind.Cidr => "cidr",
        _ => "unknown",
    };
}
