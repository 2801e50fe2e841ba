using System.Globalization;
using Dataplane.Netns.Tests.Behaviour;
using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Services;

/// <summary>What others do to the uplink while we run.</summary>
[Collection(ServiceBed.Name)]
public sealed class UplinkChangeTests(ServiceBed bed)
{
    private ClusterPod Pod => bed.Node1.Pods[0];

    [RequiresRootFact]
    public void TheProgramComesBackAfterSomebodyHasTakenItOff()
    {
        using AppliedService service = bed.Apply(bed.NewService(Pod).OfLines() with { Type = "NodePort" });
        using Dialogue connection = Who.Hold(bed.Node2.Pods[1].Net, service.Object.ClusterIp, 80, "--interval", "0.1"); // by the tunnel
        bed.Node1.Net.Ip("link set eth0 xdpgeneric off");
        bed.Node1.Net.Ip("link set eth0 xdpdrv off");

        string last = "";
        Eventually.True(() => (last = Who.AskNothing(bed.Neighbor, "tcp", bed.Node1.Address, service.Object.NodePort).ToString()) == $"{Pod.Name} saw {ServiceBed.NeighborAddress}",
            () => $"node ports are served again, but: {last}\n{bed.Node1.TryDpctl("check").Output}");
        Assert.All(connection.Next(5), answer => Assert.Equal($"{Pod.Name} saw {bed.Node2.Pods[1].Address}", answer.ToString()));
        Assert.Contains("XDP program on eth0", bed.Node1.Dataplane!.Output, StringComparison.Ordinal);
    }

    [RequiresRootFact]
    public void QueuesThatAreAddedGetSockets()
    {
        const int more = 2;
        using AppliedService service = bed.Apply(bed.NewService(Pod).OfLines() with { Type = "NodePort" });
        bed.Node1.Net.Run("ethtool", "-L", "eth0", "rx", $"{more}", "tx", $"{more}");
        bed.Node1.Net.Ip("link set eth0 alias more"); // an event; without one it is looked every minute
        Eventually.True(() => Queues() == more, () => $"a socket for each of the {more} queues\n{bed.Node1.Dpctl("port", "list")}");
        bed.Cluster.Underlay.Run("ethtool", "-L", bed.Node1.Name, "tx", $"{more}"); // from now on flows spread over the queues
        try
        {
            var answers = Who.AskMany(bed.World, "tcp", bed.Node1.Address, service.Object.NodePort, 60);
            Assert.All(answers, answer => Assert.Equal($"{Pod.Name} saw {Cluster.WorldAddress}", answer.ToString()));
            Assert.All(Received(), packets => Assert.True(packets > 0, $"a queue received nothing\n{bed.Node1.Dpctl("port", "list")}"));
        }
        finally
        {
            bed.Cluster.Underlay.Run("ethtool", "-L", bed.Node1.Name, "tx", "1");
        }
    }

    [RequiresRootFact]
    public void AnotherEthernetAddressIsFollowed()
    {
        ClusterPod far = bed.Node2.Pods[1];
        using AppliedService service = bed.Apply(bed.NewService(Pod) with { Type = "NodePort" });
        bed.Node1.Net.Sysctl("net.ipv4.conf.eth0.arp_notify", "1"); // tells the neighbours
        bed.Node1.Net.Ip("link set eth0 address 02:00:00:00:77:01");
        string last = "";
        foreach ((NetworkNamespace client, string address, int port, string seen) in ((NetworkNamespace, string, int, string)[])
            [(bed.Neighbor, bed.Node1.Address, service.Object.NodePort, ServiceBed.NeighborAddress), (far.Net, service.Object.ClusterIp, 80, far.Address)])
        {
            Eventually.True(() => (last = Curl.GetNothing(client, address, port)) == $"{Pod.Name} saw {seen}", () => $"{client.Name} is answered, but: {last}");
        }
        using var sniffer = new Sniffer(bed.Neighbor, "eth0", $"ether src 02:00:00:00:77:01 and tcp src port {service.Object.NodePort}");
        Curl.Get(bed.Neighbor, bed.Node1.Address, service.Object.NodePort);
        Eventually.True(() => sniffer.Packets.Count > 0, "what we send has the new address as its source");
    }

    private int Queues() => Received().Count;

    // Packets of each queue of eth0.
    private List<long> Received()
    {
        const string metric = "dataplane_port_rx_packets_total{port=\"eth0\",";
        return [.. bed.Node1.Metrics().Split('\n').Where(line => line.StartsWith(metric, StringComparison.Ordinal))
            .Select(line => long.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture))];
    }
}
