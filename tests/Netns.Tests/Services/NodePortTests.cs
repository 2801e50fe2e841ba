using Dataplane.Netns.Tests.Behaviour;
using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Services;

/// <summary>Node ports from everywhere: rows K8, K9 and K15.</summary>
[Collection(ServiceBed.Name)]
public sealed class NodePortTests(ServiceBed bed)
{
    private (NetworkNamespace Client, string Address)[] Outside => [(bed.Neighbor, ServiceBed.NeighborAddress), (bed.World, Cluster.WorldAddress)];

    [RequiresRootFact]
    public void K8_K15_EveryNodeServesTheNodePortToHostsOutside()
    {
        ClusterPod pod = bed.Node1.Pods[0];
        using AppliedService pages = bed.Apply(bed.NewService(pod) with { Type = "NodePort" });
        using AppliedService datagrams = bed.Apply(bed.NewService(pod).OverUdp() with { Type = "NodePort" });
        foreach ((NetworkNamespace client, string address) in Outside)
        {
            Assert.Equal($"{pod.Name} saw {address}", Curl.Get(client, bed.Node1.Address, pages.Object.NodePort));
            Assert.Equal($"{pod.Name} saw {address}", Who.Ask(client, "udp", bed.Node1.Address, datagrams.Object.NodePort).ToString());
            // By a node without the pod its gateway asks, so that the answers come back through it.
            Assert.Equal($"{pod.Name} saw {bed.Node2.HostPortAddress}", Curl.Get(client, bed.Node2.Address, pages.Object.NodePort));
            Assert.Equal($"{pod.Name} saw {bed.Node2.HostPortAddress}", Who.Ask(client, "udp", bed.Node2.Address, datagrams.Object.NodePort).ToString());
        }
    }

    [RequiresRootFact]
    public void K8_PodsAndNodesReachTheNodePortOfEveryNode()
    {
        ClusterPod pod = bed.Node1.Pods[0], near = bed.Node1.Pods[1], far = bed.Node2.Pods[1];
        using AppliedService pages = bed.Apply(bed.NewService(pod) with { Type = "NodePort" });
        using AppliedService datagrams = bed.Apply(bed.NewService(pod).OverUdp() with { Type = "NodePort" });
        foreach ((NetworkNamespace client, DataplaneNode asked, string seen) in ((NetworkNamespace, DataplaneNode, string)[])
            [
                (near.Net, bed.Node1, near.Address), (near.Net, bed.Node2, near.Address), (far.Net, bed.Node1, far.Address), (far.Net, bed.Node2, far.Address),
                (bed.Node1.Net, bed.Node1, bed.Node1.HostPortAddress), (bed.Node2.Net, bed.Node2, bed.Node2.HostPortAddress),
                // To another node a node is a host outside like any other.
                (bed.Node2.Net, bed.Node1, bed.Node2.Address), (bed.Node1.Net, bed.Node2, bed.Node2.HostPortAddress),
            ])
        {
            Assert.Equal($"{asked}: {pod.Name} saw {seen}", $"{asked}: {Curl.Get(client, asked.Address, pages.Object.NodePort)}");
            Assert.Equal($"{asked}: {pod.Name} saw {seen}", $"{asked}: {Who.Ask(client, "udp", asked.Address, datagrams.Object.NodePort)}");
        }
    }

