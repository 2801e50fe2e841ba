using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Services;

/// <summary>Local policies, each for its side: rows K14, K16 and K17.</summary>
[Collection(ServiceBed.Name)]
public sealed class TrafficPolicyTests(ServiceBed bed)
{
    private const string ExternalLocal = "externalTrafficPolicy: Local", InternalLocal = "internalTrafficPolicy: Local";

    private ClusterPod Pod => bed.Node1.Pods[0]; // the only endpoint; node-2 has none

    private (NetworkNamespace Client, string Address)[] Outside => [(bed.Neighbor, ServiceBed.NeighborAddress), (bed.World, Cluster.WorldAddress)];

    private (NetworkNamespace Client, string Address)[] Inside =>
        [(bed.Node1.Pods[1].Net, bed.Node1.Pods[1].Address), (bed.Node2.Pods[1].Net, bed.Node2.Pods[1].Address), (bed.Node1.Net, bed.Node1.HostPortAddress), (bed.Node2.Net, bed.Node2.HostPortAddress)];

    [RequiresRootTheory]
    [InlineData("TCP")]
    [InlineData("UDP")]
    public void K14_FromOutsideTheLocalPolicyKeepsTheClientsAddressAndIsSilentWithoutEndpoint(string protocol)
    {
        string external = bed.NewAddress(), balancer = bed.NewAddress();
        ServiceObject service = protocol == "UDP" ? bed.NewService(Pod).OverUdp() : bed.NewService(Pod).OfLines();
        using AppliedService applied = bed.Apply(service with { Type = "LoadBalancer", Ingress = [balancer], Spec = [ExternalLocal, $"externalIPs: [{external}]"] });
        foreach (DataplaneNode node in (DataplaneNode[])[bed.Node1, bed.Node2])
        {
            using OutsideRoute one = bed.RouteToward(external, node), two = bed.RouteToward(balancer, node);
            foreach ((string address, int port) in ((string, int)[])[(node.Address, service.NodePort), (external, 80), (balancer, 80)])
            {
                foreach ((NetworkNamespace client, string seen) in Outside)
                {
                    if (node == bed.Node1)
                        Assert.Equal($"{Pod.Name} saw {seen}", Who.Ask(client, protocol.ToLowerInvariant(), address, port).ToString());
                    else
                        ServiceBed.ExpectDrop(node, "ServiceNoLocalEndpoints", () => Assert.Equal(Curl.Silence, Who.AskNothing(client, protocol.ToLowerInvariant(), address, port).ToString()));
                }
            }
        }
    }

    [RequiresRootFact]
    public void K14_FromOutsideTheLocalPolicyNeverLeavesTheNode()
    {
        ClusterPod there = bed.Node2.Pods[0];
        using AppliedService applied = bed.Apply(bed.NewService(Pod, there).OfLines() with { Type = "NodePort", Spec = [ExternalLocal] });
        foreach ((DataplaneNode node, ClusterPod pod) in ((DataplaneNode, ClusterPod)[])[(bed.Node1, Pod), (bed.Node2, there)])
        {
            Assert.Equal(
                [$"{pod.Name} saw {ServiceBed.NeighborAddress}"],
                Who.AskMany(bed.Neighbor, "tcp", node.Address, applied.Object.NodePort, 40).Select(answer => answer.ToString()).Distinct());
        }
    }

    [RequiresRootFact]
    public void K16_FromInsideExternalAddressesOfTheLocalPolicyAreServedByTheWholeCluster()
    {
        string external = bed.NewAddress(), balancer = bed.NewAddress();
        using AppliedService applied = bed.Apply(bed.NewService(Pod) with { Type = "LoadBalancer", Ingress = [balancer], Spec = [ExternalLocal, $"externalIPs: [{external}]"] });
        foreach ((NetworkNamespace client, string seen) in Inside)
        {
            foreach ((string address, int port) in ((string, int)[])[(bed.Node1.Address, applied.Object.NodePort), (bed.Node2.Address, applied.Object.NodePort), (external, 80), (balancer, 80)])
            {
                // To another node a node is a host outside like any other, and there the policy holds.
                string expected = (client == bed.Node1.Net && address == bed.Node2.Address, client == bed.Node2.Net && address == bed.Node1.Address) switch
                {
                    (true, _) => Curl.Silence,
                    (_, true) => $"{Pod.Name} saw {bed.Node2.Address}",
                    _ => $"{Pod.Name} saw {seen}",
                };
                Assert.Equal($"{address}: {expected}", $"{address}: {Curl.GetNothing(client, address, port)}");
            }
        }
    }

