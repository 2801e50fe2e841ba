using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Dataplane.Netns.Tests.Behaviour;
using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Services;

/// <summary>What dpctl and the metrics tell of real service traffic.</summary>
[Collection(ServiceBed.Name)]
public sealed class ServiceToolTests(ServiceBed bed)
{
    private const string Outsider = "192.168.77.100"; // bed.Neighbor
    private const int NodePort = 31990, Refusing = 31991;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    [RequiresRootFact]
    public void S27_O5_AClientOfANodePortIsSeenInAllListsWithWhatItBecame()
    {
        ClusterPod pod = bed.Node1.Pods[0];
        DataplaneNode node = bed.Node2; // without the pod, so that the client is masqueraded
        using var applied = bed.Apply(new ServiceObject("tools", "10.96.77.1") { Type = "NodePort", NodePort = NodePort }.To(pod));
        MustEnd(0, bed.Neighbor, node.Address, NodePort);

        Assert.Matches($@"(?m)^\d+ +0\.0\.0\.0:{NodePort}/TCP +NodePort +1 => {Regex.Escape(pod.Address)}:8080/TCP \(active\) +default/tools:p +-$", node.Dpctl("service", "list"));
        using (BackgroundProcess observe = node.StartDpctl("observe", "--flows", "--address", Outsider))
        {
            // It takes a moment to begin watching.
            Eventually.True(() => Ends(0, bed.Neighbor, node.Address, NodePort) && observe.Output.Length > 0, () => observe.Output);
            Assert.Matches(
                $@"{Regex.Escape(Outsider)}:\d+ \(ID:world\) \(as {Regex.Escape(node.HostPortAddress)}:\d+\) -> {Regex.Escape(pod.FullName)}:8080 \(ID:\d+\) "
                + $@"\(service default/tools:p {Regex.Escape(node.Address)}:{NodePort}\) ingress FORWARDED \(TCP Flags: SYN\)", observe.Output);
        }
        string flow = $@"(?m)^TCP {Regex.Escape(Outsider)}:\d+ -> {Regex.Escape(node.Address)}:{NodePort} reply {Regex.Escape(pod.Address)}:8080 -> {Regex.Escape(node.HostPortAddress)}:\d+ ";
        Assert.Matches(flow, node.Dpctl("nat", "list"));
        Assert.Matches(flow, node.Dpctl("nat", "list", "--address", node.HostPortAddress));
        using JsonDocument ports = JsonDocument.Parse(node.Dpctl("nat", "ports", "-o", "json"));
        Assert.InRange(ports.RootElement.GetProperty("mostUsed").GetInt32(), 1, 1000);
        Assert.InRange(Metric(node, "dataplane_nat_ports_most_used"), 1, 1000);
        Assert.InRange(Metric(node, "dataplane_table_pressure{table=\"nat-ports\"}"), 1 / 16384.0, 1000 / 16384.0);
        Assert.InRange(Metric(node, "dataplane_table_pressure{table=\"uplink-frontends\"}"), double.Epsilon, 0.01);
    }

    [RequiresRootFact]
    public void S16_APodThatLeavesTheClusterIsSeenWithItsNodesAddress()
    {
        DataplaneNode node = bed.Node1;
        ClusterPod pod = node.Pods[0];
        using BackgroundProcess observe = node.StartDpctl("observe", "--flows", "--pod", pod.FullName, "--address", Cluster.WorldAddress);
        Eventually.True(() => Ends(0, pod.Net, Cluster.WorldAddress, 8080) && observe.Output.Length > 0, () => observe.Output);
        Assert.Matches(
            $@"{Regex.Escape(pod.FullName)}:\d+ \(ID:\d+\) \(as {Regex.Escape(node.Address)}:\d+\) -> {Regex.Escape(Cluster.WorldAddress)}:8080 \(ID:world\) egress FORWARDED", observe.Output);
        Assert.Matches(@"(?m)^192\.168\.77\.254/32 +neighbor +eth0 +\d+ +- +([0-9a-f]{2}:){5}[0-9a-f]{2} +1500$", node.Dpctl("route", "list"));
    }

    [RequiresRootFact]
    public void K18_O9_ARefusalIsShownAndCounted()
    {
        DataplaneNode node = bed.Node1;
        const string count = "dataplane_rejections_total{reason=\"ServiceNoEndpoints\",answer=\"icmp\"}";
        using var applied = bed.Apply(new ServiceObject("tools-empty", "10.96.77.2") { Type = "NodePort", NodePort = Refusing });
        MustEnd(7, bed.Neighbor, node.Address, Refusing);
        Assert.Contains($"0.0.0.0:{Refusing}/TCP ", node.Dpctl("service", "list"), StringComparison.Ordinal);
        Assert.Matches(@"(?m)^\d+ +10\.96\.77\.2:80/TCP +ClusterIP +none \(connections are refused\) +default/tools-empty:p +-$", node.Dpctl("service", "list"));

        double before = Metric(node, count);
        using BackgroundProcess observe = node.StartDpctl("observe", "--drops", "--address", Outsider);
        Eventually.True(() => Ends(7, bed.Neighbor, node.Address, Refusing) && observe.Output.Length > 0, () => observe.Output);
        Assert.Matches(
            $@"{Regex.Escape(Outsider)}:\d+ \(ID:world\) <> {Regex.Escape(node.Address)}:{Refusing} \(service default/tools-empty:p\) ingress ServiceNoEndpoints REJECTED \(TCP Flags: SYN\)",
            observe.Output);
        Assert.True(Metric(node, count) > before, node.Metrics());
    }

    private static double Metric(DataplaneNode node, string sample)
    {
        string line = Assert.Single(node.Metrics().Split('\n'), line => line.StartsWith(sample + " ", StringComparison.Ordinal));
        return double.Parse(line[(sample.Length + 1)..], CultureInfo.InvariantCulture);
    }

    // curl's exit code: 7 is refused.
    private static bool Ends(int exitCode, NetworkNamespace client, string address, int port) =>
        client.Try(Patience, "curl", "-sS", "--max-time", "2", $"http://{address}:{port}/").ExitCode == exitCode;

    private static void MustEnd(int exitCode, NetworkNamespace client, string address, int port) =>
        Eventually.True(() => Ends(exitCode, client, address, port), () => $"{address}:{port} does not end with {exitCode} for {client.Name}");
}
