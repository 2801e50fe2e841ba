using System.Globalization;
using Dataplane.Control.Apply;
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
        ulong inserted = 0, expired = 0, evicted = 0, failed = 0, lost = 0;
        foreach (var worker in engine.Workers)
        {
            snapshot.Workers.Add(new WorkerSample(
                worker.Id.ToString(CultureInfo.InvariantCulture), worker.Counters.Packets, worker.Counters.Batches, worker.Counters.Sleeps, CounterTotals.BusyNanoseconds(worker)));
            lost += worker.Counters.LostEvents;
            var flows = engine.Conntrack.Writer(worker.Id).Counters;
            inserted += flows.Inserted;
            expired += flows.Expired;
            evicted += flows.Evicted;
            failed += flows.Full;
        }
        var frames = engine.AccountFrames();
        snapshot.Frames = new FrameSample(
            (ulong)frames.Total, (ulong)frames.Free, (ulong)frames.Fill, (ulong)Math.Max(0, frames.Receive), (ulong)Math.Max(0, frames.Transmit), (ulong)frames.Held);
        snapshot.Conntrack = new ConntrackSample((ulong)engine.Conntrack.Reader.Count, (ulong)engine.Conntrack.Capacity, inserted, expired, evicted, failed);
        var state = node.State;
        var endpoints = node.Endpoints;
        snapshot.Tables = new TableSample(
            (ulong)endpoints.Count, (ulong)endpoints.Count(e => !state.Workloads.ContainsKey(e.Key)), (ulong)state.Services.Count, (ulong)node.ServiceBackends,
            (ulong)state.Policies.Count, (ulong)state.Identities.Count, (ulong)state.Ipcache.Count, (ulong)state.Nodes.Count);
        snapshot.Generation = state.Generation;
        snapshot.LastSyncTime = node.LastSync is { } last ? last.ToUnixTimeMilliseconds() / 1000.0 : 0;
        snapshot.SyncsApplied = node.SyncsApplied;
        snapshot.SyncsRefused = node.SyncsRefused;
        snapshot.FlowEventsLost = lost;
    }
}
