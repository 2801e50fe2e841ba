using System.CommandLine;
using Dataplane.Cli.Output;
using Dataplane.Contracts.V1;

namespace Dataplane.Cli.Verbs;

/// <summary>"dpctl route": where a destination leaves this node.</summary>
internal static class RouteVerb
{
    /// <summary>Makes the verb with list.</summary>
    public static Command Create(VerbRunner runner) => new("route", "Where destinations leave this node")
    {
        ListVerb.Create(runner, "List routes; the longest prefix wins", (control, cancel) => control.ListRoutesAsync(new ListRequest(), cancel), Table),
    };

    private static TextTable Table(IReadOnlyList<RouteEntry> routes)
    {
        var table = new TextTable("DESTINATION", "KIND", "VIA", "PORT", "NEXT HOP", "NEXT HOP MAC", "MTU");
        foreach (var route in routes)
            table.Add(route.Destination, route.Kind, Words.OrDash(route.Via), $"{route.Port}", Words.OrDash(route.NextHop), Words.OrDash(route.NextHopMac), route.Mtu == 0 ? "-" : $"{route.Mtu}");
        return table;
    }
}
