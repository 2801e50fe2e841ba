using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Services;

/// <summary>Endpoints that are processes of a node, as the API server is: row K28.</summary>
[Collection(ServiceBed.Name)]
public sealed class HostNetworkTests(ServiceBed bed)
{
    /// <summary>Stands in where a node's stack would take the packet for its own or could not lead its answer back.</summary>
    private const string StandIn = "169.254.77.1";

    private EndpointObject OnNode1 => new(bed.Node1.Address, bed.Node1.Name);

    [RequiresRootTheory]
    [InlineData("tcp")]
    [InlineData("udp")]
    public void K28_ANodesProcessIsAnEndpointForPodsAndNodes(string protocol)
    {
        using AppliedService service = bed.Apply(Service(protocol).To(OnNode1) with { Type = "NodePort" });
        ClusterPod near = bed.Node1.Pods[1], far = bed.Node2.Pods[1];
        foreach ((NetworkNamespace client, string address, int port, string seen) in ((NetworkNamespace, string, int, string)[])
            [
                (near.Net, service.Object.ClusterIp, 80, near.Address), (far.Net, service.Object.ClusterIp, 80, far.Address),
                (bed.Node1.Net, service.Object.ClusterIp, 80, StandIn), (bed.Node2.Net, service.Object.ClusterIp, 80, bed.Node2.HostPortAddress),
                (near.Net, bed.Node1.Address, service.Object.NodePort, near.Address), (far.Net, bed.Node1.Address, service.Object.NodePort, far.Address),
                (near.Net, bed.Node2.Address, service.Object.NodePort, near.Address), (far.Net, bed.Node2.Address, service.Object.NodePort, far.Address),
                (bed.Node1.Net, bed.Node1.Address, service.Object.NodePort, StandIn), (bed.Node2.Net, bed.Node2.Address, service.Object.NodePort, bed.Node2.HostPortAddress),
                // Out to the other node, and back to the node that asks.
                (bed.Node1.Net, bed.Node2.Address, service.Object.NodePort, bed.Node2.HostPortAddress),
            ])
        {
            Assert.Equal($"{client.Name} to {address}: node-1 saw {seen}", $"{client.Name} to {address}: {Who.Ask(client, protocol, address, port)}");
        }
    }

    [RequiresRootFact]
    public void K28_ANodesProcessIsAnEndpointForHostsOutside()
    {
        using AppliedService lines = bed.Apply(Service("tcp").To(OnNode1) with { Type = "NodePort" }), datagrams = bed.Apply(Service("udp").To(OnNode1) with { Type = "NodePort" });
        foreach ((NetworkNamespace client, string seen) in ((NetworkNamespace, string)[])[(bed.Neighbor, ServiceBed.NeighborAddress), (bed.World, Cluster.WorldAddress)])
        {
            Assert.Equal($"node-1 saw {seen}", Who.Ask(client, "tcp", bed.Node1.Address, lines.Object.NodePort).ToString());
            Assert.Equal($"node-1 saw {StandIn}", Who.Ask(client, "udp", bed.Node1.Address, datagrams.Object.NodePort).ToString());
            Assert.Equal($"node-1 saw {bed.Node2.HostPortAddress}", Who.Ask(client, "tcp", bed.Node2.Address, lines.Object.NodePort).ToString());
            Assert.Equal($"node-1 saw {bed.Node2.HostPortAddress}", Who.Ask(client, "udp", bed.Node2.Address, datagrams.Object.NodePort).ToString());
        }
    }

    [RequiresRootTheory]
    [InlineData("tcp")]
    [InlineData("udp")]
    public void K28_AProcessOfANodeThatChoosesItsAddressIsServedWithIt(string protocol)
    {
        foreach (ClusterPod pod in (ClusterPod[])[bed.Node1.Pods[0], bed.Node2.Pods[0]])
        {
            string external = bed.NewAddress();
            using AppliedService service = bed.Apply(Service(protocol).To(pod) with { Type = "NodePort", Spec = [$"externalIPs: [{external}]"] });
            foreach ((string address, int port) in ((string, int)[])[(service.Object.ClusterIp, 80), (external, 80), (bed.Node1.Address, service.Object.NodePort)])
            {
                foreach (string source in (string[])[bed.Node1.Address, bed.Node1.HostPortAddress])
                    Assert.Equal($"{address}: {pod.Name} saw {source}", $"{address}: {Who.Ask(bed.Node1.Net, protocol, address, port, "--source", source)}");
            }
        }
    }

    [RequiresRootFact]
    public void K28_ANodesProcessBesideAPodTakesItsShare()
    {
        ClusterPod pod = bed.Node2.Pods[0];
        using AppliedService service = bed.Apply(Service("tcp").To(OnNode1, EndpointObject.Of(pod)));
        foreach (NetworkNamespace client in (NetworkNamespace[])[bed.Node1.Pods[1].Net, bed.Node2.Net])
        {
            Dictionary<string, int> answers = Who.Count(client, service.Object.ClusterIp, 80, 200);
            Assert.Equal(["node-1", pod.Name], answers.Keys.Order());
            Assert.All(answers, who => Assert.InRange(who.Value, 60, 140)); // 100, with a standard deviation of 7
        }
    }

    [RequiresRootFact]
    public void K28_ConnectionsToANodesProcessCarryMuchBothWays()
    {
        using AppliedService service = bed.Apply(bed.NewService().To(OnNode1) with { Type = "NodePort" });
        foreach ((NetworkNamespace client, string address, int port) in ((NetworkNamespace, string, int)[])
            [(bed.Node1.Net, service.Object.ClusterIp, 80), (bed.Node2.Pods[1].Net, service.Object.ClusterIp, 80), (bed.Neighbor, bed.Node1.Address, service.Object.NodePort)])
        {
            CommandResult download = client.Run("bash", "-c", $"curl -sS --max-time 20 http://{address}:{port}/big/8 | wc -c");
            Assert.Equal($"{8 << 20}", download.Output.Trim());
        }
    }

    private ServiceObject Service(string protocol) => protocol == "udp" ? bed.NewService().OverUdp() : bed.NewService().OfLines();
}
