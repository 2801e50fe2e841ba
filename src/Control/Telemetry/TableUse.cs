using Dataplane.Conntrack;
using Dataplane.Control.Apply;
using Dataplane.Control.Metrics;
using Dataplane.Workers;

namespace Dataplane.Control.Telemetry;

/// <summary>How full the tables of fixed size are. Cheap enough for every scrape, whatever their size.</summary>
internal static class TableUse
{
    /// <summary>Connections that are tracked, and how many can be; both families together, each of which has half of the room where there are two.</summary>
    public static (ulong Entries, ulong Capacity) Conntrack(DataplaneEngine engine)
    {
        var (first, second) = (engine.Conntrack, engine.ConntrackV6);
        return ((ulong)(first.Reader.Count + (second?.Reader.Count ?? 0)), (ulong)(first.Capacity + (second?.Capacity ?? 0)));
    }

    /// <summary>Source ports of masqueraded connections; of address families with pools of their own, the fuller one's group.</summary>
    public static NatPortSample NatPorts(DataplaneEngine engine)
    {
        NatPortPool first = engine.Conntrack.NatPorts, second = engine.ConntrackV6?.NatPorts ?? first;
        return ReferenceEquals(first, second)
            ? new NatPortSample((ulong)first.Used, (ulong)first.MostUsed, (ulong)first.Size, NatPortPool.Groups)
            : new NatPortSample((ulong)(first.Used + second.Used), (ulong)Math.Max(first.MostUsed, second.MostUsed), (ulong)first.Size, 2 * NatPortPool.Groups);
    }

    /// <summary>The part of <see cref="Conntrack"/> that is of IPv6; zeros where the cluster has none.</summary>
    public static (ulong Entries, ulong Capacity) ConntrackV6(DataplaneEngine engine) =>
        engine.ConntrackV6 is { } table ? ((ulong)table.Reader.Count, (ulong)table.Capacity) : default;

    /// <summary>
    /// Clients that services with session affinity remember, about: those seen within the longest timeout of any service. The table keeps
    /// who has timed out until the place is needed, so that the places alone say nothing. Of two families' tables the fuller one.
    /// </summary>
    public static (ulong Clients, ulong Capacity) Affinity(NodeRuntime node)
    {
        var engine = node.Engine;
        ulong capacity = (ulong)engine.Affinity.Capacity;
        uint longest = 0;
        foreach (var service in node.State.Services.Values) longest = Math.Max(longest, service.AffinitySeconds);
        if (longest == 0) return (0, capacity);
        uint now = engine.Clock.Seconds;
        return ((ulong)Math.Max(engine.Affinity.EstimateSeen(longest, now), engine.AffinityV6?.EstimateSeen(longest, now) ?? 0), capacity);
    }
}
