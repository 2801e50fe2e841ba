namespace Dataplane.Bench.EndToEnd.Hold;

/// <summary>How many pods it takes to hold a number of connections, and how large the connection tables must be.</summary>
/// <param name="Connections">In all.</param>
/// <param name="ClientsPerNode">Client pods of each node, one process each.</param>
/// <param name="BackendsPerNode">Server pods of each node, one process each.</param>
/// <param name="EntriesPerNode">Entries that a node's table is expected to hold.</param>
/// <param name="ConntrackEntries">`--conntrack-entries` that both nodes need; 0: the default holds them.</param>
public sealed record HoldPlan(int Connections, int ClientsPerNode, int BackendsPerNode, int EntriesPerNode, int ConntrackEntries)
{
    private const int Reserve = 500;           // descriptors of a process that are no connections
    private const int PortsPerClient = 60_000; // source ports of one pod to one destination
    private const int LeastBackends = 4;
    private const double EvenShare = 0.5;      // of a backend's descriptors, so that it may get twice its share while others are out of the service

    /// <summary>Clients' numbers are for one byte, so are backends'.</summary>
    public const int MostPods = 100;

    /// <summary>Of a number of connections, with so many descriptors per process and the default size of the table.</summary>
    public static HoldPlan Of(int connections, int descriptors, int defaultEntries)
    {
        var perClient = Math.Min(descriptors - Reserve, PortsPerClient);
        var clients = Math.Max(1, (connections + 2 * perClient - 1) / (2 * perClient));
        var backends = Math.Max(LeastBackends, (int)Math.Ceiling(connections / 2 / ((descriptors - Reserve) * EvenShare)));
        if (clients + backends > MostPods)
            throw new BenchException($"--connections {connections}: needs more than {MostPods} pods per node with {descriptors} file descriptors per process; raise the limit (ulimit -n)");
        // All connections of its own clients, and half of the other node's, whose backends are here.
        var entries = connections / 2 + connections / 4;
        return new HoldPlan(connections, clients, backends, entries, entries * 5 / 4 > defaultEntries ? entries * 5 / 4 : 0);
    }

    /// <summary>Connections of each client pod, all pods of node 1 first.</summary>
    public IReadOnlyList<int> Shares() =>
        [.. Enumerable.Range(0, 2 * ClientsPerNode).Select(i => (int)((long)Connections * (i + 1) / (2 * ClientsPerNode) - (long)Connections * i / (2 * ClientsPerNode)))];
}
