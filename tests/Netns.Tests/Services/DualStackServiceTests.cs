using Dataplane.Netns.Tests.Behaviour;
using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Services;

/// <summary>K27: services of two families and of one, over real connections.</summary>
[Collection(DualStackBed.Name)]
public sealed class DualStackServiceTests(DualStackBed bed)
{
    private const string V4 = "10.96.6.1", V6 = "fd00:10:96::61";
    private const int NodePort = 30680;
    private const int Tcp = DualStackService.TcpPort, Udp = DualStackService.UdpPort;

    private static readonly DualStackService Both = new("both", V4, V6) { Type = "NodePort", NodePort = NodePort };

    private ClusterPod Pod11 => bed.Node1.Pods[0];

    private ClusterPod Pod12 => bed.Node1.Pods[1];

    private ClusterPod Pod21 => bed.Node2.Pods[0];

    [RequiresRootFact]
    public void K27_K5_ClusterAddressesOfBothFamiliesLeadToThePodsOfTheirFamily()
    {
        foreach (ClusterPod server in (ClusterPod[])[Pod12, Pod21])
        {
            using IDisposable applied = bed.Apply(Both with { Pods = [server] });
            foreach (ClusterPod client in (ClusterPod[])[Pod11, bed.Node2.Pods[1]])
            {
                DualStackBed.MustAnswer($"{server.Name} {client.AddressV6}", client.Net, "tcp", V6, Tcp);
                DualStackBed.MustAnswer($"{server.Name} {client.AddressV6} 3000", client.Net, "udp", V6, Udp, "--size", "3000"); // in fragments
                DualStackBed.MustAnswer($"{server.Name} {client.Address}", client.Net, "tcp", V4, Tcp);
            }
            // From the node itself, with the host port's address.
            DualStackBed.MustAnswer($"{server.Name} {IPv6Plan.HostPort(1)}", bed.Node1.Net, "tcp", V6, Tcp);
            DualStackBed.MustAnswer($"{server.Name} {IPv6Plan.HostPort(1)} 100", bed.Node1.Net, "udp", V6, Udp);
            Assert.Equal("right", DualStackBed.Ask(Pod11.Net, "fetch", V6, Tcp, "32", "--timeout", "30"));
            Assert.Equal("right", DualStackBed.Ask(Pod11.Net, "push", V6, Tcp, "32", "--timeout", "30"));
        }
        AssertClean();
    }

    [RequiresRootFact]
    public void K27_K7_ConnectionsGoToAllPods()
    {
        using IDisposable applied = bed.Apply(Both with { Pods = [Pod12, Pod21] });
        DualStackBed.MustAnswer($"{Pod12.Name} {Pod11.AddressV6}", Pod11.Net, "tcp", V6, Tcp); // both are there at once
        string[] answers = DualStackBed.AskMany(Pod11.Net, "tcp", V6, Tcp, "--count", "60");
        Assert.Equal([$"{Pod12.Name} {Pod11.AddressV6}", $"{Pod21.Name} {Pod11.AddressV6}"], answers.Distinct().Order(StringComparer.Ordinal));
        Assert.InRange(answers.Count(a => a.StartsWith(Pod12.Name, StringComparison.Ordinal)), 10, 50); // one in 10^7 is outside
    }

    [RequiresRootFact]
    public void K27_K22_APodReachesItselfThroughAService()
    {
        using IDisposable applied = bed.Apply(Both with { Pods = [Pod11] });
        DualStackBed.MustAnswer($"{Pod11.Name} {IPv6Plan.HostPort(1)}", Pod11.Net, "tcp", V6, Tcp);
        DualStackBed.MustAnswer($"{Pod11.Name} {IPv6Plan.HostPort(1)} 100", Pod11.Net, "udp", V6, Udp);
    }

