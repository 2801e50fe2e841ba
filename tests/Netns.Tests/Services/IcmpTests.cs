using System.Text.Json;
using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Services;

/// <summary>Errors about translated packets reach who sent them, in terms that it knows: row K31.</summary>
[Collection(ServiceBed.Name)]
public sealed class IcmpTests(ServiceBed bed)
{
    private const int Closed = 7999; // nobody listens there
    private const int OverlayMtu = 1450;

    private ClusterPod Pod => bed.Node1.Pods[0];

    private ClusterPod Far => bed.Node2.Pods[1];

    [RequiresRootFact]
    public void K31_APodThatSendsTooMuchToAServiceLearnsThePathsMtu()
    {
        using AppliedService service = bed.Apply(bed.NewService(Pod).OverUdp());
        string route = Far.Net.Run("ip", "route", "show", "default").Output.Trim();
        try
        {
            Far.Net.Ip($"route replace {string.Join(' ', route.Split(' ').TakeWhile(word => word != "mtu"))} mtu 9000"); // it does not know its path

            Answer answer = Who.Ask(Far.Net, "udp", service.Object.ClusterIp, 80, "--size", "3000", "--dont-fragment");

            Assert.Equal(("too large", OverlayMtu), (answer.ToString(), answer.Mtu));
            answer = Who.Ask(Far.Net, "udp", service.Object.ClusterIp, 80, "--size", $"{OverlayMtu - 28}", "--dont-fragment");
            Assert.Equal(($"{Pod.Name} saw {Far.Address}", OverlayMtu - 28), (answer.ToString(), answer.Size));
        }
        finally
        {
            Far.Net.Ip($"route replace {route}");
            Far.Net.Ip("route flush cache");
        }
    }

    [RequiresRootFact]
    public void K31_AHostOutsideLearnsTheMtuOfTheTunnelBehindANodePort()
    {
        using AppliedService service = bed.Apply(bed.NewService(Pod).OverUdp() with { Type = "NodePort" });
        try
        {
            Answer far = Who.Ask(bed.World, "udp", bed.Node2.Address, service.Object.NodePort, "--size", "1472", "--dont-fragment");
            Assert.Equal(("too large", OverlayMtu), (far.ToString(), far.Mtu));
            far = Who.Ask(bed.World, "udp", bed.Node2.Address, service.Object.NodePort, "--size", $"{OverlayMtu - 28}", "--dont-fragment");
            Assert.Equal(($"{Pod.Name} saw {bed.Node2.HostPortAddress}", OverlayMtu - 28), (far.ToString(), far.Size));

            Answer near = Who.Ask(bed.World, "udp", bed.Node1.Address, service.Object.NodePort, "--size", "1472", "--dont-fragment"); // no tunnel there
            Assert.Equal(($"{Pod.Name} saw {Cluster.WorldAddress}", 1472), (near.ToString(), near.Size));
        }
        finally
        {
            bed.World.Ip("route flush cache");
        }
    }

    [RequiresRootTheory]
    [InlineData(1)]
    [InlineData(2)]
    public void K31_ARouterOutsideIsHeardByThePodThatAnswersThroughANodePort(int node)
    {
        DataplaneNode asked = node == 1 ? bed.Node1 : bed.Node2;
        using AppliedService service = bed.Apply(bed.NewService(Pod) with { Type = "NodePort" });
        bed.Router.Ip("link set world mtu 1300"); // the host behind still announces segments for 1500
        try
        {
            using var errors = new Sniffer(bed.Router, "eth0", "icmp and src host 192.168.77.254");
            CommandResult download = bed.World.Run("bash", "-c", $"curl -sS --max-time 20 http://{asked.Address}:{service.Object.NodePort}/big/4 | wc -c");
            Assert.Equal($"{4 << 20}", download.Output.Trim());
            errors.WaitFor("need to frag (mtu 1300)"); // it was needed
        }
        finally
        {
            bed.Router.Ip($"link set world mtu {Cluster.UnderlayMtu}");
        }
    }

