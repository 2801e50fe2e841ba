using Dataplane.Netns.Tests.Behaviour;
using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Routing;

/// <summary>Two nodes on one link, of which one is told that the other is behind a router: with `auto` they choose different ways.</summary>
public sealed class DisagreementTests
{
    /// <summary>X37: pods and the nodes' own addresses are reached by TCP, UDP and ICMP from pods of either, whatever the nodes think of each other.</summary>
    [RequiresRootTheory, InlineData(false), InlineData(true)]
    public void X37_Nodes_that_disagree_lose_nothing_between_pods_and_nodes(bool disagree)
    {
        using Cluster cluster = Cluster.StartSegmented("auto", 0, 0);
        ClusterPod near = cluster.AddPod(cluster.Nodes[0], "default", "near"), far = cluster.AddPod(cluster.Nodes[1], "default", "far");
        cluster.WaitUntilPodsReady();
        DataplaneNode first = (DataplaneNode)cluster.Nodes[0], second = (DataplaneNode)cluster.Nodes[1];
        if (disagree)
            second.Net.AddRoute("192.168.77.1/32 via 192.168.77.254 dev eth0");
        string expected = disagree ? "overlay" : "native 192.168.77.1 dataplane-pods";
        Eventually.True(() => first.WayTo(second) == "native 192.168.77.2 dataplane-pods" && second.WayTo(first) == expected, () => $"{first.Dpctl("node", "list")}\n{second.Dpctl("node", "list")}", patience: 20);
        foreach (NetworkNamespace net in (NetworkNamespace[])[first.Net, second.Net, near.Net, far.Net])
            cluster.Topology.Own(net.Start(Installed.Python, Installed.TestFile("Traffic/traffic.py"), "serve", "server")).WaitForOutput("serving", TimeSpan.FromSeconds(10));

        Assert.Equal(
            ["near to far: TCP UDP ICMP", "far to near: TCP UDP ICMP", "near to node-2: TCP UDP ICMP", "far to node-1: TCP UDP ICMP", "node-1 to far: TCP UDP ICMP", "node-2 to near: TCP UDP ICMP"],
            [
                Ways("near to far", near.Net, far.Address), Ways("far to near", far.Net, near.Address), Ways("near to node-2", near.Net, second.Address), Ways("far to node-1", far.Net, first.Address),
                Ways("node-1 to far", first.Net, far.Address), Ways("node-2 to near", second.Net, near.Address),
            ]);
    }

    private static string Ways(string what, NetworkNamespace net, string address)
    {
        bool tcp = net.Try(Command.DefaultTimeout, "curl", "-sS", "--max-time", "3", $"http://{address}:8080/").Succeeded;
        bool udp = net.Try(Command.DefaultTimeout, Installed.Python, Installed.TestFile("Traffic/traffic.py"), "send", address, "7001", "--echo", "--size", "100").Succeeded;
        bool icmp = net.Try(Command.DefaultTimeout, "ping", "-q", "-c", "1", "-W", "1", address).Succeeded;
        return $"{what}:{(tcp ? " TCP" : "")}{(udp ? " UDP" : "")}{(icmp ? " ICMP" : "")}";
    }
}
