using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Dataplane.Agent.Nodes;

/// <summary>What a Node object says about options of the node's dataplane.</summary>
/// <param name="Name">The node's name.</param>
/// <param name="Addresses">Its InternalIPs, the first of each family that its pods have; IPv4 first.</param>
/// <param name="PodCidrs">Its pods' prefixes, in the same order.</param>
internal sealed record NodeOptions(string Name, IReadOnlyList<string> Addresses, IReadOnlyList<string> PodCidrs)
{
    /// <summary>Reads a Node.</summary>
    /// <param name="node">The object in JSON.</param>
    /// <param name="missing">What it lacks as yet; empty when the result is one.</param>
    /// <returns>Null as long as something is missing: the kubelet or the controller manager have not filled it in.</returns>
    public static NodeOptions? Read(JsonElement node, out string missing)
    {
        string name = node.GetProperty("metadata").GetProperty("name").GetString() ?? "";
        var addresses = new List<string>();
        var prefixes = new List<string>();
        foreach (var family in (ReadOnlySpan<AddressFamily>)[AddressFamily.InterNetwork, AddressFamily.InterNetworkV6])
        {
            if (Prefixes(node).FirstOrDefault(prefix => IPNetwork.TryParse(prefix, out var network) && network.BaseAddress.AddressFamily == family) is not { } own)
                continue;
            if (InternalAddresses(node).FirstOrDefault(text => IPAddress.TryParse(text, out var address) && address.AddressFamily == family) is not { } internalAddress)
            {
                missing = $"status.addresses of type InternalIP in the family of {own}";
                return null;
            }
            prefixes.Add(own);
            addresses.Add(internalAddress);
        }
        missing = prefixes.Count > 0 ? "" : "spec.podCIDR (kube-controller-manager gives it with --allocate-node-cidrs)";
        return prefixes.Count > 0 ? new NodeOptions(name, addresses, prefixes) : null;
    }

    /// <summary>As lines of the dataplane's configuration file.</summary>
    public string ToYaml() =>
        $"node-name: {Name}\nnode-ip: {string.Join(',', Addresses)}\npod-cidr: {string.Join(',', PodCidrs)}\n";

    private static IEnumerable<string> Prefixes(JsonElement node)
    {
        if (!node.TryGetProperty("spec", out var spec))
            yield break;
        if (spec.TryGetProperty("podCIDRs", out var several))
        {
            foreach (var prefix in several.EnumerateArray())
                yield return prefix.GetString() ?? "";
        }
        else if (spec.TryGetProperty("podCIDR", out var one))
        {
            yield return one.GetString() ?? "";
        }
    }

    private static IEnumerable<string> InternalAddresses(JsonElement node)
    {
        if (!node.TryGetProperty("status", out var status) || !status.TryGetProperty("addresses", out var addresses))
            yield break;
        foreach (var address in addresses.EnumerateArray())
            if (address.GetProperty("type").GetString() == "InternalIP")
                yield return address.GetProperty("address").GetString() ?? "";
    }
}
