using System.Text.Json;
using Dataplane.Testing.Clusters;

namespace Dataplane.Netns.Tests.Routing;

/// <summary>What a node says of its routes: its kernel, and dpctl.</summary>
internal static class NodeView
{
    /// <summary>The protocol of our routes to pods.</summary>
    internal const string Ours = "78";

    /// <summary>Routes of the main table by protocol: "10.244.2.0/24 via 192.168.77.2 dev eth0".</summary>
    internal static string[] Routes(this ClusterNode node, string protocol = Ours) =>
    [
        .. node.Net.Run("ip", "-4", "route", "show", "table", "main", "proto", protocol).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Take(5))).Order(StringComparer.Ordinal),
    ];

    /// <summary>Of `dpctl node list`: how the pods of another node are reached, "native 192.168.77.2 dataplane-pods".</summary>
    internal static string WayTo(this DataplaneNode node, ClusterNode other)
    {
        using JsonDocument nodes = JsonDocument.Parse(node.Dpctl("node", "list", "-o", "json"));
        JsonElement entry = nodes.RootElement.EnumerateArray().FirstOrDefault(n => n.GetProperty("node").GetProperty("name").GetString() == other.Name);
        if (entry.ValueKind == JsonValueKind.Undefined)
            return "unknown";
        string state = entry.GetProperty("state").GetString()!;
        return entry.TryGetProperty("podRoutes", out JsonElement routes) && routes.GetArrayLength() == 1 && routes[0].TryGetProperty("nextHop", out JsonElement hop) && hop.GetString() is { Length: > 0 } address
            ? $"{state} {address} {routes[0].GetProperty("protocol").GetString()}"
            : state;
    }

    /// <summary>Of `dpctl route list`: kind and next hop of a destination, "native 192.168.77.2"; null without the row.</summary>
    internal static string? RouteTo(this DataplaneNode node, string destination)
    {
        using JsonDocument routes = JsonDocument.Parse(node.Dpctl("route", "list", "-o", "json"));
        foreach (JsonElement row in routes.RootElement.EnumerateArray().Where(r => r.GetProperty("destination").GetString() == destination))
            return row.GetProperty("kind").GetString() + (row.TryGetProperty("nextHop", out JsonElement hop) && hop.GetString() is { Length: > 0 } address ? " " + address : "");
        return null;
    }
}
