using System.Text.Json.Nodes;
using Dataplane.Contracts.V1;

namespace Dataplane.Cni.Configuration;

/// <summary>The node's pod-cidr as "ranges" of host-local.</summary>
internal static class PodRanges
{
    private const string Option = "pod-cidr";

    /// <summary>One set per family, from the options of the dataplane.</summary>
    /// <exception cref="CniException">Code 100: the dataplane does not say.</exception>
    public static JsonArray Of(Config config)
    {
        string prefixes = config.Options.FirstOrDefault(option => option.Key == Option)?.Value ?? "";
        return prefixes.Length > 0
            ? Of(prefixes.Split(',', StringSplitOptions.TrimEntries))
            : throw new CniException(CniErrorCode.Failed, $"the dataplane does not name its {Option}", "Give ipam.ranges in the configuration.");
    }

    /// <summary>A set of one range for each prefix. host-local keeps back the first address of a range as the gateway, which is the dataplane's own.</summary>
    public static JsonArray Of(params IEnumerable<string> prefixes)
    {
        var sets = new JsonArray();
        foreach (string prefix in prefixes) sets.Add((JsonNode)new JsonArray(new JsonObject { ["subnet"] = prefix }));
        return sets;
    }
}
