using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Services;

/// <summary>Datagrams in fragments, of which only the first says to which port it goes: rows K5, K8 and K15.</summary>
[Collection(ServiceBed.Name)]
public sealed class FragmentTests(ServiceBed bed)
{
    private const int Size = 6000; // of four or five fragments

    private ClusterPod Pod => bed.Node1.Pods[0];

    [RequiresRootFact]
    public void K5_FragmentsOfDatagramsToAServiceAllReachOneEndpoint()
    {
        using AppliedService service = bed.Apply(bed.NewService(Pod, bed.Node2.Pods[0]).OverUdp());
        foreach ((NetworkNamespace client, string seen) in ((NetworkNamespace, string)[])
            [(bed.Node1.Pods[1].Net, bed.Node1.Pods[1].Address), (bed.Node2.Pods[1].Net, bed.Node2.Pods[1].Address), (bed.Node1.Net, bed.Node1.HostPortAddress)])
        {
            for (int i = 0; i < 6; i++)
            {
                Answer answer = Who.Ask(client, "udp", service.Object.ClusterIp, 80, "--size", $"{Size}");
                Assert.Equal((Size, seen), (answer.Size, answer.Client ?? answer.Error));
            }
        }
    }

    [RequiresRootFact]
    public void K8_K15_FragmentsFromOutsideReachANodePort()
    {
        using AppliedService service = bed.Apply(bed.NewService(Pod).OverUdp() with { Type = "NodePort" });
        foreach ((DataplaneNode node, string seen) in ((DataplaneNode, string)[])[(bed.Node1, Cluster.WorldAddress), (bed.Node2, bed.Node2.HostPortAddress)])
        {
            Answer answer = Who.Ask(bed.World, "udp", node.Address, service.Object.NodePort, "--size", $"{Size}");
            Assert.Equal((node.Name, Size, seen), (node.Name, answer.Size, answer.Client ?? answer.Error));
        }
    }
}