    [RequiresRootFact]
    public void K27_K8_EveryNodeServesTheNodePortToOutsideClientsThatKeepTheirAddressWhereTheyCan()
    {
        using IDisposable applied = bed.Apply(Both with { Pods = [Pod11] });
        foreach ((NetworkNamespace client, string address) in ((NetworkNamespace, string)[])[(bed.Neighbor, IPv6Plan.Underlay(100)), (bed.World, IPv6Plan.WorldAddress)])
        {
            DualStackBed.MustAnswer($"{Pod11.Name} {address}", client, "tcp", bed.Node1.AddressV6!, NodePort);
            DualStackBed.MustAnswer($"{Pod11.Name} {address} 100", client, "udp", bed.Node1.AddressV6!, NodePort + 1);
            // K15: by a node without the pod the gateway of that node asks.
            DualStackBed.MustAnswer($"{Pod11.Name} {IPv6Plan.HostPort(2)}", client, "tcp", bed.Node2.AddressV6!, NodePort);
            DualStackBed.MustAnswer($"{Pod11.Name} {IPv6Plan.HostPort(2)} 100", client, "udp", bed.Node2.AddressV6!, NodePort + 1);
            // Datagrams in fragments, which the uplink's program has to follow, and large transfers. Where the tunnel is narrower than the
            // wire, the client is told once.
            foreach ((DataplaneNode node, string seen) in ((DataplaneNode, string)[])[(bed.Node1, address), (bed.Node2, IPv6Plan.HostPort(2))])
            {
                DualStackBed.MustAnswer($"{Pod11.Name} {seen} 4000", client, "udp", node.AddressV6!, NodePort + 1, "--size", "4000");
                Assert.Equal("right", DualStackBed.Ask(client, "fetch", node.AddressV6!, NodePort, "16", "--timeout", "30"));
                Assert.Equal("right", DualStackBed.Ask(client, "push", node.AddressV6!, NodePort, "16", "--timeout", "30"));
            }
        }
        // And IPv4 beside it.
        DualStackBed.MustAnswer($"{Pod11.Name} {Cluster.WorldAddress}", bed.World, "tcp", bed.Node1.Address, NodePort);
        AssertClean();
    }

    [RequiresRootFact]
    public void K27_K8_PodsAndNodesReachTheNodePortOfEveryNode()
    {
        using IDisposable applied = bed.Apply(Both with { Pods = [Pod11] });
        foreach (DataplaneNode server in (DataplaneNode[])[bed.Node1, bed.Node2])
        {
            string address = server.AddressV6!;
            foreach (ClusterPod client in (ClusterPod[])[Pod12, bed.Node2.Pods[1]])
            {
                DualStackBed.MustAnswer($"{Pod11.Name} {client.AddressV6}", client.Net, "tcp", address, NodePort);
                DualStackBed.MustAnswer($"{Pod11.Name} {client.AddressV6} 100", client.Net, "udp", address, NodePort + 1);
            }
            foreach (DataplaneNode client in (DataplaneNode[])[bed.Node1, bed.Node2])
            {
                // At its own address a node's processes come by the host port; at the other's by the wire, as anybody from outside.
                string seen = client == server ? IPv6Plan.HostPort(client.Number) : server == bed.Node1 ? client.AddressV6! : IPv6Plan.HostPort(2);
                DualStackBed.MustAnswer($"{Pod11.Name} {seen}", client.Net, "tcp", address, NodePort);
                DualStackBed.MustAnswer($"{Pod11.Name} {seen} 100", client.Net, "udp", address, NodePort + 1);
            }
        }
        AssertClean();
    }

    [RequiresRootFact]
    public void K27_K10_K11_ExternalAddressesAreServedToTheWorldAndToTheNode()
    {
        const string external = "2001:db8:7::1", balancer = "2001:db8:7::2", other = "198.51.100.7";
        using IDisposable applied = bed.Apply(new DualStackService("outside", V6)
        {
            Type = "LoadBalancer", NodePort = NodePort, Pods = [Pod21], Ingress = [balancer], Spec = [$"externalIPs: [\"{external}\", \"{other}\"]"],
        });
        foreach (string address in (string[])[external, balancer])
            DualStackBed.MustAnswer($"{Pod21.Name} {IPv6Plan.HostPort(1)}", bed.Node1.Net, "tcp", address, Tcp);
        // The router would know by BGP, or a balancer would be there. Not before the node knows, or the two would send packets to and fro.
        foreach (string address in (string[])[external, balancer])
            bed.Router.Ip($"route replace {address} via {bed.Node1.AddressV6}");
        bed.Router.Ip($"route replace {other} via {bed.Node1.Address}");
        bed.Node1.Net.Ip($"route replace blackhole {other}");
        try
        {
            foreach (string address in (string[])[external, balancer])
            {
                DualStackBed.MustAnswer($"{Pod21.Name} {IPv6Plan.HostPort(1)}", bed.World, "tcp", address, Tcp);
                DualStackBed.MustAnswer($"{Pod21.Name} {Pod11.AddressV6}", Pod11.Net, "tcp", address, Tcp);
                DualStackBed.MustAnswer($"{Pod21.Name} {IPv6Plan.HostPort(1)} 100", bed.Node1.Net, "udp", address, Udp);
            }
            // An address of a family that the service has not is not its.
            Assert.NotEqual(Pod21.Name, DualStackBed.Ask(bed.World, "tcp", other, Tcp).Split(' ')[0]);
        }
        finally
        {
            foreach (string address in (string[])[external, balancer, other])
                bed.Router.Ip($"route delete {address}");
            bed.Node1.Net.Ip($"route delete blackhole {other}");
        }
    }

