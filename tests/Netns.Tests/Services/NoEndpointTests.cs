using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Services;

/// <summary>Services without endpoints, and services that lose them: row K18.</summary>
[Collection(ServiceBed.Name)]
public sealed class NoEndpointTests(ServiceBed bed)
{
    private ClusterPod Pod => bed.Node1.Pods[0];

    [RequiresRootTheory]
    [InlineData("tcp", "")]
    [InlineData("udp", "")]
    [InlineData("tcp", "Local")]
    public void K18_AServiceWithoutEndpointsRefusesAtAllItsAddresses(string protocol, string policy)
    {
        string external = bed.NewAddress(), balancer = bed.NewAddress();
        ServiceObject service = protocol == "udp" ? bed.NewService().OverUdp() : bed.NewService().OfLines();
        string[] policies = policy.Length == 0 ? [] : [$"externalTrafficPolicy: {policy}", $"internalTrafficPolicy: {policy}"];
        using AppliedService applied = bed.Apply(service with { Type = "LoadBalancer", Ingress = [balancer], Spec = [$"externalIPs: [{external}]", .. policies] });
        using OutsideRoute one = bed.RouteToward(external, bed.Node1), two = bed.RouteToward(balancer, bed.Node1), three = bed.RouteToward(service.ClusterIp, bed.Node1);
        foreach ((string address, int port) in ((string, int)[])[(service.ClusterIp, 80), (external, 80), (balancer, 80), (bed.Node1.Address, service.NodePort)])
        {
            foreach (NetworkNamespace client in (NetworkNamespace[])[bed.Node1.Pods[1].Net, bed.Node2.Pods[1].Net, bed.Node1.Net, bed.Neighbor, bed.World])
            {
                Answer answer = Who.Ask(client, protocol, address, port);
                Assert.Equal($"{client.Name} to {address}: {Curl.Refused}", $"{client.Name} to {address}: {answer}");
                Assert.True(answer.Milliseconds < 1000, $"refused after {answer.Milliseconds} ms: not by the answer to the first packet");
            }
        }
    }

    [RequiresRootFact]
    public void K18_ConnectionsOutliveTheEndpointsAndTheServiceItself()
    {
        using AppliedService applied = bed.Apply(bed.NewService(Pod).OfLines() with { Type = "NodePort" });
        (NetworkNamespace Client, string Address, int Port)[] ways =
        [
            (bed.Node1.Pods[1].Net, applied.Object.ClusterIp, 80), (bed.Node2.Pods[1].Net, applied.Object.ClusterIp, 80), (bed.Node1.Net, applied.Object.ClusterIp, 80),
            (bed.Neighbor, bed.Node1.Address, applied.Object.NodePort), (bed.World, bed.Node2.Address, applied.Object.NodePort),
        ];
        Dialogue[] connections = [.. ways.Select(way => Who.Hold(way.Client, way.Address, way.Port, "--interval", "0.1"))];
        try
        {
            string[] before = [.. connections.Select(connection => connection.Last.ToString())];

            applied.Change(s => s.To((ClusterPod[])[]));
            Assert.All(ways, way => Assert.Equal(Curl.Refused, Who.Ask(way.Client, "tcp", way.Address, way.Port).ToString()));
            ExpectAllToGoOn();

            applied.Delete();
            Assert.Equal(Curl.Silence, Who.AskNothing(bed.Node1.Pods[1].Net, "tcp", applied.Object.ClusterIp, 80).ToString());
            ExpectAllToGoOn();

            void ExpectAllToGoOn()
            {
                for (int i = 0; i < connections.Length; i++)
                    Assert.All(connections[i].Next(3), answer => Assert.Equal(before[i], answer.ToString()));
            }
        }
        finally
        {
            foreach (Dialogue connection in connections)
                connection.Dispose();
        }
    }

    [RequiresRootFact]
    public void K18_TheFirstEndpointEndsTheRefusal()
    {
        using AppliedService applied = bed.Apply(bed.NewService() with { Type = "NodePort" });
        for (int round = 0; round < 3; round++)
        {
            applied.Change(s => s.To((ClusterPod[])[]));
            Assert.Equal(Curl.Refused, Curl.Get(bed.Node2.Pods[1].Net, applied.Object.ClusterIp, 80));
            Assert.Equal(Curl.Refused, Curl.Get(bed.World, bed.Node2.Address, applied.Object.NodePort));

            applied.Change(s => s.To(Pod));
            Assert.Equal($"{Pod.Name} saw {bed.Node2.Pods[1].Address}", Curl.Get(bed.Node2.Pods[1].Net, applied.Object.ClusterIp, 80));
            Assert.Equal($"{Pod.Name} saw {bed.Node2.HostPortAddress}", Curl.Get(bed.World, bed.Node2.Address, applied.Object.NodePort));
        }
    }
}