    [RequiresRootFact]
    public void K17_TheInternalLocalPolicyKeepsClusterIpsOnTheNodeAndIsSilentWithoutEndpoint()
    {
        ClusterPod third = bed.Node1.Pods[2], there = bed.Node2.Pods[0];
        using AppliedService applied = bed.Apply(bed.NewService(Pod, third).OfLines() with { Spec = [InternalLocal] });
        using AppliedService datagrams = bed.Apply(bed.NewService(Pod).OverUdp() with { Spec = [InternalLocal] });
        foreach ((NetworkNamespace client, string seen) in Inside)
        {
            if (client == bed.Node1.Pods[1].Net || client == bed.Node1.Net)
            {
                Assert.Equal(
                    [$"{Pod.Name} saw {seen}", $"{third.Name} saw {seen}"],
                    Who.AskMany(client, "tcp", applied.Object.ClusterIp, 80, 40).Select(answer => answer.ToString()).Distinct().Order());
                Assert.Equal($"{Pod.Name} saw {seen}", Who.Ask(client, "udp", datagrams.Object.ClusterIp, 80).ToString());
                continue;
            }
            ServiceBed.ExpectDrop(bed.Node2, "ServiceNoLocalEndpoints", () => Assert.Equal(Curl.Silence, Who.AskNothing(client, "tcp", applied.Object.ClusterIp, 80).ToString()));
            ServiceBed.ExpectDrop(bed.Node2, "ServiceNoLocalEndpoints", () => Assert.Equal(Curl.Silence, Who.AskNothing(client, "udp", datagrams.Object.ClusterIp, 80).ToString()));
        }

        applied.Change(s => s.To(Pod, there));
        Assert.Equal(
            [$"{there.Name} saw {bed.Node2.Pods[1].Address}"],
            Who.AskMany(bed.Node2.Pods[1].Net, "tcp", applied.Object.ClusterIp, 80, 40).Select(answer => answer.ToString()).Distinct());
    }

    [RequiresRootTheory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void K17_TheTwoPoliciesDoNotTouchEachOther(bool internalLocal, bool externalLocal)
    {
        string[] spec = [.. internalLocal ? (string[])[InternalLocal] : [], .. externalLocal ? (string[])[ExternalLocal] : []];
        using AppliedService applied = bed.Apply(bed.NewService(Pod).OfLines() with { Type = "NodePort", Spec = spec });
        ClusterPod client = bed.Node2.Pods[1];

        Assert.Equal(internalLocal ? Curl.Silence : $"{Pod.Name} saw {client.Address}", Who.AskNothing(client.Net, "tcp", applied.Object.ClusterIp, 80).ToString());
        Assert.Equal(externalLocal ? Curl.Silence : $"{Pod.Name} saw {bed.Node2.HostPortAddress}", Who.AskNothing(bed.Neighbor, "tcp", bed.Node2.Address, applied.Object.NodePort).ToString());
        // With an endpoint on the node asked, and from inside to the node port, the policies make no difference.
        Assert.Equal($"{Pod.Name} saw {bed.Node1.Pods[1].Address}", Who.Ask(bed.Node1.Pods[1].Net, "tcp", applied.Object.ClusterIp, 80).ToString());
        Assert.Equal($"{Pod.Name} saw {ServiceBed.NeighborAddress}", Who.Ask(bed.Neighbor, "tcp", bed.Node1.Address, applied.Object.NodePort).ToString());
        Assert.Equal($"{Pod.Name} saw {client.Address}", Who.Ask(client.Net, "tcp", bed.Node2.Address, applied.Object.NodePort).ToString());
    }
}
