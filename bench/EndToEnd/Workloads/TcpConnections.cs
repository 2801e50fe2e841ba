using Dataplane.Bench.EndToEnd.Parsing;
using Dataplane.Bench.EndToEnd.Paths;

namespace Dataplane.Bench.EndToEnd.Workloads;

/// <summary>
/// New connections to the service with one backend, 100 at a time, one byte there and one back on each: what `connect` measures, without the work
/// of wrk and nginx.
/// </summary>
public sealed class TcpConnections() : Workload(
    "tcpconn", "1k connections",
    new Metric("cps", "TCP new connections", "conn/s", HigherIsBetter: true),
    new Metric("p50", "  p50 until the answer", "us", HigherIsBetter: false),
    new Metric("p99", "  p99 until the answer", "us", HigherIsBetter: false))
{
    /// <inheritdoc/>
    public override WorkloadResult Run(BenchScope scope, Journey journey, int seconds, Action<string, int> started)
    {
        var output = scope.RunTool("tcp client", journey.Client, seconds, started,
            "connect-measure", journey.StreamAddress, $"{BenchPlan.ConnectPort}", $"{seconds}");
        var result = ToolResult.Parse(output);
        if (result["errors"] > result["count"] / 100)
        {
            throw new BenchException($"TCP: {result["errors"]} errors beside {result["count"]} connections");
        }

        return new WorkloadResult(
            new Dictionary<string, double> { ["cps"] = result["count"] / result["seconds"], ["p50"] = result["p50_us"], ["p99"] = result["p99_us"] },
            result["count"] / 1e3,
            new Dictionary<string, double> { ["errors"] = result["errors"] });
    }
}