    [RequiresRootFact]
    public void K8_PortsOfTheRangeThatNoServiceHasAreTheNodesOwn()
    {
        ServiceObject unused = bed.NewService();
        using AppliedService other = bed.Apply(bed.NewService(bed.Node1.Pods[0]) with { Type = "NodePort" }); // there is some node port
        foreach (NetworkNamespace client in (NetworkNamespace[])[bed.Node1.Net, bed.Node2.Net, bed.Node1.Pods[1].Net, bed.Node2.Pods[1].Net, bed.Neighbor])
            Assert.Equal($"{client.Name}: {Curl.Refused}", $"{client.Name}: {Curl.Get(client, bed.Node1.Address, unused.NodePort)}");

        using BackgroundProcess process = bed.Node1.Net.Start(Installed.Python, Installed.TestFile("Traffic/who.py"), "serve", "own", "--tcp", $"{unused.NodePort}");
        process.WaitForOutput("serving", TimeSpan.FromSeconds(10));
        foreach (NetworkNamespace client in (NetworkNamespace[])[bed.Node1.Net, bed.Node2.Net, bed.Node1.Pods[1].Net, bed.Node2.Pods[1].Net, bed.Neighbor])
            Assert.Equal($"{client.Name}: own", $"{client.Name}: {Who.Ask(client, "tcp", bed.Node1.Address, unused.NodePort).Pod}");
    }

    [RequiresRootFact]
    public void K8_ANodePortIsServedNeitherAtLoopbackNorByTheOtherProtocol()
    {
        using AppliedService pages = bed.Apply(bed.NewService(bed.Node1.Pods[0]) with { Type = "NodePort" });

        Assert.Equal(Curl.Refused, Curl.Get(bed.Node1.Net, "127.0.0.1", pages.Object.NodePort));
        Assert.Equal(Curl.Refused, Who.Ask(bed.Neighbor, "udp", bed.Node1.Address, pages.Object.NodePort).ToString());
    }

    [RequiresRootFact]
    public void K9_AnAddressThatANodeGetsLaterServesNodePortsToo()
    {
        const string later = "192.168.77.51";
        ClusterPod pod = bed.Node1.Pods[0];
        using AppliedService pages = bed.Apply(bed.NewService(pod) with { Type = "NodePort" });
        bed.Node1.Net.AddAddress("eth0", later + "/24");
        try
        {
            foreach ((NetworkNamespace client, string seen) in ((NetworkNamespace, string)[])
                [(bed.Neighbor, ServiceBed.NeighborAddress), (bed.Node1.Net, bed.Node1.HostPortAddress), (bed.Node1.Pods[1].Net, bed.Node1.Pods[1].Address)])
            {
                string answer = "";
                Eventually.True(() => (answer = Curl.GetNothing(client, later, pages.Object.NodePort)) == $"{pod.Name} saw {seen}", () => $"{client.Name} is answered at {later}, but: {answer}");
            }
        }
        finally
        {
            bed.Node1.Net.Ip($"address del {later}/24 dev eth0");
        }
        Assert.Equal($"{pod.Name} saw {ServiceBed.NeighborAddress}", Curl.Get(bed.Neighbor, bed.Node1.Address, pages.Object.NodePort));
    }

    [RequiresRootFact]
    public void K15_FromOutsideAllEndpointsTakeConnectionsWhicheverNodeIsAsked()
    {
        ClusterPod here = bed.Node1.Pods[0], there = bed.Node2.Pods[0];
        using AppliedService lines = bed.Apply(bed.NewService(here, there).OfLines() with { Type = "NodePort" });
        foreach (DataplaneNode node in (DataplaneNode[])[bed.Node1, bed.Node2])
        {
            var answers = Who.AskMany(bed.World, "tcp", node.Address, lines.Object.NodePort, 60).Select(answer => answer.ToString()).ToHashSet();

            string local = node == bed.Node1 ? here.Name : there.Name, remote = node == bed.Node1 ? there.Name : here.Name;
            Assert.Equal([$"{local} saw {Cluster.WorldAddress}", $"{remote} saw {node.HostPortAddress}"], answers.OrderBy(answer => answer.StartsWith(local, StringComparison.Ordinal) ? 0 : 1));
        }
    }

    [RequiresRootFact]
    public void S16_PodsReachTheWorldWithTheirNodesAddress()
    {
        foreach (DataplaneNode node in (DataplaneNode[])[bed.Node1, bed.Node2])
            Assert.Equal($"world saw {node.Address}", Curl.Get(node.Pods[0].Net, Cluster.WorldAddress, 8080));
    }
}