    [RequiresRootFact]
    public void K27_K14_K16_ExternalTrafficPolicyLocalKeepsToTheNodesOwnPods()
    {
        using IDisposable applied = bed.Apply(Both with { Pods = [Pod11], Spec = ["externalTrafficPolicy: Local"] });
        DualStackBed.MustAnswer($"{Pod11.Name} {IPv6Plan.WorldAddress}", bed.World, "tcp", bed.Node1.AddressV6!, NodePort);
        DualStackBed.MustAnswer($"{Pod11.Name} {Pod12.AddressV6}", Pod12.Net, "tcp", bed.Node2.AddressV6!, NodePort); // from inside, whatever the policy
        DualStackBed.MustAnswer("silence", bed.World, "tcp", bed.Node2.AddressV6!, NodePort, "--timeout", "1");
        DualStackBed.MustAnswer("silence", bed.World, "udp", bed.Node2.AddressV6!, NodePort + 1, "--timeout", "1");
        // With a pod there, it is that one.
        using IDisposable changed = bed.Apply(Both with { Pods = [Pod11, Pod21], Spec = ["externalTrafficPolicy: Local"] });
        DualStackBed.MustAnswer($"{Pod21.Name} {IPv6Plan.WorldAddress}", bed.World, "tcp", bed.Node2.AddressV6!, NodePort);
        Assert.Equal([$"{Pod11.Name} {IPv6Plan.WorldAddress}"], DualStackBed.AskMany(bed.World, "tcp", bed.Node1.AddressV6!, NodePort, "--count", "20").Distinct());
        Assert.Equal([$"{Pod21.Name} {IPv6Plan.WorldAddress}"], DualStackBed.AskMany(bed.World, "tcp", bed.Node2.AddressV6!, NodePort, "--count", "20").Distinct());
    }

    [RequiresRootFact]
    public void K27_K13_HealthChecksAreAnsweredByBothFamilies()
    {
        const int port = 30690;
        using IDisposable applied = bed.Apply(Both with
        {
            Type = "LoadBalancer", Pods = [Pod11], Ingress = ["2001:db8:7::3"], Spec = ["externalTrafficPolicy: Local", $"healthCheckNodePort: {port}"],
        });
        foreach ((DataplaneNode node, string status) in ((DataplaneNode, string)[])[(bed.Node1, "200"), (bed.Node2, "503")])
        {
            foreach (string host in (string[])[$"[{node.AddressV6}]", node.Address])
            {
                string seen = "";
                Eventually.True(
                    () => (seen = bed.World.Try(TimeSpan.FromSeconds(10), "curl", "-gsS", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "2", $"http://{host}:{port}/healthz").Output) == status,
                    () => $"{host}:{port} says {status}, but {seen}");
            }
        }
    }

    [RequiresRootFact]
    public void K27_K19_AClientKeepsItsPodInEachFamily()
    {
        using IDisposable applied = bed.Apply(Both with { Pods = [.. bed.Cluster.Pods], Spec = ["sessionAffinity: ClientIP"] });
        Eventually.True(() => DualStackBed.Ask(Pod11.Net, "tcp", V6, Tcp).EndsWith(Pod11.AddressV6!, StringComparison.Ordinal) || DualStackBed.Ask(Pod11.Net, "tcp", V6, Tcp).EndsWith("::1", StringComparison.Ordinal), "the service answers");
        foreach ((NetworkNamespace client, string address, int port) in ((NetworkNamespace, string, int)[])[
            (Pod11.Net, V6, Tcp), (Pod12.Net, V6, Tcp), (Pod11.Net, V4, Tcp), (bed.World, bed.Node1.AddressV6!, NodePort), (bed.Neighbor, bed.Node1.AddressV6!, NodePort)])
        {
            Assert.Single(DualStackBed.AskMany(client, "tcp", address, port, "--count", "20").Distinct());
        }
    }

