using System.CommandLine;
using Dataplane.Cli.Output;
using Dataplane.Contracts.V1;

namespace Dataplane.Cli.Verbs;

/// <summary>"dpctl node": the cluster's nodes as this one reaches them.</summary>
internal static class NodeVerb
{
    /// <summary>Makes the verb with list.</summary>
    public static Command Create(VerbRunner runner) => new("node", "Cluster nodes as this one reaches them")
    {
        ListVerb.Create(
            runner, "List nodes, their pod CIDRs and tunnel MACs", (control, cancel) => control.ListNodesAsync(new ListRequest(), cancel), Table),
    };

    private static TextTable Table(IReadOnlyList<NodeEntry> nodes)
    {
        var table = new TextTable("NAME", "STATE", "ADDRESSES", "POD CIDRS", "NEXT HOP", "BY", "VTEP MAC", "NEXT HOP MAC");
        foreach (var entry in nodes)
            table.Add(
                entry.Node.Name + (entry.Local ? " (this node)" : ""),
                Words.OrDash(entry.State),
                Words.OrDash(string.Join('\n', entry.Node.Addresses)),
                Words.OrDash(string.Join('\n', entry.Node.PodCidrs)),
                Words.OrDash(string.Join('\n', entry.PodRoutes.Select(route => Words.OrDash(route.NextHop)))),
                Words.OrDash(string.Join('\n', entry.PodRoutes.Select(route => Words.OrDash(route.Protocol)))),
                Words.OrDash(entry.VtepMac),
                Words.OrDash(entry.NextHopMac));
        return table;
    }
}
