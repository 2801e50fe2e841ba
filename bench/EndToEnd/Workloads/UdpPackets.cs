using Dataplane.Bench.EndToEnd.Parsing;
using Dataplane.Bench.EndToEnd.Paths;

namespace Dataplane.Bench.EndToEnd.Workloads;

/// <summary>One flow of 64-byte datagrams at full blast to the service with one backend; counted where they arrive.</summary>
public sealed class UdpPackets() : Workload(
    "udp", "1M packets", new Metric("kpps", "UDP 64 B received", "kpkt/s", HigherIsBetter: true))
{
    /// <inheritdoc/>
    public override WorkloadResult Run(BenchScope scope, Journey journey, int seconds, Action<string, int> started)
    {
        using var receiver = journey.Server.Start(Environment.ProcessPath!, "udp-receive", $"{BenchPlan.UdpPort}", "5");
        receiver.WaitForOutput("ready", TimeSpan.FromSeconds(10));
        started("udp receiver", receiver.Id);
        var output = scope.RunTool("udp sender", journey.Client, seconds, started,
            "udp-send", journey.StreamAddress, $"{BenchPlan.UdpPort}", $"{seconds}");
        receiver.WaitForExit(TimeSpan.FromSeconds(10));
        var sent = ToolResult.Parse(output);
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
