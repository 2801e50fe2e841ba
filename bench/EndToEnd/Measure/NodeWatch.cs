using System.Diagnostics;
using Dataplane.Bench.EndToEnd.Parsing;
using Dataplane.Bench.EndToEnd.Paths;
using Dataplane.Testing.Clusters;

namespace Dataplane.Bench.EndToEnd.Measure;

/// <summary>What nodes of ours use and drop, from its making on.</summary>
internal sealed class NodeWatch
{
    private readonly DataplaneNode[] _nodes;
    private readonly List<MetricsPage> _start;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private double _lastSeconds;
    private List<double> _lastCpu;
    private long _mostEntries;

    public NodeWatch(DataplaneNode[] nodes)
    {
        _nodes = nodes;
        _start = [.. nodes.Select(NodePages.Dataplane)];
        _lastCpu = [.. _start.Select(Cpu)];
    }

    /// <summary>Connections in the tables, resident memory and processor time of the dataplanes since the call before.</summary>
    public string Line()
    {
        List<MetricsPage> pages = [.. _nodes.Select(NodePages.Dataplane)];
        List<double> cpu = [.. pages.Select(Cpu)];
        var seconds = _clock.Elapsed.TotalSeconds;
        var passed = seconds - _lastSeconds;
        List<double> shares = [.. cpu.Zip(_lastCpu, (now, before) => (now - before) / passed * 100)];
        (_lastSeconds, _lastCpu) = (seconds, cpu);
        _mostEntries = Math.Max(_mostEntries, (long)pages.Max(Entries));
        var lost = pages.Zip(_start, (now, before) => LostFrames(now) - LostFrames(before));
        return FormattableString.Invariant($"conntrack {Join(pages.Select(Entries))}, dataplanes {Join(shares)} % of a core, {Join(pages.Select(Resident))} MB, {Join(lost)} frames lost at ports");
    }

    /// <summary>Writes memory, processor time, states applied and drops by reason.</summary>
    public void WriteTotals(TextWriter output)
    {
        var seconds = _clock.Elapsed.TotalSeconds;
        foreach (var (node, start) in _nodes.Zip(_start))
        {
            var (page, agent) = (NodePages.Dataplane(node), NodePages.Agent(node));
            output.WriteLine(FormattableString.Invariant(
                $"{node.Name}: conntrack {Entries(page):F0} of {page["dataplane_conntrack_capacity"]:F0} (most seen on a node: {Math.Max(_mostEntries, (long)Entries(page))}), states applied {Applied(page) - Applied(start):F0}"));
            output.WriteLine(FormattableString.Invariant(
                $"  dataplane: {Resident(page):F0} MB resident, {Cpu(page) - Cpu(start):F1} s of processor time in {seconds:F0} s; agent: {Resident(agent):F0} MB"));
            var drops = page.Family("dataplane_drops_total")
                .Select(d => (d.Labels, Value: d.Value - start.Family("dataplane_drops_total").FirstOrDefault(s => s.Labels == d.Labels).Value)).Where(d => d.Value > 0).ToList();
            string Lost(string counter) => FormattableString.Invariant($"{page.Family(counter).Sum(s => s.Value) - start.Family(counter).Sum(s => s.Value):F0}");
            output.WriteLine($"  ports: {Lost("dataplane_port_rx_dropped_total")} frames dropped before the ring, {Lost("dataplane_port_rx_ring_full_total")} for a full ring, "
                + $"{Lost("dataplane_port_fill_ring_empty_total")} times no frame to receive into, {Lost("dataplane_port_tx_errors_total")} not sent");
            output.WriteLine("  drops: " + (drops.Count == 0 ? "none" : string.Join(", ", drops.OrderByDescending(d => d.Value).Select(d => FormattableString.Invariant($"{{{d.Labels}}} {d.Value:F0}")))));
        }
    }

    // What a worker that had no processor time could not take.
    private static double LostFrames(MetricsPage page) =>
        page.Family("dataplane_port_rx_dropped_total").Concat(page.Family("dataplane_port_rx_ring_full_total")).Sum(s => s.Value);

    private static double Cpu(MetricsPage page) => page["process_cpu_seconds_total"];

    private static double Entries(MetricsPage page) => page["dataplane_conntrack_entries"];

    private static double Resident(MetricsPage page) => page["process_resident_memory_bytes"] / (1 << 20);

    private static double Applied(MetricsPage page) => page["dataplane_syncs_total{outcome=\"applied\"}"];

    private static string Join(IEnumerable<double> values) => string.Join(" + ", values.Select(v => FormattableString.Invariant($"{v:F0}")));
}
