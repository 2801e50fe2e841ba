using Dataplane.Cli.Output;
using Dataplane.Contracts.V1;

namespace Dataplane.Cli.Verbs;

/// <summary>What a healthy dataplane looks like. Pure: judges dumps, asks nothing.</summary>
internal static class HealthChecks
{
    /// <summary>A table this full will soon refuse flows.</summary>
    private const double ConntrackAlarm = 0.9;

    /// <summary>While there is time to widen the range. Clients fall into sets of eight places, many of which are full by then.</summary>
    private const double NatPortAlarm = 0.8, AffinityAlarm = 0.8;

    /// <summary>Kinds without which pods reach neither other nodes nor their own; a cluster of one node needs no uplink.</summary>
    private static readonly string[] NeededPortKinds = ["uplink", "host"];

    /// <summary>Judges one node's dumps; always the same checks in the same order.</summary>
    public static List<HealthFinding> Judge(
        Status status, IReadOnlyList<EndpointEntry> endpoints, IReadOnlyList<NodeEntry> nodes) =>
    [
        Readiness(status),
        Generation(status),
        Ports(status, nodes),
        Conntrack(status),
        NatPorts(status),
        Affinity(status),
        Frames(status),
        Endpoints(endpoints),
        Nodes(nodes),
        .. Services(status),
    ];

    private static HealthFinding Readiness(Status status) => status.Ready
        ? new("dataplane", true, "ready")
        : new("dataplane", false, $"not ready: {status.NotReadyReason}");

    private static HealthFinding Generation(Status status) => status.Generation > 0
        ? new("state", true, $"generation {status.Generation}, synced {Words.Duration(status.SecondsSinceSync)} ago")
        : new("state", false, "none has come from the agent; is dataplane-agent running with the same --control?");

    private static HealthFinding Ports(Status status, IReadOnlyList<NodeEntry> nodes)
    {
        var missing = NeededPortKinds.Where(kind => (kind != "uplink" || nodes.Count > 1) && status.Ports.All(port => port.Kind != kind)).ToList();
        return missing.Count == 0
            ? new("ports", true, $"{status.Ports.Count} open")
            : new("ports", false, $"no {string.Join(" and no ", missing)} port; see the dataplane's log for why it was not opened");
    }

    private static HealthFinding Conntrack(Status status)
    {
        var tables = status.Tables ?? new Status.Types.Tables();
        string fill = $"{tables.ConntrackEntries} of {tables.ConntrackCapacity} entries ({Words.Percent(tables.ConntrackEntries, tables.ConntrackCapacity)})";
        // The families do not share their room.
        bool isNearlyFull = IsFull(tables.ConntrackEntriesV6, tables.ConntrackCapacityV6)
            || IsFull(tables.ConntrackEntries - tables.ConntrackEntriesV6, tables.ConntrackCapacity - tables.ConntrackCapacityV6);
        if (tables.ConntrackCapacityV6 > 0)
            fill += $", of IPv6 {tables.ConntrackEntriesV6} of {tables.ConntrackCapacityV6}";
        return isNearlyFull
            ? new("conntrack", false, $"{fill}: nearly full, new flows will be dropped; raise conntrack-entries")
            : new("conntrack", true, fill);

        static bool IsFull(ulong used, ulong capacity) => capacity > 0 && used >= capacity * ConntrackAlarm;
    }

    private static HealthFinding NatPorts(Status status)
    {
        var use = NatPortUse.Of(status.NatPorts);
        return use.Used < use.Size * NatPortAlarm || use.Size == 0
            ? new("nat", true, $"{use}")
            : new("nat", false, $"{use}: nearly exhausted, new masqueraded connections to them will be dropped; widen nat-ports, or reuse connections");
    }

    private static HealthFinding Affinity(Status status)
    {
        ulong used = status.Tables?.AffinityClients ?? 0, capacity = status.Tables?.AffinityCapacity ?? 0;
        string fill = $"{used} of {capacity} clients ({Words.Percent(used, capacity)})";
        return used < capacity * AffinityAlarm || capacity == 0
            ? new("affinity", true, fill)
            : new("affinity", false, $"{fill}: nearly full, clients will be forgotten before their timeout and may get another endpoint; raise affinity-entries");
    }

    private static IEnumerable<HealthFinding> Services(Status status) => status.Problems.Count == 0
        ? [new("services", true, "nothing stands in their way")]
        : status.Problems.Select(problem => new HealthFinding("services", false, problem));

    private static HealthFinding Frames(Status status)
    {
        var frames = status.Frames ?? new Status.Types.Frames();
        return frames.Total == 0 || frames.Free + frames.Fill > 0
            ? new("frames", true, $"{frames.Free} of {frames.Total} free")
            : new("frames", false, $"none of {frames.Total} is free: nothing can be received");
    }

    private static HealthFinding Endpoints(IReadOnlyList<EndpointEntry> endpoints)
    {
        var waiting = endpoints.Where(endpoint => endpoint.State != "ready").ToList();
        return waiting.Count == 0
            ? new("endpoints", true, $"{endpoints.Count} ready")
            : new("endpoints", false, $"{string.Join(", ", waiting.Select(endpoint => $"{endpoint.Namespace}/{endpoint.Pod}"))}: " +
                "no connectivity until the agent has sent the pod's workload; is there a Pod object of that name on this node?");
    }

    private static HealthFinding Nodes(IReadOnlyList<NodeEntry> nodes)
    {
        List<string> faults = [.. Fault(nodes, "unresolved", "no neighbour entry for the next hop; can this node ping that one?"),
            .. Fault(nodes, "unreachable", "a blackhole, unreachable or prohibit route on this node refuses its pods; `dpctl node list` says who has brought it")];
        return faults.Count == 0 ? new("nodes", true, $"{nodes.Count} known") : new("nodes", false, string.Join("; ", faults));
    }

    private static IEnumerable<string> Fault(IReadOnlyList<NodeEntry> nodes, string state, string cause)
    {
        var names = nodes.Where(entry => entry.State == state).Select(entry => entry.Node.Name).ToList();
        return names.Count == 0 ? [] : [$"{string.Join(", ", names)}: {cause}"];
    }
}
