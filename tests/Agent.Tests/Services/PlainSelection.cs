using V1 = Dataplane.Contracts.V1;

namespace Dataplane.Agent.Tests.Services;

/// <summary>K4, K20 and K21 as the rows say them, set by set, without any precomputation: for one port of one family.</summary>
internal static class PlainSelection
{
    /// <summary>What each endpoint that is to be sent takes, by "address:port".</summary>
    public static SortedDictionary<string, V1.Backend.Types.Use> Of(IReadOnlyList<PlainEndpoint> endpoints, string node, string zone)
    {
        // K4: one claim for each address and port, this node's before others, then a ready one, then one that serves.
        var all = endpoints.GroupBy(e => e.Place).Select(claims => claims
            .OrderByDescending(e => e.Node == node).ThenByDescending(e => e.Ready).ThenByDescending(e => e.Serving).ThenBy(e => e.Terminating)
            .ThenBy(e => e.Node, StringComparer.Ordinal)
            .ThenByDescending(e => Meaning(e.ForNodes, node)).ThenByDescending(e => Meaning(e.ForZones, zone)).First()).ToList();
        var ready = all.Where(e => e.Ready).ToList();
        var leaving = all.Where(e => !e.Ready && e.Serving && e.Terminating).ToList();

        // K21: the ready ones that are near, if hints may be used; then K20.
        var near = ready;
        if (ready.All(e => e.ForNodes.Length > 0) && ready.Any(e => e.ForNodes.Contains(node)))
            near = [.. ready.Where(e => e.ForNodes.Contains(node))];
        else if (zone.Length > 0 && ready.All(e => e.ForZones.Length > 0) && ready.Any(e => e.ForZones.Contains(zone)))
            near = [.. ready.Where(e => e.ForZones.Contains(zone))];
        var cluster = ready.Count > 0 ? near : leaving;
        var local = ready.Any(e => e.Node == node) ? ready.Where(e => e.Node == node).ToList() : leaving.Where(e => e.Node == node).ToList();

        var uses = new SortedDictionary<string, V1.Backend.Types.Use>(StringComparer.Ordinal);
        foreach (var endpoint in ready.Concat(leaving))
        {
            uses[endpoint.Place] = (cluster.Contains(endpoint), local.Contains(endpoint)) switch
            {
                (true, true) => V1.Backend.Types.Use.ClusterAndLocal,
                (true, false) => V1.Backend.Types.Use.Cluster,
                (false, true) => V1.Backend.Types.Use.Local,
                _ => V1.Backend.Types.Use.None,
            };
        }
        return uses;
    }

    private static int Meaning(string[] names, string here) => names.Length == 0 ? 0 : here.Length > 0 && names.Contains(here) ? 2 : 1;
}
