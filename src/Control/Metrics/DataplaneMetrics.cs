namespace Dataplane.Control.Metrics;

/// <summary>The metrics of the packet path and its tables. docs/metrics.md lists them.</summary>
public sealed class DataplaneMetrics(ITelemetrySource source) : IMetricsSource
{
    private readonly Lock _lock = new();
    private readonly TelemetrySnapshot _snapshot = new();

    /// <inheritdoc/>
    public void Write(ref MetricsWriter writer)
    {
        lock (_lock)
        {
            _snapshot.Clear();
            source.Read(_snapshot);
            WritePorts(ref writer, _snapshot);
            WriteDrops(ref writer, _snapshot);
            WriteRejects(ref writer, _snapshot);
            WriteWorkers(ref writer, _snapshot);
            WriteFrames(ref writer, _snapshot.Frames);
            WriteConntrack(ref writer, _snapshot.Conntrack);
            WriteNatPorts(ref writer, _snapshot.NatPorts);
            WritePressures(ref writer, _snapshot);
            WriteTables(ref writer, _snapshot.Tables);
            WriteState(ref writer, _snapshot);
        }
    }

    private static void WritePorts(ref MetricsWriter writer, TelemetrySnapshot snapshot)
    {
        Port(ref writer, snapshot, "dataplane_port_rx_packets_total", "Packets received from a port.", static port => port.RxPackets);
        Port(ref writer, snapshot, "dataplane_port_rx_bytes_total", "Bytes received from a port.", static port => port.RxBytes);
        Port(ref writer, snapshot, "dataplane_port_tx_packets_total", "Packets sent to a port.", static port => port.TxPackets);
        Port(ref writer, snapshot, "dataplane_port_tx_bytes_total", "Bytes sent to a port.", static port => port.TxBytes);
        Port(ref writer, snapshot, "dataplane_port_rx_dropped_total", "Frames the kernel dropped before the rx ring.", static port => port.RxDropped);
        Port(ref writer, snapshot, "dataplane_port_rx_ring_full_total", "Frames dropped because the rx ring was full.", static port => port.RxRingFull);
        Port(ref writer, snapshot, "dataplane_port_fill_ring_empty_total", "Times the kernel found no frame to receive into.", static port => port.FillRingEmpty);
        Port(ref writer, snapshot, "dataplane_port_tx_errors_total", "Frames that could not be sent.", static port => port.TxErrors);
        writer.Family("dataplane_port_info", "How a port is attached; always 1.", MetricType.Gauge);
        foreach (var port in snapshot.Ports)
            writer.Sample(
                [new("port", port.Name), new("queue", port.Queue), new("kind", port.Kind), new("xdp_mode", port.XdpMode ?? ""), new("bind_mode", port.BindMode ?? "")], 1);
    }

    private static void Port(ref MetricsWriter writer, TelemetrySnapshot snapshot, string name, string help, Func<PortSample, ulong> value)
    {
        writer.Family(name, help, MetricType.Counter);
        foreach (var port in snapshot.Ports)
            writer.Sample([new("port", port.Name), new("queue", port.Queue), new("kind", port.Kind)], value(port));
    }

    private static void WriteDrops(ref MetricsWriter writer, TelemetrySnapshot snapshot)
    {
        writer.Family("dataplane_drops_total", "Packets dropped, by reason (docs/drop-reasons.md) and direction.", MetricType.Counter);
        foreach (var drop in snapshot.Drops)
            writer.Sample([new("reason", drop.Reason), new("direction", drop.Direction)], drop.Packets);
        writer.Family("dataplane_drop_bytes_total", "Bytes of dropped packets.", MetricType.Counter);
        foreach (var drop in snapshot.Drops)
            writer.Sample([new("reason", drop.Reason), new("direction", drop.Direction)], drop.Bytes);
    }

    private static void WriteRejects(ref MetricsWriter writer, TelemetrySnapshot snapshot)
    {
        writer.Family("dataplane_rejections_total", "Dropped packets whose sender was told, by an ICMP error or a TCP reset.", MetricType.Counter);
        foreach (var reject in snapshot.Rejects)
            writer.Sample([new("reason", reject.Reason), new("answer", reject.Answer)], reject.Packets);
    }

    private static void WriteWorkers(ref MetricsWriter writer, TelemetrySnapshot snapshot)
    {
        Worker(ref writer, snapshot, "dataplane_worker_rx_packets_total", "Packets taken by a worker.", static worker => worker.RxPackets);
        Worker(ref writer, snapshot, "dataplane_worker_batches_total", "Batches handled by a worker that were not empty.", static worker => worker.Batches);
        Worker(ref writer, snapshot, "dataplane_worker_sleeps_total", "Times a worker waited for packets in the kernel.", static worker => worker.Sleeps);
        Worker(ref writer, snapshot, "dataplane_worker_busy_seconds_total", "Time a worker spent on batches that were not empty.", static worker => worker.BusyNanoseconds / 1e9);
        Worker(ref writer, snapshot, "dataplane_worker_kicks_total", "Calls of a worker into the kernel to send.", static worker => worker.Kicks);
        Worker(ref writer, snapshot, "dataplane_worker_segmented_packets_total", "Packets that a worker cut: TCP into segments, others into fragments.", static worker => worker.SegmentedPackets);
        Worker(ref writer, snapshot, "dataplane_worker_segments_total", "Segments and fragments that were made of them.", static worker => worker.Segments);
        Worker(ref writer, snapshot, "dataplane_worker_coalesced_packets_total", "Packets that a worker made of several received ones.", static worker => worker.CoalescedPackets);
        Worker(ref writer, snapshot, "dataplane_worker_coalesced_segments_total", "Received packets that went into coalesced ones.", static worker => worker.CoalescedSegments);
    }

