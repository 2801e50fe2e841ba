using Dataplane.Bench.EndToEnd.Measure;
using Dataplane.Bench.EndToEnd.Parsing;
using Dataplane.Bench.EndToEnd.Paths;
using Dataplane.Testing.Clusters;

namespace Dataplane.Bench.EndToEnd.Soak;

/// <summary>A node at a moment.</summary>
/// <param name="Node">Its name.</param>
/// <param name="Phase">What goes on.</param>
/// <param name="Seconds">Since the start of the run.</param>
/// <param name="DataplaneBytes">Resident memory of `dataplane`.</param>
/// <param name="AgentBytes">Resident memory of `dataplane-agent`.</param>
/// <param name="DataplaneFiles">Open descriptors of `dataplane`.</param>
/// <param name="AgentFiles">Open descriptors of `dataplane-agent`.</param>
/// <param name="Collections">Garbage collections of `dataplane` so far, by generation.</param>
/// <param name="Allocated">Bytes that `dataplane` has allocated on its heap so far.</param>
/// <param name="PauseSeconds">How long its threads were stopped for collections so far.</param>
/// <param name="Entries">Connections in the table.</param>
/// <param name="States">States and changes applied so far.</param>
/// <param name="Drops">Packets dropped so far, by reason.</param>
public sealed record SoakSample(
    string Node, SoakPhase Phase, double Seconds, double DataplaneBytes, double AgentBytes, int DataplaneFiles, int AgentFiles,
    IReadOnlyList<double> Collections, double Allocated, double PauseSeconds, double Entries, double States, IReadOnlyDictionary<string, double> Drops)
{
    /// <summary>Looks at a node.</summary>
    internal static SoakSample Take(DataplaneNode node, SoakPhase phase, double seconds)
    {
        var page = NodePages.Dataplane(node);
        return new SoakSample(
            node.Name, phase, seconds, page["process_resident_memory_bytes"], ProcessMemory.Resident(node.Agent!.Id),
            ProcessMemory.Descriptors(node.Dataplane!.Id), ProcessMemory.Descriptors(node.Agent.Id),
            [.. Enumerable.Range(0, 3).Select(g => page[$"dataplane_gc_collections_total{{generation=\"{g}\"}}"])],
            page["dataplane_gc_allocated_bytes_total"], page["dataplane_gc_pause_seconds_total"], page["dataplane_conntrack_entries"],
            page["dataplane_syncs_total{outcome=\"applied\"}"], DropsOf(page));
    }

    private static Dictionary<string, double> DropsOf(MetricsPage page) => page.Family("dataplane_drops_total")
        .GroupBy(d => d.Labels.Split('"')[1]).ToDictionary(g => g.Key, g => g.Sum(d => d.Value));
}
