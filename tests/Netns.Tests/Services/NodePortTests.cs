using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Services;

/// <summary>Node ports from everywhere, over real connections.</summary>
[Collection(ServiceBed.Name)]
public sealed class NodePortTests(ServiceBed bed)
{
    private static readonly ServiceObject Web = new("web", "10.96.2.1") { Type = "NodePort", NodePort = 30080 };

    [RequiresRootFact]
    public void K8_EveryNodeServesTheNodePortToOutsideClientsThatKeepTheirAddressWhereTheyCan()
    {
        ClusterPod pod = bed.Node1.Pods[0];
        using var applied = bed.Apply(Web.To(pod));
        foreach ((NetworkNamespace client, string address) in ((NetworkNamespace, string)[])[(bed.Neighbor, "192.168.77.100"), (bed.World, Cluster.WorldAddress)])
        {
            ServiceBed.MustAnswer(client, bed.Node1.Address, 30080);
            Assert.Equal((pod.Name, address), ServiceBed.Get(client, bed.Node1.Address, 30080));
            // K15: by a node without the pod the gateway of that node asks.
            ServiceBed.MustAnswer(client, bed.Node2.Address, 30080);
            Assert.Equal((pod.Name, bed.Node2.HostPortAddress), ServiceBed.Get(client, bed.Node2.Address, 30080));
        }
    }

    [RequiresRootFact]
    public void K8_PodsAndNodesReachTheNodePortOfEveryNode()
    {
        ClusterPod pod = bed.Node1.Pods[0];
        using var applied = bed.Apply(Web.To(pod));
        foreach (string address in (string[])[bed.Node1.Address, bed.Node2.Address])
        {
            foreach ((NetworkNamespace client, string seen) in ((NetworkNamespace, string)[])[(bed.Node1.Pods[1].Net, bed.Node1.Pods[1].Address), (bed.Node2.Pods[1].Net, bed.Node2.Pods[1].Address)])
            {
                ServiceBed.MustAnswer(client, address, 30080);
                Assert.Equal((pod.Name, seen), ServiceBed.Get(client, address, 30080));
            }
            ServiceBed.MustAnswer(bed.Node1.Net, address, 30080);
            ServiceBed.MustAnswer(bed.Node2.Net, address, 30080);
        }
    }

    [RequiresRootFact]
    public void S16_PodsReachTheWorldWithTheirNodesAddress()
    {
        foreach (DataplaneNode node in (DataplaneNode[])[bed.Node1, bed.Node2])
        {
            ServiceBed.MustAnswer(node.Pods[0].Net, Cluster.WorldAddress, 8080);
            Assert.Equal(("world", node.Address), ServiceBed.Get(node.Pods[0].Net, Cluster.WorldAddress, 8080));
        }
    }
}
