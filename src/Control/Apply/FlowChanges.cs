using Dataplane.Contracts.V1;
using Dataplane.Control.Compile;
using Dataplane.Packets;

namespace Dataplane.Control.Apply;

/// <summary>What a change of state means for flows that exist, beside <see cref="StaleFlows"/>. Pure.</summary>
internal static class FlowChanges
{
    /// <summary>Addresses of pods that are gone, or whose address is another pod's now; both families, as <see cref="IIpAddress{TSelf}.Widen"/> has them.</summary>
    /// <param name="before">The state so far.</param>
    /// <param name="after">The state from now on.</param>
    /// <param name="attached">
    /// Which pod, "namespace/name", is attached here with an address; null for none. Where that is not the pod that is gone, the flows of that one
    /// were ended when it was detached, and those of now are its successor's.
    /// </param>
    public static HashSet<IPv6Address> Departed(DesiredState before, DesiredState after, Func<IPv6Address, string?> attached)
    {
        var departed = new HashSet<IPv6Address>();
        if (ReferenceEquals(before.Ipcache, after.Ipcache)) return departed;
        foreach (var (cidr, entry) in before.Ipcache)
        {
            if (after.Ipcache.TryGetValue(cidr, out var now) && (ReferenceEquals(now, entry) || now.Owner == entry.Owner)) continue;
            if (!IsPod(entry) || !FieldParser.TryHost(cidr, out var address)) continue;
            if (attached(address) is not { } successor || successor == entry.Owner) departed.Add(address);
        }
        return departed;
    }

    // Nodes have entries of their own, for people "node/NAME"; prefixes of policies have no owner.
    private static bool IsPod(IpcacheEntry entry) => entry.Owner.Length > 0 && !entry.Owner.StartsWith("node/", StringComparison.Ordinal);
}
