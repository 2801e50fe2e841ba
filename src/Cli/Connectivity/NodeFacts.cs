using System.Text.Json.Nodes;

namespace Dataplane.Cli.Connectivity;

/// <summary>A node that pods of the test can run on.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Address">Its internal address.</param>
internal sealed record NodeFacts(string Name, string Address)
{
    /// <summary>Nodes that are ready and take any pod of Linux, by name.</summary>
    /// <param name="list">The API server's list of nodes.</param>
    public static List<NodeFacts> Usable(JsonObject list) =>
        [.. (list["items"]?.AsArray() ?? []).OfType<JsonObject>().Where(IsUsable)
            .Select(node => new NodeFacts((string)node["metadata"]!["name"]!, AddressOf(node)))
            .Where(node => node.Address.Length > 0)
            .OrderBy(node => node.Name, StringComparer.Ordinal)];

    private static bool IsUsable(JsonObject node) =>
        (bool?)node["spec"]?["unschedulable"] != true
        && (string?)node["status"]?["nodeInfo"]?["operatingSystem"] is null or "" or "linux"
        && !Elements(node["spec"]?["taints"]).Any(taint => (string?)taint["effect"] is "NoSchedule" or "NoExecute")
        && Elements(node["status"]?["conditions"]).Any(condition => (string?)condition["type"] == "Ready" && (string?)condition["status"] == "True");

    private static string AddressOf(JsonObject node) =>
        (string?)Elements(node["status"]?["addresses"]).FirstOrDefault(address => (string?)address["type"] == "InternalIP")?["address"] ?? "";

    private static IEnumerable<JsonObject> Elements(JsonNode? list) => (list as JsonArray ?? []).OfType<JsonObject>();
}
