using Dataplane.Bench.EndToEnd.Parsing;
using Dataplane.Bench.EndToEnd.Paths;

namespace Dataplane.Bench.EndToEnd.Workloads;

/// <summary>iperf3 from the client pod to the service with one backend.</summary>
public sealed class TcpStream(string id, int streams)
    : Workload(id, "GB", new Metric("gbps", $"TCP {streams} stream{(streams == 1 ? "" : "s")}", "Gbit/s", HigherIsBetter: true))
{
    /// <inheritdoc/>
    public override WorkloadResult Run(BenchScope scope, Journey journey, int seconds, Action<string, int> started)
    {
        var output = scope.RunClient("iperf3 client", journey.Client, seconds, started,
            "iperf3", "-J", "-c", journey.StreamAddress, "-p", $"{BenchPlan.StreamPort}", "-t", $"{seconds}", "-P", $"{streams}");
        var result = Iperf3Result.Parse(output);
        return new WorkloadResult(
            new Dictionary<string, double> { ["gbps"] = result.BitsPerSecond / 1e9 },
            result.Bytes / 1e9,
            new Dictionary<string, double> { ["retransmits"] = result.Retransmits });
    }
}
