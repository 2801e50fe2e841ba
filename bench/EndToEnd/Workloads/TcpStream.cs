using Dataplane.Bench.EndToEnd.Parsing;
using Dataplane.Bench.EndToEnd.Paths;
using Dataplane.Bench.EndToEnd.Shell;

namespace Dataplane.Bench.EndToEnd.Workloads;

/// <summary>iperf3 from the client pod to the service with one backend.</summary>
public sealed class TcpStream(string id, int streams)
    : Workload(id, "GB", new Metric("gbps", $"TCP {streams} stream{(streams == 1 ? "" : "s")}", "Gbit/s", HigherIsBetter: true))
{
    /// <inheritdoc/>
    public override async Task<WorkloadResult> RunAsync(Journey journey, int seconds, Action<string, int> started, CancellationToken cancel)
    {
        var run = await Command.TryRunAsync(
            journey.Client.Inside("iperf3", "-J", "-c", journey.StreamAddress, "-p", Text(BenchPlan.StreamPort), "-t", Text(seconds), "-P", Text(streams)),
            cancel, timeoutSeconds: seconds + 15, started: id => started("iperf3 client", id));
        var result = Iperf3Result.Parse(run.Output);
        return new WorkloadResult(
            new Dictionary<string, double> { ["gbps"] = result.BitsPerSecond / 1e9 },
            result.Bytes / 1e9,
            new Dictionary<string, double> { ["retransmits"] = result.Retransmits });
    }
}
