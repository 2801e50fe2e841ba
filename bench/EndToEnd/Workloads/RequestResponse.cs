using Dataplane.Bench.EndToEnd.Parsing;
using Dataplane.Bench.EndToEnd.Paths;

namespace Dataplane.Bench.EndToEnd.Workloads;

/// <summary>One TCP connection, 64 bytes there and back, one request at a time: the latency of the path without a queue.</summary>
public sealed class RequestResponse() : Workload(
    "latency", "1k requests",
    new Metric("p50", "TCP round trip p50", "us", HigherIsBetter: false),
    new Metric("p99", "TCP round trip p99", "us", HigherIsBetter: false))
{
    /// <inheritdoc/>
    public override WorkloadResult Run(BenchScope scope, Journey journey, int seconds, Action<string, int> started)
    {
        var output = scope.RunTool("echo client", journey.Client, seconds, started,
            "echo-measure", journey.StreamAddress, $"{BenchPlan.EchoPort}", $"{seconds}");
        var result = ToolResult.Parse(output);
        return new WorkloadResult(
            new Dictionary<string, double> { ["p50"] = result["p50_us"], ["p99"] = result["p99_us"] },
            result["count"] / 1e3,
            new Dictionary<string, double> { ["max_us"] = result["max_us"] });
    }
}