    private static void Worker(ref MetricsWriter writer, TelemetrySnapshot snapshot, string name, string help, Func<WorkerSample, double> value)
    {
        writer.Family(name, help, MetricType.Counter);
        foreach (var worker in snapshot.Workers)
            writer.Sample("worker", worker.Worker, value(worker));
    }

    private static void WriteFrames(ref MetricsWriter writer, in FrameSample frames)
    {
        writer.Family("dataplane_frames", "Frames of the shared memory, by where they are.", MetricType.Gauge);
        writer.Sample("state", "free", frames.Free);
        writer.Sample("state", "fill", frames.Fill);
        writer.Sample("state", "receive", frames.Receive);
        writer.Sample("state", "transmit", frames.Transmit);
        writer.Sample("state", "held", frames.Held);
        writer.Single("dataplane_frames_capacity", "All frames of the shared memory.", MetricType.Gauge, frames.Total);
    }

    private static void WriteConntrack(ref MetricsWriter writer, in ConntrackSample conntrack)
    {
        writer.Single("dataplane_conntrack_entries", "Tracked connections.", MetricType.Gauge, conntrack.Entries);
        writer.Single("dataplane_conntrack_capacity", "Connections that can be tracked.", MetricType.Gauge, conntrack.Capacity);
        writer.Single("dataplane_conntrack_inserts_total", "Connections that were begun, or taken over from the process before.", MetricType.Counter, conntrack.Inserted);
        writer.Single("dataplane_conntrack_expirations_total", "Connections that ended or timed out.", MetricType.Counter, conntrack.Expired);
        writer.Single("dataplane_conntrack_evictions_total", "Connections removed early to make room.", MetricType.Counter, conntrack.Evicted);
        writer.Single("dataplane_conntrack_insert_failures_total", "Connections refused because the table was full.", MetricType.Counter, conntrack.InsertFailed);
    }

    private static void WriteNatPorts(ref MetricsWriter writer, in NatPortSample ports)
    {
        writer.Family("dataplane_nat_ports", "Source ports of masqueraded connections, in all groups of destinations together.", MetricType.Gauge);
        writer.Sample("state", "used", ports.Used);
        writer.Sample("state", "free", ports.Free);
        writer.Single("dataplane_nat_ports_most_used", "Source ports in use in the group of destinations that uses most.", MetricType.Gauge, ports.MostUsed);
        writer.Single("dataplane_nat_ports_capacity", "Source ports that each group of destinations has.", MetricType.Gauge, ports.Capacity);
    }

    private static void WritePressures(ref MetricsWriter writer, TelemetrySnapshot snapshot)
    {
        writer.Family("dataplane_table_pressure", "How full a table of fixed size is, from 0 to 1.", MetricType.Gauge);
        foreach (var table in snapshot.Pressures)
            writer.Sample("table", table.Table, table.Pressure);
    }

    private static void WriteTables(ref MetricsWriter writer, in TableSample tables)
    {
        writer.Family("dataplane_endpoints", "Attached pods, by whether they have connectivity yet.", MetricType.Gauge);
        writer.Sample("state", "ready", tables.Endpoints - tables.EndpointsWaiting);
        writer.Sample("state", "waiting-for-policy", tables.EndpointsWaiting);
        writer.Single("dataplane_services", "Service ports.", MetricType.Gauge, tables.Services);
        writer.Single("dataplane_service_backends", "Backends of all service ports.", MetricType.Gauge, tables.Backends);
        writer.Single("dataplane_policies", "Policies.", MetricType.Gauge, tables.Policies);
        writer.Single("dataplane_identities", "Identities.", MetricType.Gauge, tables.Identities);
        writer.Single("dataplane_ipcache_entries", "Prefixes with an identity.", MetricType.Gauge, tables.Ipcache);
        writer.Single("dataplane_nodes", "Nodes of the cluster, this one among them.", MetricType.Gauge, tables.Nodes);
        writer.Single("dataplane_nodes_unresolved", "Other nodes towards which the next hop has no known Ethernet address.", MetricType.Gauge, tables.NodesUnresolved);
    }

    private static void WriteState(ref MetricsWriter writer, TelemetrySnapshot snapshot)
    {
        writer.Single("dataplane_state_generation", "Generation of the state in force; 0: none was received.", MetricType.Gauge, snapshot.Generation);
        writer.Single("dataplane_last_sync_timestamp_seconds", "When the state in force was applied; 0: never.", MetricType.Gauge, snapshot.LastSyncTime);
        writer.Family("dataplane_syncs_total", "States and changes of state received, by outcome.", MetricType.Counter);
        writer.Sample("outcome", "applied", snapshot.SyncsApplied);
        writer.Sample("outcome", "refused", snapshot.SyncsRefused);
        writer.Single("dataplane_flow_events_lost_total", "Flow events lost because their reader was too slow.", MetricType.Counter, snapshot.FlowEventsLost);
    }
}
