using System.Text.Json.Nodes;

namespace Dataplane.Cni.Configuration;

/// <summary>"ipam": who gives addresses, and whether the dataplane's pod-cidr says which.</summary>
internal sealed class IpamConfiguration
{
    private const string HostLocal = "host-local";

    /// <summary>What Calico's users write for "the node's own".</summary>
    private const string UsePodCidr = "usePodCidr";

    // host-local refuses a configuration without ranges even when it only looks up what a container holds, which it does by the
    // container's ID. A range for documentation (RFC 5737) will do, and the dataplane, which knows the real ones, may be gone.
    private const string AnyRange = "192.0.2.0/24";

    private IpamConfiguration(string type, bool needsRanges) => (Type, NeedsRanges) = (type, needsRanges);

    /// <summary>File name of the plugin.</summary>
    public string Type { get; }

    /// <summary>True when no range is configured, so that the node's pod-cidr is to be used.</summary>
    public bool NeedsRanges { get; }

    /// <summary>Reads it.</summary>
    /// <exception cref="CniException">Code 7, naming key and value.</exception>
    public static IpamConfiguration Read(JsonObject json)
    {
        if (json.Object("ipam") is not { } ipam) return new IpamConfiguration(HostLocal, NeedsRangesOf(json, null));
        string type = ipam.Text("type", "ipam.") ?? HostLocal;
        // A path would start any program of the node.
        if (type.Length == 0 || type is "." or ".." || type.Contains('/')) throw JsonKeys.Bad("ipam.type", ipam["type"], "the file name of an IPAM plugin is needed");
        return new IpamConfiguration(type, type == HostLocal && NeedsRangesOf(json, ipam));
    }

    /// <summary>The whole configuration as the IPAM plugin is to see it.</summary>
    /// <param name="json">As it came; not changed.</param>
    /// <param name="version">What the IPAM plugin is asked to speak.</param>
    /// <param name="ranges">The ranges where <see cref="NeedsRanges"/>, when addresses are to be given; null otherwise.</param>
    public JsonObject Complete(JsonObject json, CniVersion version, JsonArray? ranges)
    {
        var complete = (JsonObject)json.DeepClone();
        complete["cniVersion"] = version.Text;
        if (complete["ipam"] is not JsonObject) complete["ipam"] = new JsonObject();
        var ipam = (JsonObject)complete["ipam"]!;
        ipam["type"] = Type;
        if (!NeedsRanges) return complete;
        ipam.Remove("subnet");
        ipam["ranges"] = ranges ?? PodRanges.Of(AnyRange);
        return complete;
    }

    private static bool NeedsRangesOf(JsonObject json, JsonObject? ipam)
    {
        if (json["runtimeConfig"]?["ipRanges"] is JsonArray { Count: > 0 }) return false;
        if (ipam is null || ipam["subnet"] is JsonValue subnet && subnet.TryGetValue(out string? text) && text == UsePodCidr) return true;
        return ipam["subnet"] is null && ipam["ranges"] is not JsonArray { Count: > 0 };
    }
}
