using Dataplane.Netns.Tests.Behaviour;
using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Services;

/// <summary>What options change of the rows K8, K9, K13, K22, K29 and K35.</summary>
[Collection(ConfiguredBed.Name)]
public sealed class OptionTests(ConfiguredBed bed)
{
    private ClusterPod Pod => bed.Node1.Pods[0];

    [RequiresRootFact]
    public void K9_NodePortsAreServedAtTheAddressesThatAreNamed()
    {
        const string second = "192.168.77.71", named = "192.168.88.2";
        using AppliedService service = bed.Apply(bed.NewService(Pod, bed.Node2.Pods[0]) with { Type = "NodePort" });
        int port = service.Object.NodePort;
        bed.Node1.Net.AddAddress("eth0", second + "/24");
        bed.Node2.Net.AddAddress("eth0", named + "/24");
        bed.Neighbor.AddAddress("eth0", "192.168.88.100/24");
        try
        {
            // node-1: primary. node-2: those of a prefix, of which it has one only later.
            Eventually.True(() => Curl.GetNothing(bed.Neighbor, named, port).Contains(" saw ", StringComparison.Ordinal), "the address that is named serves");
            Assert.Contains(" saw ", Curl.Get(bed.Neighbor, bed.Node1.Address, port), StringComparison.Ordinal);
            Assert.Equal(Curl.Refused, Curl.Get(bed.Neighbor, second, port));
            Assert.Equal(Curl.Refused, Curl.Get(bed.Neighbor, bed.Node2.Address, port));
            Assert.Equal(Curl.Refused, Curl.Get(bed.Node1.Net, second, port));
            Assert.Equal(Curl.Refused, Curl.Get(bed.Node2.Net, bed.Node2.Address, port));
            Assert.Contains(" saw ", Curl.Get(bed.Node2.Net, named, port), StringComparison.Ordinal);
        }
        finally
        {
            bed.Node1.Net.Ip($"address del {second}/24 dev eth0");
            bed.Node2.Net.Ip($"address del {named}/24 dev eth0");
            bed.Neighbor.Ip("address del 192.168.88.100/24 dev eth0");
        }
    }

    [RequiresRootFact]
    public void K9_K13_HealthChecksAreAnsweredWhereNodePortsAre()
    {
        const string second = "192.168.77.72";
        ServiceObject service = bed.NewService(Pod);
        int port = service.NodePort + 2000;
        bed.Node1.Net.AddAddress("eth0", second + "/24");
        try
        {
            using AppliedService applied = bed.Apply(service with { Type = "LoadBalancer", Spec = ["externalTrafficPolicy: Local", $"healthCheckNodePort: {port}"] });
            Eventually.True(() => Curl.Page(bed.Neighbor, $"http://{bed.Node1.Address}:{port}/").Output.StartsWith("HTTP/1.1 200", StringComparison.Ordinal), "the primary address answers");
            Assert.Equal(Curl.Reset, Curl.Get(bed.Neighbor, second, port));
            Assert.Equal(Curl.Reset, Curl.Get(bed.Neighbor, bed.Node2.Address, port));
        }
        finally
        {
            bed.Node1.Net.Ip($"address del {second}/24 dev eth0");
        }
    }

    [RequiresRootFact]
    public void K22_IfTheNodeIsToldSoEveryClientOfAServiceIsMasqueraded()
    {
        ClusterPod client = bed.Node1.Pods[1], there = bed.Node2.Pods[0];
        using AppliedService near = bed.Apply(bed.NewService(Pod).OfLines() with { Type = "NodePort" }), far = bed.Apply(bed.NewService(there).OfLines());

        Assert.Equal($"{Pod.Name} saw {bed.Node1.HostPortAddress}", Who.Ask(client.Net, "tcp", near.Object.ClusterIp, 80).ToString());
        Assert.Equal($"{there.Name} saw {bed.Node1.HostPortAddress}", Who.Ask(client.Net, "tcp", far.Object.ClusterIp, 80).ToString());
        Assert.Equal($"{Pod.Name} saw {bed.Node1.HostPortAddress}", Who.Ask(bed.World, "tcp", bed.Node1.Address, near.Object.NodePort).ToString());
        Assert.Equal($"{Pod.Name} saw {client.Address}", Who.Ask(client.Net, "tcp", Pod.Address, Who.Tcp).ToString()); // that was no service
    }

    [RequiresRootFact]
    public void K8_K35_TheRangesOfPortsAreThoseThatTheNodeIsToldOf()
    {
        const int port = 20080;
        using AppliedService service = bed.Apply(bed.NewService(bed.Node2.Pods[0]) with { Type = "NodePort", NodePort = port });

        Assert.Equal("20000-20999,40000-41023", bed.Node2.Net.Run("sysctl", "-n", "net.ipv4.ip_local_reserved_ports").Output.Trim());
        Assert.Equal($"{bed.Node2.Pods[0].Name} saw {bed.Node2.Pods[1].Address}", Curl.Get(bed.Node2.Pods[1].Net, bed.Node1.Address, port));
        // On node-1 it is outside of the range, and served all the same.
        Assert.Equal($"{bed.Node2.Pods[0].Name} saw {bed.Node1.HostPortAddress}", Curl.Get(bed.World, bed.Node1.Address, port));
        Assert.Equal($"{bed.Node2.Pods[0].Name} saw {bed.Node1.HostPortAddress}", Curl.Get(bed.Node1.Net, bed.Node1.Address, port));
    }

    [RequiresRootFact]
    public void K29_ConnectionsAreForgottenAfterTheTimesThatTheNodeIsToldOf()
    {
        ClusterPod client = bed.Node1.Pods[1];
        using AppliedService lines = bed.Apply(bed.NewService(Pod).OfLines()), datagrams = bed.Apply(bed.NewService(Pod).OverUdp());
        Who.Ask(client.Net, "udp", datagrams.Object.ClusterIp, 80);
        using Dialogue connection = Who.Hold(client.Net, lines.Object.ClusterIp, 80);
        foreach (string address in (string[])[datagrams.Object.ClusterIp, lines.Object.ClusterIp])
        {
            string list = "";
            Eventually.True(() => !(list = bed.Node1.Dpctl("ct", "list", "--address", address)).Contains($"{address}:80", StringComparison.Ordinal), () => $"forgotten after two seconds:\n{list}");
        }
        Assert.False(connection.HasEnded); // its ends do not know, and what comes next is reset
    }
}
