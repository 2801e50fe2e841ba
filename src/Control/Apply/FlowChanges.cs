using Dataplane.Contracts.V1;
using Dataplane.Control.Compile;
using Dataplane.Packets;

namespace Dataplane.Control.Apply;

/// <summary>What a change of state means for flows that exist. Pure.</summary>
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

    /// <summary>
    /// UDP services whose endpoints have changed, and that have some. Of a service that has none left the flows stay: they are as good as a
    /// refusal, and it may get its endpoint back (K24).
    /// </summary>
    public static List<Service> Services(DesiredState before, DesiredState after)
    {
        var changed = new List<Service>();
        foreach (var (_, was, service) in SharedMap<ServiceKey, Service>.Changes(before.Services, after.Services))
        {
            if (service is null || service.Protocol != Protocol.Udp || service.Backends.Count == 0) continue;
            if (was is null || !was.Backends.Equals(service.Backends) || !was.Frontends.Equals(service.Frontends)) changed.Add(service);
        }
        return changed;
    }

    // Nodes have entries of their own, for people "node/NAME"; prefixes of policies have no owner.
    private static bool IsPod(IpcacheEntry entry) => entry.Owner.Length > 0 && !entry.Owner.StartsWith("node/", StringComparison.Ordinal);
}
