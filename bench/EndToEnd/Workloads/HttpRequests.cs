using Dataplane.Bench.EndToEnd.Parsing;
using Dataplane.Bench.EndToEnd.Paths;

namespace Dataplane.Bench.EndToEnd.Workloads;

/// <summary>wrk with 100 connections against the service with two nginx pods; without keep-alive every request is a new connection.</summary>
public sealed class HttpRequests(string id, bool keepAlive) : Workload(
    id, "1k requests",
    new Metric("rps", keepAlive ? "HTTP keep-alive" : "HTTP new connections", keepAlive ? "req/s" : "conn/s", HigherIsBetter: true),
    new Metric("p50", "  p50 under that load", "us", HigherIsBetter: false),
    new Metric("p99", "  p99 under that load", "us", HigherIsBetter: false))
{
    private const int Connections = 100;

    /// <inheritdoc/>
    public override ServiceKind Service => ServiceKind.Web;

    /// <inheritdoc/>
    public override WorkloadResult Run(BenchScope scope, Journey journey, int seconds, Action<string, int> started)
    {
        string[] close = keepAlive ? [] : ["-H", "Connection: close"];
        var output = scope.RunClient("wrk", journey.Client, seconds, started,
            "wrk", ["-t1", "-c", $"{Connections}", "-d", $"{seconds}s", "--latency", .. close, $"http://{journey.WebAddress}/"]);
        var result = WrkResult.Parse(output);
        if (result.Errors > result.Requests / 100)
        {
            throw new BenchException($"wrk: {result.Errors} errors beside {result.Requests} requests");
        }

        return new WorkloadResult(
            new Dictionary<string, double> { ["rps"] = result.RequestsPerSecond, ["p50"] = result.P50Microseconds, ["p99"] = result.P99Microseconds },
            result.Requests / 1e3,
            new Dictionary<string, double> { ["errors"] = result.Errors });
    }
}
