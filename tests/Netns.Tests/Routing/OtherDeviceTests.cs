using Dataplane.Netns.Tests.Behaviour;
using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Routing;

/// <summary>What another node's pods send comes by the device that leads to them: who else on a node says that it is from them, and what a device lacks that is no uplink.</summary>
public sealed class OtherDeviceTests
{
    // A datagram with a source that is not this namespace's: raw.py SOURCE DESTINATION
    private const string Forge = """
        import socket, struct, sys
        s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        udp = struct.pack("!HHHH", 40000, 7001, 16, 0) + b"forged!!"
        ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, socket.inet_aton(sys.argv[1]), socket.inet_aton(sys.argv[2]))
        s.sendto(ip + udp, (sys.argv[2], 0))
        """;

    [RequiresRootTheory, InlineData("native"), InlineData("auto")]
    public void P34_A_raw_socket_on_a_node_cannot_speak_for_pods_of_another(string routing)
    {
        using Cluster cluster = Cluster.StartRouted(routing, NodeKind.Dataplane, NodeKind.Dataplane);
        ClusterPod near = cluster.AddPod(cluster.Nodes[0], "default", "near"), far = cluster.AddPod(cluster.Nodes[1], "default", "far");
        cluster.WaitUntilPodsReady();
        var node = (DataplaneNode)cluster.Nodes[0];
        Eventually.True(() => node.WayTo(cluster.Nodes[1]) == "native 192.168.77.2 dataplane-pods" && far.Net.Try(Command.DefaultTimeout, "ping", "-c", "1", "-W", "1", near.Address).Succeeded, () => cluster.Log(), patience: 20);
        near.Net.Sysctl("net.ipv4.conf.all.rp_filter", "0");
        using BackgroundProcess received = near.Net.Start("tcpdump", "-n", "-l", "-i", "eth0", "udp port 7001");
        received.WaitForOutput("listening on", TimeSpan.FromSeconds(5));
        long before = node.Drops("SourceSpoofed");
        foreach (string source in (string[])[far.Address, cluster.Nodes[1].Address])
            node.Net.Run(Installed.Python, "-c", Forge, source, near.Address);
        Eventually.True(() => node.Drops("SourceSpoofed") == before + 2, () => node.Dpctl("drops"), patience: 20);
        node.Net.Run(Installed.Python, "-c", Forge, "203.0.113.9", near.Address); // a stranger whom the stack has routed here, the last in the order of packets
        received.WaitForOutput("203.0.113.9", TimeSpan.FromSeconds(5));
        Assert.DoesNotContain(far.Address, received.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(cluster.Nodes[1].Address, received.Output, StringComparison.Ordinal);
    }

    /// <summary>K28: what has to be translated back must come here; a device that brings it past us is a problem that is said, and external-interfaces is the remedy.</summary>
    [RequiresRootFact]
    public void K28_A_device_that_leads_to_peers_and_is_no_uplink_is_named_until_it_is_one()
    {
        using Cluster cluster = Cluster.StartRouted("native", NodeKind.Dataplane, NodeKind.Dataplane);
        ClusterPod near = cluster.AddPod(cluster.Nodes[0], "default", "near"), far = cluster.AddPod(cluster.Nodes[1], "default", "far");
        ClusterService service = cluster.AddService("web", [far], new ClusterServicePort("http", "TCP", 80, 8080));
        cluster.Topology.Own(far.Net.Start(Installed.Python, Installed.TestFile("Traffic/traffic.py"), "serve", far.Name)).WaitForOutput("serving", TimeSpan.FromSeconds(10));
        cluster.WaitUntilPodsReady();
        DataplaneNode first = (DataplaneNode)cluster.Nodes[0], second = (DataplaneNode)cluster.Nodes[1];
        Assert.DoesNotContain("no uplink", first.Dpctl("status"), StringComparison.Ordinal);

        foreach (DataplaneNode node in (DataplaneNode[])[first, second])
            node.Net.Sysctl("net.ipv4.ip_forward", "1");
        cluster.Topology.Link(first.Net, "eth1", second.Net, "eth1");
        first.Net.AddRoute("192.168.77.2/32 dev eth1 src 192.168.77.1");
        second.Net.AddRoute("192.168.77.1/32 dev eth1 src 192.168.77.2");
        Eventually.True(() => new[] { first, second }.All(node => node.Routes().Any(route => route.EndsWith("dev eth1", StringComparison.Ordinal))), () => string.Join('\n', first.Routes()), patience: 20);
        Eventually.True(() => Answers(near.Net), () => cluster.Log()); // what pods send goes and comes by the node's stack
        Assert.False(Answers(first.Net, "--interface", "192.168.77.1"));
        Assert.Contains("pods of node-2 are reached by eth1, which is no uplink", first.Dpctl("status"), StringComparison.Ordinal);
        Assert.False(first.TryDpctl("check").Succeeded);

        first.Dataplane!.Stop(TimeSpan.FromSeconds(10));
        first.Options = ["--external-interfaces", "eth1"];
        first.StartDataplane();
        Eventually.True(() => first.TryDpctl("status").Succeeded && Answers(near.Net), () => cluster.Log(), patience: 20);
        Eventually.True(() => Answers(first.Net, "--interface", "192.168.77.1"), () => cluster.Log(), patience: 20);
        Assert.DoesNotContain("no uplink", first.Dpctl("status"), StringComparison.Ordinal);

        bool Answers(NetworkNamespace client, params string[] options) =>
            client.Try(Command.DefaultTimeout, "curl", ["-sS", "--max-time", "2", .. options, $"http://{service.ClusterIp}/"]).Succeeded;
    }
}
