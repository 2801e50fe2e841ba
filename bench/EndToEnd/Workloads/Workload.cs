using Dataplane.Bench.EndToEnd.Paths;

namespace Dataplane.Bench.EndToEnd.Workloads;

/// <summary>A client run against servers that are there already.</summary>
public abstract class Workload(string id, string workUnit, params Metric[] metrics)
{
    /// <summary>Name for --only.</summary>
    public string Id { get; } = id;

    /// <summary>What CPU time is divided by: "GB", "1k requests", ...</summary>
    public string WorkUnit { get; } = workUnit;

    /// <summary>The service it calls.</summary>
    public virtual ServiceKind Service => ServiceKind.Stream;

    /// <summary>What <see cref="Run"/> yields.</summary>
    public IReadOnlyList<Metric> Metrics { get; } = metrics;

    /// <summary>All of them, in the order of the report.</summary>
    public static IReadOnlyList<Workload> All { get; } =
    [
        new TcpStream("tcp1", 1), new TcpStream("tcp4", 4), new TcpConnections(), new HttpRequests("connect", keepAlive: false),
        new HttpRequests("keepalive", keepAlive: true), new RequestResponse(), new UdpPackets(),
    ];

    /// <summary>Runs once for about `seconds`; `started` is told of each process.</summary>
    public abstract WorkloadResult Run(BenchScope scope, Journey journey, int seconds, Action<string, int> started);
}
