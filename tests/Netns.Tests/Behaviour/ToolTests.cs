using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Behaviour;

/// <summary>What an operator sees while real traffic flows.</summary>
[Collection(DataplanePair.Name)]
public sealed class ToolTests(DataplanePair pair)
{
    private ClusterPod Client => pair.Node.Pods[0];

    [RequiresRootFact]
    public void Observe_shows_a_new_flow_with_its_service_and_backend()
    {
        using BackgroundProcess observe = pair.Node.StartDpctl("observe", "--flows", "--pod", Client.FullName);
        string address = pair.Route("from node-1: pod to service, other node").Address;

        observe.WaitUntil(() =>
        {
            Get(address); // again and again: it says nothing when it begins to listen
            return observe.Output.Contains("FORWARDED", StringComparison.Ordinal);
        }, "show a flow", TimeSpan.FromSeconds(10));

        Assert.Contains(Client.FullName, observe.Output, StringComparison.Ordinal);
        Assert.Contains("service-" + pair.OtherNode.Pods[0].Name, observe.Output, StringComparison.Ordinal);
    }

    [RequiresRootFact]
    public void P38_Observe_shows_a_denial_with_its_direction_and_the_policies_that_isolate_the_pod()
    {
        ClusterPod server = pair.Node.Pods[1];
        pair.Cluster.Manifests.Apply("policy-denial", $$$"""
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {namespace: {{{server.Namespace}}}, name: nobody-in}
            spec: {podSelector: {matchLabels: {app: {{{server.Name}}} } }, policyTypes: [Ingress]}
            """);
        try
        {
            using BackgroundProcess observe = pair.Node.StartDpctl("observe", "--drops", "--pod", server.FullName);
            observe.WaitUntil(() =>
            {
                Client.Net.Try(TimeSpan.FromSeconds(5), "curl", "-sS", "--max-time", "0.3", $"http://{server.Address}:8080/"); // again and again: it says nothing when it begins to listen
                return observe.Output.Contains("PolicyDenied", StringComparison.Ordinal);
            }, "show the denial", TimeSpan.FromSeconds(10));

            Assert.Matches($@"{Client.FullName}:\d+ \(ID:\d+\) <> {server.FullName}:\d+ \(ID:\d+\) ingress PolicyDenied DROPPED by {server.Namespace}/nobody-in ", observe.Output);
        }
        finally
        {
            pair.Cluster.Manifests.Delete("policy-denial");
        }
        Eventually.True(() => Client.Net.Try(TimeSpan.FromSeconds(5), "curl", "-sS", "--max-time", "0.3", $"http://{server.Address}:8080/").Succeeded, "the policy goes");
    }

    [RequiresRootFact]
    public void The_connection_table_lists_and_forgets_flows()
    {
        string address = pair.OtherNode.Pods[0].Address;
        Get(address);

        Assert.Contains(address, pair.Node.Dpctl("ct", "list", "--address", Client.Address), StringComparison.Ordinal);
        Assert.Contains("flows removed", pair.Node.Dpctl("ct", "flush", "--address", Client.Address), StringComparison.Ordinal);
        Assert.DoesNotContain(address, pair.Node.Dpctl("ct", "list", "--address", Client.Address), StringComparison.Ordinal);
    }

    [RequiresRootFact]
    public void A_capture_holds_what_tcpdump_cannot_see_on_the_node()
    {
        string file = Path.Combine(pair.Cluster.Topology.Folder, "capture.pcapng");
        using (BackgroundProcess capture = pair.Node.StartDpctl("capture", "-o", file))
        {
            capture.WaitForOutput("capturing", TimeSpan.FromSeconds(5));
            Client.Net.Run("ping", "-q", "-c", "5", "-i", "0.2", "-W", "2", pair.OtherNode.Pods[0].Address);
            Thread.Sleep(300);
            Assert.Equal(0, capture.Stop(TimeSpan.FromSeconds(5)));
        }

        string decoded = Command.Run("tcpdump", "-r", file, "-nn", "-v").Output;

        Assert.Contains($"{Client.Address} > {pair.OtherNode.Pods[0].Address}: ICMP echo request", decoded, StringComparison.Ordinal);
        Assert.Contains("VXLAN, flags [I] (0x08), vni 1", decoded, StringComparison.Ordinal);
    }

    [RequiresRootFact]
    public void Every_dump_lists_what_is_there()
    {
        Assert.Contains(Client.FullName, pair.Node.Dpctl("endpoint", "list"), StringComparison.Ordinal);
        Assert.Contains("service-" + Client.Name, pair.Node.Dpctl("service", "list"), StringComparison.Ordinal);
        Assert.Contains(pair.OtherNode.Pods[0].Address, pair.Node.Dpctl("ipcache", "list"), StringComparison.Ordinal);
        Assert.Contains(pair.OtherNode.Address, pair.Node.Dpctl("node", "list"), StringComparison.Ordinal);
        Assert.Contains(pair.OtherNode.PodCidr, pair.Node.Dpctl("route", "list"), StringComparison.Ordinal);
        Assert.Contains("uplink", pair.Node.Dpctl("port", "list"), StringComparison.Ordinal);
        Assert.Contains("ready", pair.Node.Dpctl("status"), StringComparison.Ordinal);
        Assert.Contains(pair.Node.PodCidr, pair.Node.Dpctl("config"), StringComparison.Ordinal);
        Assert.NotEmpty(pair.Node.Dpctl("policy", "list"));
        Assert.NotEmpty(pair.Node.Dpctl("identity", "list"));
    }

    [RequiresRootFact]
    public void Prometheus_accepts_the_metrics_page()
    {
        string file = Path.Combine(pair.Cluster.Topology.Folder, "metrics");
        File.WriteAllText(file, pair.Node.Metrics());

        Command.Script($"promtool check metrics < {file}");
    }

    private void Get(string address) =>
        Client.Net.Run("curl", "-sS", "--max-time", "3", $"http://{address}:8080/");
}
