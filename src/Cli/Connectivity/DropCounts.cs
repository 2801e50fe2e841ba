using System.Globalization;
using System.Text.Json.Nodes;

namespace Dataplane.Cli.Connectivity;

/// <summary>Dropped packets of each node by reason, since its dataplane started.</summary>
internal sealed class DropCounts
{
    /// <summary>Reasons that happen in any healthy cluster, and those that the test's own policies make.</summary>
    private static readonly string[] s_ordinary =
    [
        "PolicyDenied", "PolicyNotReady", "ArpIgnored", "NeighborDiscoveryIgnored", "EtherTypeUnsupported", "MulticastUnsupported",
        "ServiceNoEndpoints", "ConnectionOrphaned", "HopLimitExceeded", "ConntrackNoFlow",
    ];

    private readonly Dictionary<(string Node, string Reason), ulong> _packets = [];

    /// <summary>Asks each node's dataplane; null: there is none to ask.</summary>
    public static async Task<DropCounts?> ReadAsync(TestBed bed, CancellationToken cancel)
    {
        var pods = await DataplanePods.ListAsync(bed, cancel).ConfigureAwait(false);
        if (pods.Count == 0)
            return null;
        var counts = new DropCounts();
        foreach (var pod in pods)
        {
            var drops = await bed.Api.ExecAsync(pod.Name, DataplanePods.Container, ["dpctl", "drops", "-o", "json"], cancel).ConfigureAwait(false);
            if (drops.ExitCode != 0)
                throw new ConnectivityException($"dpctl drops in {pod.Name} ends with {drops.ExitCode}: {drops.Errors.Trim()}");
            counts.Add(pod.Node, JsonNode.Parse(drops.Output)?.AsArray() ?? []);
        }
        return counts;
    }

    /// <summary>Adds a node's answer to "dpctl drops -o json".</summary>
    public void Add(string node, JsonArray drops)
    {
        foreach (var drop in drops.OfType<JsonObject>())
        {
            // 64-bit numbers are strings in the JSON of Protocol Buffers; zero is left out or written.
            var packets = ulong.Parse($"{drop["packets"] ?? 0}", CultureInfo.InvariantCulture);
            var key = (node, (string?)drop["reason"] ?? "");
            _packets[key] = _packets.GetValueOrDefault(key) + packets;
        }
    }

    /// <summary>What was dropped since for reasons that are not of everyday life, a line each.</summary>
    /// <param name="before">As it was then. A dataplane that started in between counts from zero.</param>
    /// <param name="allowed">Reasons that are none of this, beside the ordinary ones.</param>
    public IReadOnlyList<string> UnexpectedSince(DropCounts before, IReadOnlyList<string> allowed) =>
        [.. _packets.Where(count => !s_ordinary.Contains(count.Key.Reason) && !allowed.Contains(count.Key.Reason))
            .Select(count => (count.Key, New: count.Value >= before._packets.GetValueOrDefault(count.Key) ? count.Value - before._packets.GetValueOrDefault(count.Key) : count.Value))
            .Where(count => count.New > 0)
            .OrderBy(count => count.Key)
            .Select(count => $"{count.Key.Node}: {count.New} packets {count.Key.Reason}")];
}
