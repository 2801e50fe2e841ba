using Dataplane.Bench.EndToEnd.Parsing;
using Dataplane.Bench.EndToEnd.Paths;
using Dataplane.Bench.EndToEnd.Shell;

namespace Dataplane.Bench.EndToEnd.Workloads;

/// <summary>One flow of 64-byte datagrams at full blast to the service with one backend; counted where they arrive.</summary>
public sealed class UdpPackets() : Workload(
    "udp", "1M packets", new Metric("kpps", "UDP 64 B received", "kpkt/s", HigherIsBetter: true))
{
    /// <inheritdoc/>
    public override async Task<WorkloadResult> RunAsync(Journey journey, int seconds, Action<string, int> started, CancellationToken cancel)
    {
        await using var receiver = BackgroundProcess.Start(
            "udp receiver", journey.Server.Inside(TrafficPath.Tool("udp-receive", Text(BenchPlan.UdpPort), "5")));
        await receiver.WaitForOutputAsync("ready", TimeSpan.FromSeconds(10), cancel);
        started("udp receiver", receiver.Id);
        var run = await Command.RunAsync(
            journey.Client.Inside(TrafficPath.Tool("udp-send", journey.StreamAddress, Text(BenchPlan.UdpPort), Text(seconds))),
            cancel, timeoutSeconds: seconds + 15, started: id => started("udp sender", id));
        await receiver.WaitForExitAsync(TimeSpan.FromSeconds(10), cancel);
        var sent = ToolResult.Parse(run.Output);
        var received = ToolResult.Parse(receiver.Output);
        if (received["received"] == 0)
        {
            throw new BenchException($"UDP: none of {sent["sent"]} datagrams arrived");
        }

        return new WorkloadResult(
            new Dictionary<string, double> { ["kpps"] = received["received"] / received["seconds"] / 1e3 },
            received["received"] / 1e6,
            new Dictionary<string, double> { ["sent_kpps"] = sent["sent"] / sent["seconds"] / 1e3, ["lost_share"] = 1 - received["received"] / sent["sent"] });
    }
}
