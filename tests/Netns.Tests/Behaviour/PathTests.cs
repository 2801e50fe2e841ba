using System.Globalization;
using System.Text.Json;
using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Behaviour;

/// <summary>What the packet path must refuse or answer itself.</summary>
[Collection(DataplanePair.Name)]
public sealed class PathTests(DataplanePair pair)
{
    private ClusterPod Client => pair.Node.Pods[0];

    [RequiresRootFact]
    public void P34_a_pod_cannot_send_with_an_address_that_is_not_its_own()
    {
        long before = Drops("SourceSpoofed");
        Client.Net.AddAddress("lo", "10.244.1.99/32");
        try
        {
            foreach (ClusterPod target in (ClusterPod[])[pair.Node.Pods[1], pair.OtherNode.Pods[0]])
            {
                CommandResult ping = Client.Net.Try(Command.DefaultTimeout, "ping", "-q", "-c", "2", "-i", "0.2", "-W", "1", "-I", "10.244.1.99", target.Address);
                Assert.False(ping.Succeeded, ping.ToString());
            }
        }
        finally
        {
            Client.Net.Ip("address del 10.244.1.99/32 dev lo");
        }
        Assert.True(Drops("SourceSpoofed") >= before + 4, pair.Node.Dpctl("drops"));
    }

    [RequiresRootFact]
    public void A_packet_too_large_for_the_tunnel_is_answered_with_the_path_mtu()
    {
        ClusterPod far = pair.OtherNode.Pods[0];
        string route = Client.Net.Run("ip", "route", "show", "default").Output.Trim();
        string withoutMtu = string.Join(' ', route.Split(' ').TakeWhile(word => word != "mtu"));
        try
        {
            Client.Net.Ip($"route replace {withoutMtu} mtu 9000"); // a pod that does not know its path

            CommandResult ping = Client.Net.Try(Command.DefaultTimeout, "ping", "-c", "1", "-W", "2", "-M", "do", "-s", "3000", far.Address);

            Assert.Contains("mtu = 1450", ping.Output + ping.Error, StringComparison.Ordinal);
        }
        finally
        {
            Client.Net.Ip($"route replace {route}");
            Client.Net.Ip("route flush cache");
        }
    }

    [RequiresRootFact]
    public void A_packet_whose_ttl_ends_is_answered_from_the_gateway()
    {
        CommandResult ping = Client.Net.Try(Command.DefaultTimeout, "ping", "-c", "1", "-W", "2", "-t", "1", pair.OtherNode.Pods[0].Address);

        Assert.Contains("Time to live exceeded", ping.Output, StringComparison.Ordinal);
        Assert.Contains(pair.Node.HostPortAddress, ping.Output, StringComparison.Ordinal);
    }

    [RequiresRootFact]
    public void P35_later_fragments_do_not_pass_a_policy_that_stops_the_first()
    {
        ClusterPod closed = pair.Node.Pods[1];
        Send(Client, closed, "--echo", "--size", "4000"); // without the policy it is answered
        string app = closed.Labels["app"];
        pair.Cluster.Manifests.Apply("policy-fragments", $$"""
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {namespace: default, name: fragments}
            spec:
              podSelector:
                matchLabels: {app: "{{app}}"}
              policyTypes: [Ingress]
              ingress: [{ports: [{port: 8080}]}]
            """);
        try
        {
            Eventually.True(() => !Send(Client, closed, "--echo", "--size", "100", "--timeout", "0.3").Succeeded, "the policy stops datagrams");
            long before = Reassembled(closed);

            Send(Client, closed, "--count", "5", "--size", "8000", "--pause", "0.05");

            Assert.Equal(before, Reassembled(closed));
        }
        finally
        {
            pair.Cluster.Manifests.Delete("policy-fragments");
        }
        Eventually.True(() => Send(Client, closed, "--echo", "--size", "4000", "--timeout", "0.5").Succeeded, "without the policy datagrams are answered");
    }

    [RequiresRootFact]
    public void An_endpoint_has_no_connectivity_before_its_pod_is_known_and_none_after_it_was_removed()
    {
        NetworkNamespace net = pair.Cluster.Topology.AddNamespace("late");
        var pod = new ClusterPod("default", "late", "10.244.1.200", new Dictionary<string, string> { ["app"] = "late" }, [], pair.Node, net);
        try
        {
            pair.Node.Dpctl("endpoint", "add", "--pod", pod.FullName, "--ip", pod.Address, "--netns", net.Path);
            Assert.False(Ping(net, pair.Node.Pods[1].Address));
            Assert.False(Ping(pair.Node.Net, pod.Address));

            pair.Cluster.Manifests.ApplyPod(pod);
            Eventually.True(() => Ping(net, pair.Node.Pods[1].Address), "the pod reaches a pod of its node");
            Assert.True(Ping(net, pair.OtherNode.Pods[0].Address));
            Eventually.True(() => Ping(pair.OtherNode.Pods[0].Net, pod.Address), "a pod of the other node reaches it");
        }
        finally
        {
            pair.Node.Dpctl("endpoint", "delete", "--pod", pod.FullName);
            pair.Cluster.Manifests.Delete("pod-default-late");
        }
        Assert.False(Ping(pair.Node.Net, pod.Address));
    }

    [RequiresRootFact]
    public void A_pod_that_is_attached_again_works_again()
    {
        NetworkNamespace net = pair.Cluster.Topology.AddNamespace("again");
        var pod = new ClusterPod("default", "again", "10.244.1.201", new Dictionary<string, string> { ["app"] = "again" }, [], pair.Node, net);
        pair.Cluster.Manifests.ApplyPod(pod);
        try
        {
            for (int round = 0; round < 3; round++)
            {
                pair.Node.Dpctl("endpoint", "add", "--pod", pod.FullName, "--ip", pod.Address, "--netns", net.Path);
                Eventually.True(() => Ping(net, pair.OtherNode.Pods[0].Address), $"round {round}: the pod reaches the other node");
                pair.Node.Dpctl("endpoint", "delete", "--pod", pod.FullName);
                Assert.DoesNotContain("eth0", net.Run("ip", "-o", "link").Output, StringComparison.Ordinal);
            }
        }
        finally
        {
            pair.Cluster.Manifests.Delete("pod-default-again");
        }
        Assert.Null(pair.Node.FrameLeak());
    }

    private static bool Ping(NetworkNamespace net, string address) =>
        net.Try(Command.DefaultTimeout, "ping", "-q", "-c", "1", "-W", "1", address).Succeeded;

    private static CommandResult Send(ClusterPod from, ClusterPod to, params string[] options) =>
        from.Net.Try(Command.DefaultTimeout, Installed.Python, [Installed.TestFile("Traffic/traffic.py"), "send", to.Address, "7001", .. options]);

    private static long Reassembled(ClusterPod pod)
    {
        using JsonDocument counters = JsonDocument.Parse(pod.Net.Run("nstat", "-a", "-s", "-z", "-j").Output);
        return counters.RootElement.GetProperty("kernel").GetProperty("IpReasmReqds").GetInt64();
    }

    private long Drops(string reason)
    {
        using JsonDocument drops = JsonDocument.Parse(pair.Node.Dpctl("drops", "-o", "json"));
        return drops.RootElement.EnumerateArray()
            .Where(row => row.GetProperty("reason").GetString() == reason)
            .Sum(row => long.Parse(row.GetProperty("packets").GetString()!, CultureInfo.InvariantCulture));
    }
}
