using System.Diagnostics;
using Dataplane.Netns.Tests.Behaviour;
using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Routing;

/// <summary>Nodes that come and go, and a node's own device that changes, by the real agents and under traffic.</summary>
public sealed class NodeLifeTests
{
    private static readonly TimeSpan Prompt = TimeSpan.FromSeconds(1), Bound = TimeSpan.FromSeconds(10);

    [RequiresRootTheory, InlineData("vxlan"), InlineData("native")]
    public void S13_A_node_that_joins_is_reached_within_a_second_and_nobody_else_notices_nor_that_it_leaves(string routing) => In(Cluster.StartRouted(routing, NodeKind.Dataplane, NodeKind.Dataplane), cluster =>
    {
        ClusterPod near = cluster.AddPod(cluster.Nodes[0], "default", "near"), far = cluster.AddPod(cluster.Nodes[1], "default", "far");
        DataplaneNode third = cluster.AddNode();
        ClusterPod late = cluster.AddPod(third, "default", "late");
        var node = (DataplaneNode)cluster.Nodes[0];
        cluster.Manifests.ApplyNode(third); // it knows itself and the others; once it does its pod is ready
        cluster.WaitUntilPodsReady();
        cluster.Manifests.Delete("node-node-3");
        Eventually.True(() => node.WayTo(third) == "unknown", "node-3 has left");
        using var old = new PingStream(near.Net, far.Address);

        // The least of the rounds says what it takes; the others also how busy this machine is.
        var joined = new List<TimeSpan>();
        var left = new List<TimeSpan>();
        for (int round = 0; round < 5; round++)
        {
            cluster.Manifests.ApplyNode(third);
            joined.Add(Until(() => Ping(near.Net, late.Address)));
            Assert.Equal(routing == "native" ? $"native {third.Address} dataplane-pods" : "overlay", node.WayTo(third));
            Assert.Equal(routing == "native", node.Routes().Contains($"{third.PodCidr} via {third.Address} dev eth0"));

            cluster.Manifests.Delete("node-node-3");
            left.Add(Until(() => !Ping(near.Net, late.Address)));
            Eventually.True(() => node.WayTo(third) == "unknown" && !node.Routes().Any(route => route.StartsWith(third.PodCidr, StringComparison.Ordinal)), "nothing of node-3 is left");
        }
        Assert.True(joined.Min() < Prompt && joined.Max() < Bound, $"joined after {string.Join(", ", joined)}");
        Assert.True(left.Min() < Prompt && left.Max() < Bound, $"left after {string.Join(", ", left)}");

        old.EndWithoutLoss(atLeast: 200);
    });

    [RequiresRootTheory, InlineData("vxlan", 50), InlineData("native", 0)]
    public void F15_The_uplinks_mtu_is_followed_while_it_runs(string routing, int headers) => In(Cluster.StartRouted(routing, NodeKind.Dataplane, NodeKind.Dataplane), cluster =>
    {
        ClusterPod near = cluster.AddPod(cluster.Nodes[0], "default", "near"), far = cluster.AddPod(cluster.Nodes[1], "default", "far");
        var node = (DataplaneNode)cluster.Nodes[0];
        cluster.WaitUntilPodsReady();
        using BackgroundProcess server = far.Net.Start("iperf3", "-s");
        foreach (int mtu in (int[])[1300, 1400, 1500])
        {
            node.Net.Ip($"link set eth0 mtu {mtu}");
            Eventually.True(() => near.Net.Run("ip", "route", "show", "default").Output.Contains($"mtu {mtu - headers}", StringComparison.Ordinal), () => near.Net.Run("ip", "route").Output);
            Assert.Contains($"MTU of pods {mtu - headers}", node.Dpctl("status", "-o", "json"), StringComparison.Ordinal);
            Assert.Contains($"mtu {mtu - headers}", node.Net.Run("ip", "route", "show", "dev", "dp-host").Output, StringComparison.Ordinal);
            using var wire = new WireCapture(cluster, node);
            near.Net.Run(TimeSpan.FromSeconds(20), "iperf3", "-c", far.Address, "-n", "2M");
            near.Net.Run("ping", "-c", "1", "-W", "2", "-M", "do", "-s", $"{mtu - headers - 28}", far.Address);
            CommandResult larger = near.Net.Try(Command.DefaultTimeout, "ping", "-c", "1", "-W", "1", "-M", "do", "-s", $"{mtu - headers - 27}", far.Address);
            Assert.False(larger.Succeeded, larger.ToString());
            var (plain, tunnelled, longest) = wire.Count(near.Address, far.Address);
            Assert.True(routing == "native" ? plain > 100 && tunnelled == 0 && longest == mtu : plain == 0 && tunnelled > 100, $"{plain} plain, {tunnelled} in VXLAN, the longest {longest}");
        }
    });

    /// <summary>Two cards, and the cluster's is not the one of the default route.</summary>
    [RequiresRootFact]
    public void S17_The_device_with_the_nodes_address_is_the_uplink_and_another_choice_shows() => In(Cluster.StartRouted("vxlan", NodeKind.Dataplane, NodeKind.Dataplane), cluster =>
    {
        var node = (DataplaneNode)cluster.Nodes[0];
        cluster.Topology.Link(node.Net, "eth1", cluster.AddOutsider("office", 99), "eth1");
        node.Net.AddAddress("eth1", "172.20.0.1/24");
        node.Net.AddRoute("default via 172.20.0.254 dev eth1");
        foreach (var (uplink, chosen, problem) in ((string, string, string?)[])[
            ("auto", "eth0", null), ("eth1", "eth1", "node-ip 192.168.77.1 is an address of eth0, and the uplink is eth1"), ("eth0", "eth0", null)])
        {
            node.Dataplane!.Stop(TimeSpan.FromSeconds(10));
            node.Uplink = uplink;
            node.StartDataplane();
            Eventually.True(() => node.TryDpctl("status").Succeeded, () => "the dataplane answers", patience: 20);
            string status = node.Dpctl("status", "-o", "json");
            Assert.Contains($"\"{chosen}, MTU 1500", status, StringComparison.Ordinal);
            if (problem is null)
                Assert.DoesNotContain("node-ip", status, StringComparison.Ordinal);
            else
                Assert.Contains(problem, status, StringComparison.Ordinal);
        }
    });

    private static bool Ping(NetworkNamespace net, string address) =>
        net.Try(Command.DefaultTimeout, "ping", "-q", "-c", "1", "-W", "0.2", address).Succeeded;

    private static TimeSpan Until(Func<bool> holds)
    {
        var clock = Stopwatch.StartNew();
        while (!holds() && clock.Elapsed < Bound)
            Thread.Sleep(10);
        return clock.Elapsed;
    }

    // With the nodes' output in the message of a failure.
    private static void In(Cluster cluster, Action<Cluster> test)
    {
        using (cluster)
        {
            try
            {
                test(cluster);
            }
            catch (Exception failure)
            {
                throw new CommandException($"{failure.Message}\n{cluster.Log()}", failure);
            }
        }
    }
}
