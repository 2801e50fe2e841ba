using System.Diagnostics;
using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Behaviour;

/// <summary>What a ClusterIP does beyond carrying traffic; rows of spec/services.md.</summary>
[Collection(DataplanePair.Name)]
public sealed class ServiceTests(DataplanePair pair)
{
    private const int CouldNotConnect = 7; // exit code of curl
    private static readonly ClusterServicePort Web = new("http", "TCP", 80, 8080);

    private ClusterPod Client => pair.Node.Pods[0];

    [RequiresRootFact]
    public void New_connections_spread_over_all_backends_of_both_nodes()
    {
        ClusterPod[] backends = [.. pair.Cluster.Pods];
        ClusterService service = pair.Cluster.AddService("all", backends, Web);
        Eventually.True(() => Get(Client.Net, service).Succeeded, "the new service answers");

        foreach (NetworkNamespace client in (NetworkNamespace[])[Client.Net, pair.Node.Net])
        {
            string answers = client.Run("bash", "-c", $"for i in {{1..60}}; do curl -sS --max-time 3 http://{service.ClusterIp}/; done").Output;
            foreach (ClusterPod backend in backends)
                Assert.True(answers.Split($"\"{backend.Name}\"").Length - 1 >= 3, $"{backend}: too few of\n{answers}");
        }
    }

    [RequiresRootFact]
    public void A_pod_reaches_itself_through_its_service()
    {
        ClusterService service = pair.Cluster.AddService("self", [Client], Web);

        Eventually.True(() => Get(Client.Net, service).Output.Contains($"\"{Client.Name}\"", StringComparison.Ordinal), "the pod is answered by itself");
    }

    [RequiresRootFact]
    public void A_service_without_endpoints_refuses_at_once()
    {
        ClusterService service = pair.Cluster.AddService("empty", [], Web, new ClusterServicePort("datagrams", "UDP", 7001, 7001));
        foreach (NetworkNamespace client in (NetworkNamespace[])[Client.Net, pair.Node.Net])
        {
            CommandResult? answer = null;
            Eventually.True(() => (answer = Get(client, service)).ExitCode == CouldNotConnect, () => $"refused, but {answer}");
            var clock = Stopwatch.StartNew();
            Assert.Equal(CouldNotConnect, Get(client, service).ExitCode);
            Assert.True(clock.ElapsedMilliseconds < 1000, $"refused only after {clock.ElapsedMilliseconds} ms");
            CommandResult datagram = client.Try(Command.DefaultTimeout, Installed.Python,
                Installed.TestFile("Traffic/traffic.py"), "send", service.ClusterIp, "7001", "--echo", "--size", "100");
            Assert.Contains("ConnectionRefusedError", datagram.Error, StringComparison.Ordinal);
        }
    }

    [RequiresRootFact]
    public void A_port_that_the_service_has_not_is_refused()
    {
        ClusterService service = pair.Cluster.AddService("one-port", [Client], Web);
        Eventually.True(() => Get(Client.Net, service).Succeeded, "the service answers on its port");

        CommandResult other = Client.Net.Try(Command.DefaultTimeout, "curl", "-sS", "--max-time", "3", $"http://{service.ClusterIp}:81/");

        Assert.Equal(CouldNotConnect, other.ExitCode);
    }

    [RequiresRootFact]
    public void Backends_that_come_and_go_take_effect_while_traffic_flows()
    {
        ClusterPod near = pair.Node.Pods[1], far = pair.OtherNode.Pods[0];
        ClusterService service = pair.Cluster.AddService("changing", [near], Web);
        Eventually.True(() => Get(Client.Net, service).Output.Contains(near.Name, StringComparison.Ordinal), "the first backend answers");
        using BackgroundProcess traffic = Client.Net.Start("bash", "-c",
            $"while curl -sS --max-time 3 http://{service.ClusterIp}/; do :; done; echo request failed");

        pair.Cluster.Manifests.ApplyService(service with { Backends = [far] });
        Eventually.True(() => Get(Client.Net, service).Output.Contains(far.Name, StringComparison.Ordinal), "the second backend answers");

        string[] after = [.. Enumerable.Range(0, 10).Select(_ => Get(Client.Net, service).Output)];
        Assert.All(after, answer => Assert.Contains(far.Name, answer, StringComparison.Ordinal));
        Assert.DoesNotContain("request failed", traffic.Output, StringComparison.Ordinal);
    }

    [RequiresRootFact]
    public void A_selector_and_a_named_target_port_find_the_pods()
    {
        ClusterPod backend = pair.OtherNode.Pods[1];
        ClusterPod named = backend with { Ports = [new ContainerPort("web", "TCP", 8080)] };
        pair.Cluster.Manifests.ApplyPod(named);
        pair.Cluster.Manifests.Apply("service-by-selector", $$"""
            apiVersion: v1
            kind: Service
            metadata: {namespace: default, name: by-selector}
            spec:
              clusterIP: 10.96.1.1
              selector: {app: {{backend.Labels["app"]}}}
              ports: [{name: http, port: 80, targetPort: web}]
            """);
        try
        {
            Eventually.True(
                () => Client.Net.Try(Command.DefaultTimeout, "curl", "-sS", "--max-time", "1", "http://10.96.1.1/").Output.Contains(backend.Name, StringComparison.Ordinal),
                "the selected pod answers");
        }
        finally
        {
            pair.Cluster.Manifests.Delete("service-by-selector");
            pair.Cluster.Manifests.ApplyPod(backend);
        }
    }

    private static CommandResult Get(NetworkNamespace client, ClusterService service) =>
        client.Try(Command.DefaultTimeout, "curl", "-sS", "--max-time", "3", $"http://{service.ClusterIp}/");
}
