using System.Text.Json.Nodes;

namespace Dataplane.Cli.Tests.Connectivity;

/// <summary>What NetworkPolicies of one namespace allow, for the parts of them that the test's own policies use.</summary>
internal static class FakePolicy
{
    /// <summary>Whether a connection between two pods, or from a pod to an address, is allowed.</summary>
    /// <param name="policies">All policies.</param>
    /// <param name="from">Labels of the sender.</param>
    /// <param name="to">Labels of the receiver; null: it is no pod.</param>
    /// <param name="address">The receiver's address.</param>
    /// <param name="port">The port; null: a ping.</param>
    /// <param name="protocol">TCP, UDP or ICMP.</param>
    public static bool Allows(IReadOnlyCollection<JsonObject> policies, JsonObject from, JsonObject? to, string address, int? port, string protocol) =>
        OneWay(policies, "Egress", "egress", "to", from, to, address, port, protocol)
        && (to is null || OneWay(policies, "Ingress", "ingress", "from", to, from, "", port, protocol));

    private static bool OneWay(
        IReadOnlyCollection<JsonObject> policies, string type, string rules, string peers, JsonObject subject, JsonObject? other, string address, int? port, string protocol)
    {
        var selecting = policies.Select(policy => policy["spec"]!.AsObject())
            .Where(spec => spec["policyTypes"]!.AsArray().Any(t => (string?)t == type) && Selects(spec["podSelector"]!, subject)).ToList();
        return selecting.Count == 0 || selecting.Any(spec => (spec[rules] as JsonArray ?? []).Any(rule =>
            (rule![peers] is not JsonArray { Count: > 0 } list || list.Any(peer => IsPeer(peer!, other, address)))
            && (rule["ports"] is not JsonArray { Count: > 0 } ports || ports.Any(p => port == (int)p!["port"]! && protocol == (string?)p["protocol"]))));
    }

    private static bool IsPeer(JsonNode peer, JsonObject? other, string address) =>
        peer["ipBlock"] is { } block ? (string?)block["cidr"] == $"{address}/32"
        : other is not null && (peer["podSelector"] is not { } selector || Selects(selector, other));

    private static bool Selects(JsonNode selector, JsonObject labels) =>
        (selector["matchLabels"] as JsonObject ?? []).All(label => (string?)labels[label.Key] == (string?)label.Value)
        && (selector["matchExpressions"] as JsonArray ?? []).All(requirement =>
        {
            var value = (string?)labels[(string)requirement!["key"]!];
            return (string?)requirement["operator"] switch
            {
                "In" => requirement["values"]!.AsArray().Any(v => (string?)v == value),
                "NotIn" => requirement["values"]!.AsArray().All(v => (string?)v != value),
                "Exists" => value is not null,
                var other => throw new InvalidOperationException(other),
            };
        });
}
