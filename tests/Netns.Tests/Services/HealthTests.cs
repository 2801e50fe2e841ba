using System.Globalization;
using System.Text.Json;
using Dataplane.Netns.Tests.Behaviour;
using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Services;

/// <summary>What balancers, kubelets and kube-proxy's boards ask a node: rows K13, K33 and K34.</summary>
[Collection(ServiceBed.Name)]
public sealed class HealthTests(ServiceBed bed)
{
    [RequiresRootFact]
    public void K13_TheHealthCheckPortCountsTheReadyEndpointsOfItsNode()
    {
        ClusterPod first = bed.Node1.Pods[0], second = bed.Node1.Pods[2];
        ServiceObject service = bed.NewService(first, second) with { Type = "LoadBalancer", Ingress = [bed.NewAddress()] };
        int port = service.NodePort + 2000;
        service = service with { Spec = ["externalTrafficPolicy: Local", $"healthCheckNodePort: {port}"] };
        using OutsideRoute route = bed.RouteToward(service.Ingress[0], bed.Node1);
        using AppliedService applied = bed.Apply(service);

        ExpectHealth(bed.Node1, 2);
        ExpectHealth(bed.Node2, 0);

        // On its way out: it still serves, and the balancer is to look elsewhere.
        applied.Change(s => s.To(EndpointObject.Of(first) with { Ready = false, Terminating = true }));
        ExpectHealth(bed.Node1, 0);
        Assert.Equal($"{first.Name} saw {ServiceBed.NeighborAddress}", Curl.Get(bed.Neighbor, service.Ingress[0], 80));

        applied.Change(s => s.To(second, bed.Node2.Pods[0]));
        ExpectHealth(bed.Node1, 1);
        ExpectHealth(bed.Node2, 1);

        applied.Change(s => s with { Spec = [] }); // of the cluster policy nobody needs to ask
        Eventually.True(() => Curl.Get(bed.Neighbor, bed.Node1.Address, port) == Curl.Refused, "the health check's port is closed");

        void ExpectHealth(DataplaneNode node, int endpoints)
        {
            string[] expected =
            [
                endpoints > 0 ? "HTTP/1.1 200 OK" : "HTTP/1.1 503 Service Unavailable",
                $"x-load-balancing-endpoint-weight: {endpoints}",
                $$"""{"service":{"namespace":"default","name":"{{service.Name}}"},"localEndpoints":{{endpoints}},"serviceProxyHealthy":true}""",
            ];
            string page = "";
            Eventually.True(() => Lines(page = Curl.Page(bed.Neighbor, $"http://{node.Address}:{port}/").Output).SequenceEqual(expected), () => $"{node} says {string.Join('\n', expected)}, but\n{page}");
        }

        static IEnumerable<string> Lines(string page)
        {
            string[] lines = page.Split("\r\n");
            string body = lines[^1].ReplaceLineEndings("").Replace(" ", "", StringComparison.Ordinal).Replace("\t", "", StringComparison.Ordinal);
            return [lines[0], .. lines.Where(line => line.StartsWith("x-load", StringComparison.OrdinalIgnoreCase)).Select(line => line.ToLowerInvariant()), body];
        }
    }

    [RequiresRootFact]
    public void K33_HealthzFollowsTheNodeAndLivezDoesNot()
    {
        try
        {
            bed.Settle();
            Assert.Equal((200, true), Ask("healthz"));
            Assert.Equal((200, null), Ask("livez"));

            bed.Cluster.Manifests.ApplyNode(bed.Node1, taint: "ToBeDeletedByClusterAutoscaler");
            bed.Settle();
            Assert.Equal((503, false), Ask("healthz"));
            Assert.Equal((200, null), Ask("livez"));
        }
        finally
        {
            bed.Cluster.Manifests.ApplyNode(bed.Node1);
        }
        bed.Settle();
        Assert.Equal((200, true), Ask("healthz"));

        (int Status, bool? Eligible) Ask(string page)
        {
            string[] lines = Curl.Page(bed.Neighbor, $"http://{bed.Node1.Address}:10256/{page}").Output.Split("\r\n");
            using JsonDocument json = JsonDocument.Parse(lines[^1]);
            foreach (string time in (string[])["lastUpdated", "currentTime"])
                Assert.EndsWith(" +0000 UTC", json.RootElement.GetProperty(time).GetString(), StringComparison.Ordinal);
            bool? eligible = json.RootElement.TryGetProperty("nodeEligible", out JsonElement value) ? value.GetBoolean() : null;
            return (int.Parse(lines[0].Split(' ')[1], CultureInfo.InvariantCulture), eligible);
        }
    }

    [RequiresRootFact]
    public void K33_ProxyModeAndConfigzAreThere()
    {
        Assert.Equal("dataplane", bed.Node1.AgentPage("proxyMode").Trim());
        using JsonDocument configuration = JsonDocument.Parse(bed.Node1.AgentPage("configz"));
        Assert.Contains("node-1", configuration.RootElement.ToString(), StringComparison.Ordinal);
    }

    [RequiresRootFact]
    public void K34_TheTimeFromAChangeToItsEffectIsMeasured()
    {
        const string count = "kubeproxy_network_programming_duration_seconds_count{ip_family=\"IPv4\"} ", sum = "kubeproxy_network_programming_duration_seconds_sum{ip_family=\"IPv4\"} ";
        using AppliedService service = bed.Apply(bed.NewService(bed.Node1.Pods[0]));
        double countBefore = Read(count), sumBefore = Read(sum);

        // The earliest time that counts, in whole seconds: so the measured time can be told from that of the change alone.
        DateTime started = DateTime.UnixEpoch.AddSeconds(Math.Ceiling(Read("process_start_time_seconds ")) + 5);
        TimeSpan early = started.AddSeconds(10) - DateTime.UtcNow;
        if (early > TimeSpan.Zero) Thread.Sleep(early);
        service.Change(s => TriggeredAt(s.To(bed.Node1.Pods[2]), started));
        double changed = (DateTime.UtcNow - started).TotalSeconds;
        Eventually.True(() => Read(count) == countBefore + 1, () => $"one change is measured: {Read(count)} after {countBefore}");
        Assert.InRange(Read(sum) - sumBefore, changed - 2, changed + 60);

        service.Change(s => TriggeredAt(s.To(bed.Node1.Pods[0]), DateTime.UtcNow - TimeSpan.FromDays(1))); // before the agent's start
        service.Change(s => s.To(bed.Node1.Pods[2]) with { SliceAnnotations = "{}" });
        Assert.Equal(countBefore + 1, Read(count));

        double Read(string start) => bed.Node1.AgentPage("metrics").Split('\n')
            .Where(line => line.StartsWith(start, StringComparison.Ordinal)).Select(line => double.Parse(line[start.Length..], CultureInfo.InvariantCulture)).SingleOrDefault();
        static ServiceObject TriggeredAt(ServiceObject service, DateTime time) =>
            service with { SliceAnnotations = $"{{\"endpoints.kubernetes.io/last-change-trigger-time\": \"{time.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)}\"}}" };
    }
}
