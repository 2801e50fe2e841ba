using System.Globalization;
using Dataplane.Control.Apply;
using Dataplane.Control.Compile;
using Dataplane.Control.Metrics;

namespace Dataplane.Control.Telemetry;

/// <summary>A node's counters, as metrics show them.</summary>
public sealed class NodeTelemetry(NodeRuntime node) : ITelemetrySource
{
    /// <inheritdoc/>
    public void Read(TelemetrySnapshot snapshot)
    {
        var engine = node.Engine;
        foreach (var port in engine.Ports)
        {
            var statistics = port.ReadStatistics();
            snapshot.Ports.Add(new PortSample
            {
                Name = port.Name,
                Kind = port.Kind.ToString().ToLowerInvariant(),
                Queue = port.Socket.Queue.ToString(CultureInfo.InvariantCulture),
                XdpMode = node.XdpModeOf(port),
                BindMode = port.Socket.ZeroCopy ? "zero-copy" : "copy",
                RxPackets = port.Counters.RxPackets,
                RxBytes = port.Counters.RxBytes,
                TxPackets = port.Counters.TxPackets,
                TxBytes = port.Counters.TxBytes,
                RxDropped = statistics.RxDropped,
                RxRingFull = statistics.RxRingFull,
                FillRingEmpty = statistics.RxFillRingEmpty,
                TxErrors = port.Counters.TxErrors,
            });
        }
        foreach (var drop in CounterTotals.Drops(engine))
        {
            snapshot.Drops.Add(new DropSample(drop.Reason.ToString(), FlowText.Direction(drop.Direction), drop.Packets, drop.Bytes));
        }
        foreach (var (reason, answer, packets) in CounterTotals.Rejects(engine)) snapshot.Rejects.Add(new RejectSample(reason.ToString(), answer, packets));
        ulong inserted = 0, expired = 0, evicted = 0, failed = 0, lost = 0;
        foreach (var worker in engine.Workers)
        {
            var counters = worker.Counters;
            snapshot.Workers.Add(new WorkerSample
            {
                Worker = worker.Id.ToString(CultureInfo.InvariantCulture),
                RxPackets = counters.Packets,
                Batches = counters.Batches,
                Sleeps = counters.Sleeps,
                BusyNanoseconds = CounterTotals.BusyNanoseconds(worker),
                Kicks = counters.Kicks,
                SegmentedPackets = counters.SegmentedPackets,
                Segments = counters.Segments,
                CoalescedPackets = counters.CoalescedPackets,
                CoalescedSegments = counters.CoalescedSegments,
            });
            lost += counters.LostEvents;
            var flows = engine.Conntrack.Writer(worker.Id).Counters;
            var flowsV6 = engine.ConntrackV6 is { } v6 ? v6.Writer(worker.Id).Counters : new();
            inserted += flows.Inserted + flowsV6.Inserted;
            expired += flows.Expired + flowsV6.Expired;
            evicted += flows.Evicted + flowsV6.Evicted;
            failed += flows.Full + flowsV6.Full;
        }
        var frames = engine.AccountFrames();
        snapshot.Frames = new FrameSample(
            (ulong)frames.Total, (ulong)frames.Free, (ulong)frames.Fill, (ulong)Math.Max(0, frames.Receive), (ulong)Math.Max(0, frames.Transmit), (ulong)frames.Held);
        var (tracked, capacity) = TableUse.Conntrack(engine);
        snapshot.Conntrack = new ConntrackSample(tracked, capacity, inserted, expired, evicted, failed);
        snapshot.NatPorts = TableUse.NatPorts(engine);
        ReadPressures(snapshot);
        var state = node.State;
        var endpoints = node.Endpoints;
        snapshot.Tables = new TableSample(
            (ulong)endpoints.Count, (ulong)endpoints.Count(e => state.WorkloadOf(e) is null), (ulong)state.Services.Count, (ulong)node.ServiceBackends,
            (ulong)state.Policies.Count, (ulong)state.Identities.Count, (ulong)state.Ipcache.Count, (ulong)state.Nodes.Count, Unresolved());
        snapshot.Generation = state.Generation;
        snapshot.LastSyncTime = node.Syncs.Last is { } last ? last.ToUnixTimeMilliseconds() / 1000.0 : 0;
        snapshot.SyncsApplied = node.Syncs.Applied;
        snapshot.SyncsRefused = node.Syncs.Refused;
        snapshot.FlowEventsLost = lost;
    }

    private void ReadPressures(TelemetrySnapshot snapshot)
    {
        var (clients, places) = TableUse.Affinity(node);
        var (frontends, room) = node.SteeredFrontends;
        snapshot.Pressures.Add(Conntrack(snapshot.Conntrack));
        snapshot.Pressures.Add(new PressureSample("nat-ports", snapshot.NatPorts.MostUsed, snapshot.NatPorts.Capacity));
        snapshot.Pressures.Add(new PressureSample("affinity", clients, places));
        snapshot.Pressures.Add(new PressureSample("uplink-frontends", (ulong)frontends, (ulong)room));
        snapshot.Pressures.Add(new PressureSample("umem-frames", snapshot.Frames.Total - snapshot.Frames.Free, snapshot.Frames.Total));
    }

    // Each family has a table of its own: the fuller one is what new connections may be refused by.
    private PressureSample Conntrack(in ConntrackSample both)
    {
        var (entries, capacity) = TableUse.ConntrackV6(node.Engine);
        var v6 = new PressureSample("conntrack", entries, capacity);
        var v4 = new PressureSample("conntrack", both.Entries - Math.Min(entries, both.Entries), both.Capacity - capacity);
        return v6.Pressure > v4.Pressure ? v6 : v4;
    }

    private ulong Unresolved()
    {
        var hops = node.KnownNextHops;
        ulong count = 0;
        foreach (var other in node.State.Nodes.Values)
        {
            if (other.Name != node.Options.NodeName && !(TableCompiler.TunnelAddress(other, out var address) && hops.ContainsKey(address))) count++;
        }
        return count;
    }
}
