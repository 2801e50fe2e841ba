using System.CommandLine;
using Dataplane.Cli.Output;
using Dataplane.Contracts.V1;

namespace Dataplane.Cli.Verbs;

/// <summary>"dpctl endpoint": pods attached to this node's dataplane.</summary>
internal static class EndpointVerb
{
    /// <summary>Makes the verb with list, add and delete.</summary>
    public static Command Create(VerbRunner runner) => new("endpoint", "Pods attached to the dataplane of this node")
    {
        ListVerb.Create(
            runner, "List endpoints, their policy enforcement and identity", (control, cancel) => control.ListEndpointsAsync(new ListRequest(), cancel), Table),
        EndpointAddVerb.Create(runner),
        EndpointDeleteVerb.Create(runner),
    };

    private static TextTable Table(IReadOnlyList<EndpointEntry> endpoints)
    {
        var table = new TextTable(
            "ENDPOINT", "POD", "INGRESS", "EGRESS", "IDENTITY", "LABELS (source:key[=value])", "IPv6", "IPv4", "STATUS");
        foreach (var endpoint in endpoints)
            table.Add(
                $"{endpoint.Id}",
                $"{endpoint.Namespace}/{endpoint.Pod}",
                Words.Enforcement(endpoint.IngressIsolated),
                Words.Enforcement(endpoint.EgressIsolated),
                endpoint.Identity == 0 ? "-" : Words.Identity(endpoint.Identity),
                Words.OrDash(string.Join('\n', endpoint.Labels)),
                Words.OfFamily(endpoint.Addresses, v6: true),
                Words.OfFamily(endpoint.Addresses, v6: false),
                endpoint.State);
        return table;
    }
}