    [RequiresRootFact]
    public void K27_K18_AServiceWithoutPodsRefuses()
    {
        using IDisposable applied = bed.Apply(Both with { Pods = [] });
        foreach ((NetworkNamespace client, string address, int tcp, int udp) in ((NetworkNamespace, string, int, int)[])[
            (Pod11.Net, V6, Tcp, Udp), (bed.Node1.Net, V6, Tcp, Udp), (Pod11.Net, bed.Node1.AddressV6!, NodePort, NodePort + 1)])
        {
            DualStackBed.MustAnswer("refused", client, "tcp", address, tcp);
            DualStackBed.MustAnswer("refused", client, "udp", address, udp);
        }
        // A port that the service has not; and an address that no service has is silent (K6).
        Assert.Equal("refused", DualStackBed.Ask(Pod11.Net, "tcp", V6, 81));
        Assert.Equal("silence", DualStackBed.Ask(Pod11.Net, "tcp", "fd00:10:96::99", Tcp, "--timeout", "1"));
    }

    [RequiresRootFact]
    public void K27_AServiceOfOneFamilyAnswersInThatFamilyOnly()
    {
        using (bed.Apply(new DualStackService("single", V4) { Type = "NodePort", NodePort = NodePort, Pods = [Pod12] }))
        {
            DualStackBed.MustAnswer($"{Pod12.Name} {Pod11.Address}", Pod11.Net, "tcp", V4, Tcp);
            DualStackBed.MustAnswer($"{Pod12.Name} {Cluster.WorldAddress}", bed.World, "tcp", bed.Node1.Address, NodePort);
            MustNotAnswer(Pod12, bed.World, bed.Node1.AddressV6!, NodePort);
            MustNotAnswer(Pod12, Pod11.Net, bed.Node1.AddressV6!, NodePort);
            MustNotAnswer(Pod12, bed.Node1.Net, bed.Node1.AddressV6!, NodePort);
        }
        using (bed.Apply(new DualStackService("single", V6) { Type = "NodePort", NodePort = NodePort, Pods = [Pod12] }))
        {
            DualStackBed.MustAnswer($"{Pod12.Name} {Pod11.AddressV6}", Pod11.Net, "tcp", V6, Tcp);
            DualStackBed.MustAnswer($"{Pod12.Name} {IPv6Plan.WorldAddress}", bed.World, "tcp", bed.Node1.AddressV6!, NodePort);
            DualStackBed.MustAnswer($"{Pod12.Name} {IPv6Plan.HostPort(1)}", bed.Node1.Net, "tcp", bed.Node1.AddressV6!, NodePort);
            MustNotAnswer(Pod12, bed.World, bed.Node1.Address, NodePort);
            MustNotAnswer(Pod12, Pod11.Net, bed.Node1.Address, NodePort);
            MustNotAnswer(Pod12, bed.Node1.Net, bed.Node1.Address, NodePort);
        }
    }

    [RequiresRootFact]
    public void K27_AnEstablishedConnectionGoesOnWhenItsServiceHasNoPodsAnyMore()
    {
        using IDisposable applied = bed.Apply(Both with { Pods = [Pod21] });
        DualStackBed.MustAnswer($"{Pod21.Name} {Pod11.AddressV6}", Pod11.Net, "tcp", V6, Tcp);
        Task<string> push = Task.Run(() => DualStackBed.Ask(Pod11.Net, "push", V6, Tcp, "512", "--timeout", "60"));
        Eventually.True(() => bed.Node1.Dpctl("ct", "list", "--address", V6).Contains("stablished", StringComparison.OrdinalIgnoreCase), "the connection is there");
        using IDisposable changed = bed.Apply(Both with { Pods = [] });
        DualStackBed.MustAnswer("refused", Pod12.Net, "tcp", V6, Tcp);
        Assert.Equal("right", push.GetAwaiter().GetResult());
    }

    /// <summary>Refused or lost, but not by the pod, nor by anybody else.</summary>
    private static void MustNotAnswer(ClusterPod pod, NetworkNamespace client, string address, int port)
    {
        string answer = DualStackBed.Ask(client, "tcp", address, port, "--timeout", "1");
        Assert.True(answer is "refused" or "silence", $"{address}:{port} answers {client.Name}, though {pod.Name} has no service of that family: {answer}");
    }

    private void AssertClean()
    {
        Assert.Null(bed.Node1.FrameLeak());
        Assert.Null(bed.Node2.FrameLeak());
        foreach (NetworkNamespace net in bed.Cluster.Pods.Select(p => p.Net).Concat([bed.Node1.Net, bed.Node2.Net, bed.World, bed.Neighbor]))
            Assert.Empty(DualStackCounters.Errors(net));
    }
}
