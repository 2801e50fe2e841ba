using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Services;

/// <summary>ClusterIPs from inside and outside: rows K5, K6, K7 and K23.</summary>
[Collection(ServiceBed.Name)]
public sealed class ClusterIpTests(ServiceBed bed)
{
    [RequiresRootFact]
    public void K5_PodsKeepTheirAddressAndNodesHaveThatOfTheirHostPort()
    {
        foreach (ClusterPod pod in (ClusterPod[])[bed.Node1.Pods[0], bed.Node2.Pods[0]])
        {
            using AppliedService pages = bed.Apply(bed.NewService(pod));
            using AppliedService datagrams = bed.Apply(bed.NewService(pod).OverUdp());
            foreach ((NetworkNamespace client, string address) in (ReadOnlySpan<(NetworkNamespace, string)>)
                [(bed.Node1.Pods[1].Net, bed.Node1.Pods[1].Address), (bed.Node2.Pods[1].Net, bed.Node2.Pods[1].Address), (bed.Node1.Net, bed.Node1.HostPortAddress), (bed.Node2.Net, bed.Node2.HostPortAddress)])
            {
                Assert.Equal($"{pod.Name} saw {address}", Curl.Get(client, pages.Object.ClusterIp, 80));
                Assert.Equal($"{pod.Name} saw {address}", Who.Ask(client, "udp", datagrams.Object.ClusterIp, 80).ToString());
            }
        }
    }

    [RequiresRootFact]
    public void K5_AConnectionKeepsItsEndpointWhateverBecomesOfTheService()
    {
        ClusterPod first = bed.Node1.Pods[0], second = bed.Node2.Pods[0];
        ClusterPod client = bed.Node1.Pods[1];
        using AppliedService service = bed.Apply(bed.NewService(first).OfLines());
        using Dialogue connection = Who.Hold(client.Net, service.Object.ClusterIp, 80, "--interval", "0.1");

        service.Change(s => s.To(second));

        Assert.Equal($"{second.Name} saw {client.Address}", Who.Ask(client.Net, "tcp", service.Object.ClusterIp, 80).ToString());
        Assert.All(connection.Next(5), answer => Assert.Equal($"{first.Name} saw {client.Address}", answer.ToString()));
    }

    [RequiresRootFact]
    public void K6_APortThatTheServiceHasNotIsRefused()
    {
        using AppliedService service = bed.Apply(bed.NewService(bed.Node1.Pods[0]));
        using OutsideRoute route = bed.RouteToward(service.Object.ClusterIp, bed.Node1);
        foreach (NetworkNamespace client in (NetworkNamespace[])[bed.Node1.Pods[1].Net, bed.Node2.Pods[1].Net, bed.Node1.Net, bed.Neighbor, bed.World])
        {
            Assert.Equal(Curl.Refused, Curl.Get(client, service.Object.ClusterIp, 81));
            Assert.Equal(Curl.Refused, Who.Ask(client, "udp", service.Object.ClusterIp, 80).ToString()); // it has the port over TCP
            Assert.Contains("Destination Port Unreachable", client.Try(Command.DefaultTimeout, "ping", "-c", "1", "-W", "2", service.Object.ClusterIp).Output, StringComparison.Ordinal);
        }
    }

    [RequiresRootFact]
    public void K6_AnAddressThatNoServiceHasIsDroppedAndNothingOfItLeavesTheNode()
    {
        const string unused = "10.96.200.200";
        ServiceObject deleted = bed.NewService(bed.Node1.Pods[0]);
        using (bed.Apply(deleted))
            Assert.Equal($"pod-11 saw {bed.Node1.Pods[1].Address}", Curl.Get(bed.Node1.Pods[1].Net, deleted.ClusterIp, 80));
        bed.Settle();
        using var sniffer = new Sniffer(bed.Router, "eth0", $"dst net {Cluster.ServiceCidr} or dst host {Cluster.WorldAddress}");

        ServiceBed.ExpectDrop(bed.Node1, "ServiceUnknown", () => Assert.All(
            Curl.GetNothing((bed.Node1.Pods[1].Net, unused, 80), (bed.Node1.Net, unused, 80), (bed.Node1.Pods[1].Net, deleted.ClusterIp, 80), (bed.Node1.Net, deleted.ClusterIp, 80)),
            answer => Assert.Equal(Curl.Silence, answer)));

        Assert.Equal($"world saw {bed.Node1.Address}", Curl.Get(bed.Node1.Pods[1].Net, Cluster.WorldAddress, 8080));
        sniffer.WaitFor(Cluster.WorldAddress); // what does leave is seen
        Assert.DoesNotContain(sniffer.Packets, packet => packet.Contains("> 10.96.", StringComparison.Ordinal));
    }

    [RequiresRootFact]
    public void K7_NewConnectionsGoToEveryEndpointWithTheSameChance()
    {
        ClusterPod[] pods = [bed.Node1.Pods[0], bed.Node1.Pods[2], bed.Node2.Pods[0]];
        using AppliedService service = bed.Apply(bed.NewService(pods).OfLines() with { Type = "NodePort" });
        foreach ((NetworkNamespace client, string address, int port) in ((NetworkNamespace, string, int)[])
            [(bed.Node1.Pods[1].Net, service.Object.ClusterIp, 80), (bed.Node2.Net, service.Object.ClusterIp, 80), (bed.Neighbor, bed.Node1.Address, service.Object.NodePort)])
        {
            Dictionary<string, int> answers = Who.Count(client, address, port, 600);

            Assert.Equal(pods.Select(pod => pod.Name).Order(), answers.Keys.Order());
            Assert.All(answers, pod => Assert.InRange(pod.Value, 140, 260)); // 200, with a standard deviation of 11.5
        }
    }

    [RequiresRootFact]
    public void K23_HostsOutsideReachClusterIpsThroughAnyNodeThatTheyAreRoutedTo()
    {
        ClusterPod pod = bed.Node1.Pods[0];
        using AppliedService pages = bed.Apply(bed.NewService(pod));
        using AppliedService datagrams = bed.Apply(bed.NewService(pod).OverUdp());
        foreach ((DataplaneNode node, string? seen) in ((DataplaneNode, string?)[])[(bed.Node1, null), (bed.Node2, bed.Node2.HostPortAddress)])
        {
            using OutsideRoute route = bed.RouteToward(Cluster.ServiceCidr, node);
            foreach ((NetworkNamespace client, string address) in ((NetworkNamespace, string)[])[(bed.Neighbor, ServiceBed.NeighborAddress), (bed.World, Cluster.WorldAddress)])
            {
                Assert.Equal($"{pod.Name} saw {seen ?? address}", Curl.Get(client, pages.Object.ClusterIp, 80));
                Assert.Equal($"{pod.Name} saw {seen ?? address}", Who.Ask(client, "udp", datagrams.Object.ClusterIp, 80).ToString());
            }
            ServiceBed.ExpectDrop(node, "ServiceUnknown", () => Assert.Equal(Curl.Silence, Curl.GetNothing(bed.Neighbor, "10.96.200.201", 80)));
        }
    }
}