    [RequiresRootTheory]
    [InlineData("--reverse")]
    [InlineData("--forceflush")] // no change: towards the pod
    public void K31_TcpFromOutsideNeedsNoReportBecauseItIsCutForTheTunnel(string direction)
    {
        using AppliedService service = bed.Apply(bed.NewService(Pod) with { Type = "NodePort", TargetPort = 5201 });
        using BackgroundProcess server = Pod.Net.Start("iperf3", "-s", "-1", "-p", "5201", "--forceflush");
        server.WaitForOutput("Server listening", TimeSpan.FromSeconds(10));
        using var errors = new Sniffer(bed.Router, "eth0", "icmp");

        string report = bed.World.Run(TimeSpan.FromSeconds(60), "iperf3", "-c", bed.Node2.Address, "-p", $"{service.Object.NodePort}", "-n", "20M", "-J", "--connect-timeout", "5000", direction).Output;

        using JsonDocument json = JsonDocument.Parse(report);
        Assert.InRange(json.RootElement.GetProperty("end").GetProperty("sum_received").GetProperty("bytes").GetInt64(), 10 << 20, long.MaxValue); // the server does not read what is under way at the end
        Assert.Empty(errors.Packets);
    }

    [RequiresRootFact]
    public void K31_APortThatAnEndpointDoesNotListenAtIsToldAsTheServices()
    {
        using AppliedService service = bed.Apply(bed.NewService(Pod).OverUdp() with { Type = "NodePort", TargetPort = Closed });
        foreach ((NetworkNamespace client, string address, int port) in ((NetworkNamespace, string, int)[])
            [
                (bed.Node1.Pods[1].Net, service.Object.ClusterIp, 80), (Far.Net, service.Object.ClusterIp, 80), (bed.Node1.Net, service.Object.ClusterIp, 80), (bed.Node2.Net, service.Object.ClusterIp, 80),
                (Far.Net, bed.Node1.Address, service.Object.NodePort), (bed.Node1.Net, bed.Node1.Address, service.Object.NodePort), (Pod.Net, service.Object.ClusterIp, 80),
                (bed.Neighbor, bed.Node1.Address, service.Object.NodePort), (bed.World, bed.Node2.Address, service.Object.NodePort),
            ])
        {
            // The socket is connected: its stack believes errors about what it has sent to that address and port only.
            Assert.Equal($"{client.Name} to {address}: {Curl.Refused}", $"{client.Name} to {address}: {Who.Ask(client, "udp", address, port)}");
        }
    }

    [RequiresRootFact]
    public void K31_AClientThatIsGoneIsReportedToThePodAsThePodKnowsIt()
    {
        using AppliedService service = bed.Apply(bed.NewService(Pod).OverUdp() with { Type = "NodePort" });
        foreach ((NetworkNamespace client, string address, int port, string seen) in ((NetworkNamespace, string, int, string)[])
            [
                (bed.Node1.Pods[1].Net, service.Object.ClusterIp, 80, bed.Node1.Pods[1].Address), (Far.Net, service.Object.ClusterIp, 80, Far.Address),
                (bed.World, bed.Node1.Address, service.Object.NodePort, Cluster.WorldAddress), (bed.World, bed.Node2.Address, service.Object.NodePort, bed.Node2.HostPortAddress),
            ])
        {
            using var errors = new Sniffer(Pod.Net, "eth0", "icmp");
            client.Run(Installed.Python, Installed.TestFile("Traffic/who.py"), "ask", "udp", address, $"{port}", "--later");
            errors.WaitFor($"> {Pod.Address}: ICMP {seen} udp port ");
        }
    }

    [RequiresRootFact]
    public void K31_TracerouteSeesTheWayToAService()
    {
        using AppliedService near = bed.Apply(bed.NewService(Pod) with { Type = "NodePort" }), far = bed.Apply(bed.NewService(bed.Node2.Pods[0]));
        NetworkNamespace client = bed.Node1.Pods[1].Net;

        Assert.Equal([bed.Node1.HostPortAddress, near.Object.ClusterIp], Trace(client, near.Object.ClusterIp, 80));
        Assert.Equal([bed.Node1.HostPortAddress, bed.Node2.HostPortAddress, far.Object.ClusterIp], Trace(client, far.Object.ClusterIp, 80));
        Assert.Equal(["203.0.113.1", bed.Node1.Address, bed.Node1.Address], Trace(bed.World, bed.Node1.Address, near.Object.NodePort));
    }

    // The hops that answered to SYNs of growing TTL, in their order, until the last one accepts.
    private static IEnumerable<string> Trace(NetworkNamespace client, string address, int port) =>
        [.. client.Run("traceroute", "-n", "-T", "-p", $"{port}", "-q", "1", "-w", "2", "-N", "1", "-m", "6", address).Output
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1])];
}
