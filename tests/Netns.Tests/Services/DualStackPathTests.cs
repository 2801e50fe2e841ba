using System.Text.Json;
using Dataplane.Netns.Tests.Behaviour;
using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Services;

/// <summary>K27: IPv6 between pods, nodes and the world, without services in between.</summary>
[Collection(DualStackBed.Name)]
public sealed class DualStackPathTests(DualStackBed bed)
{
    private const int PathMtu = Cluster.UnderlayMtu - 50; // outer IPv4, UDP, VXLAN and inner Ethernet headers

    private ClusterPod Pod11 => bed.Node1.Pods[0];

    private ClusterPod Pod12 => bed.Node1.Pods[1];

    private ClusterPod Pod21 => bed.Node2.Pods[0];

    [RequiresRootFact]
    public void K27_PodsReachPodsByBothFamiliesOnANodeAndAcross()
    {
        foreach (ClusterPod server in (ClusterPod[])[Pod12, Pod21])
        {
            foreach (string verb in (string[])["tcp", "udp"])
            {
                string size = verb == "udp" ? " 100" : "";
                int port = verb == "udp" ? DualStackBed.UdpPort : DualStackBed.TcpPort;
                DualStackBed.MustAnswer($"{server.Name} {Pod11.AddressV6}{size}", Pod11.Net, verb, server.AddressV6!, port);
                DualStackBed.MustAnswer($"{server.Name} {Pod11.Address}{size}", Pod11.Net, verb, server.Address, port);
            }
            Assert.Equal(5, Ping(Pod11.Net, server.AddressV6!, "-c", "5"));
        }
        // A pod reaches itself, which its own stack sees to.
        DualStackBed.MustAnswer($"{Pod11.Name} {Pod11.AddressV6}", Pod11.Net, "tcp", Pod11.AddressV6!, DualStackBed.TcpPort);
        AssertClean();
    }

    [RequiresRootFact]
    public void K27_LargeTransfersArriveAsTheyWereSent()
    {
        foreach (ClusterPod server in (ClusterPod[])[Pod12, Pod21])
        {
            Assert.Equal("right", DualStackBed.Ask(Pod11.Net, "fetch", server.AddressV6!, DualStackBed.TcpPort, "64", "--timeout", "30"));
            Assert.Equal("right", DualStackBed.Ask(Pod11.Net, "push", server.AddressV6!, DualStackBed.TcpPort, "64", "--timeout", "30"));
        }
        AssertClean();
    }

    [RequiresRootFact]
    public void K27_LargeDatagramsAndPingsAreFragmentedByTheirSendersAndArrive()
    {
        foreach (ClusterPod server in (ClusterPod[])[Pod12, Pod21])
        {
            foreach (int size in (int[])[1402, 1403, 4000, 30_000]) // 1402 bytes are the most that fit a packet of 1450
                Assert.Equal($"{server.Name} {Pod11.AddressV6} {size}", DualStackBed.Ask(Pod11.Net, "udp", server.AddressV6!, DualStackBed.UdpPort, "--size", $"{size}"));
            Assert.Equal(3, Ping(Pod11.Net, server.AddressV6!, "-c", "3", "-s", "8000"));
        }
        AssertClean();
    }

    [RequiresRootFact]
    public void K27_WhatIsTooLargeForTheTunnelIsToldItsMtu()
    {
        // A pod whose route does not know the path: as if it had been made for another uplink.
        Pod12.Net.Ip($"-6 route replace default via {IPv6Plan.HostPort(1)} dev eth0 mtu 9000");
        try
        {
            CommandResult ping = Pod12.Net.Try(TimeSpan.FromSeconds(10), "ping", "-6", "-M", "do", "-c", "2", "-i", "0.2", "-W", "1", "-s", "3000", Pod21.AddressV6!);
            Assert.NotEqual(0, ping.ExitCode);
            Assert.Contains($"Packet too big: mtu={PathMtu}", ping.Output + ping.Error, StringComparison.Ordinal);
            Assert.Contains($"mtu {PathMtu}", Pod12.Net.Run("ip", "-6", "route", "get", Pod21.AddressV6!).Output, StringComparison.Ordinal);
            // From then on its stack cuts by itself.
            Assert.Equal($"{Pod21.Name} {Pod12.AddressV6} 3000", DualStackBed.Ask(Pod12.Net, "udp", Pod21.AddressV6!, DualStackBed.UdpPort, "--size", "3000"));
            Assert.Equal("right", DualStackBed.Ask(Pod12.Net, "push", Pod21.AddressV6!, DualStackBed.TcpPort, "16", "--timeout", "30"));
        }
        finally
        {
            Pod12.Net.Ip($"-6 route replace default via {IPv6Plan.HostPort(1)} dev eth0 src {Pod12.AddressV6} mtu {PathMtu} advmss {PathMtu - 60}");
        }
        AssertClean();
    }

    [RequiresRootFact]
    public void K27_NodesAndPodsReachEachOther()
    {
        foreach (ClusterPod pod in (ClusterPod[])[Pod11, Pod21])
        {
            // The node's processes come by the host port, with its address; of the other node as well.
            DualStackBed.MustAnswer($"{pod.Name} {IPv6Plan.HostPort(1)}", bed.Node1.Net, "tcp", pod.AddressV6!, DualStackBed.TcpPort);
            DualStackBed.MustAnswer($"{pod.Name} {IPv6Plan.HostPort(1)} 3000", bed.Node1.Net, "udp", pod.AddressV6!, DualStackBed.UdpPort, "--size", "3000");
            Assert.Equal(3, Ping(bed.Node1.Net, pod.AddressV6!, "-c", "3"));
            foreach (DataplaneNode node in (DataplaneNode[])[bed.Node1, bed.Node2])
            {
                // By its address and by that of its host port.
                foreach (string address in (string[])[node.AddressV6!, IPv6Plan.HostPort(node.Number)])
                {
                    DualStackBed.MustAnswer($"{node.Name} {pod.AddressV6}", pod.Net, "tcp", address, DualStackBed.TcpPort);
                    DualStackBed.MustAnswer($"{node.Name} {pod.AddressV6} 100", pod.Net, "udp", address, DualStackBed.UdpPort);
                    Assert.Equal(3, Ping(pod.Net, address, "-c", "3"));
                }
            }
        }
        Assert.Equal("right", DualStackBed.Ask(bed.Node1.Net, "fetch", Pod21.AddressV6!, DualStackBed.TcpPort, "16", "--timeout", "30"));
        AssertClean();
    }

    [RequiresRootFact]
    public void K27_S16_PodsReachTheWorldWithTheirNodesAddress()
    {
        foreach (ClusterPod pod in (ClusterPod[])[Pod11, Pod21])
        {
            string node = pod.Node.AddressV6!;
            DualStackBed.MustAnswer($"world {node}", pod.Net, "tcp", IPv6Plan.WorldAddress, DualStackBed.TcpPort);
            DualStackBed.MustAnswer($"world {node} 100", pod.Net, "udp", IPv6Plan.WorldAddress, DualStackBed.UdpPort);
            DualStackBed.MustAnswer($"world {pod.Node.Address}", pod.Net, "tcp", Cluster.WorldAddress, DualStackBed.TcpPort); // beside it
            Assert.Equal(3, Ping(pod.Net, IPv6Plan.WorldAddress, "-c", "3"));
            Assert.Equal("right", DualStackBed.Ask(pod.Net, "fetch", IPv6Plan.WorldAddress, DualStackBed.TcpPort, "16", "--timeout", "30"));
            Assert.Equal("right", DualStackBed.Ask(pod.Net, "push", IPv6Plan.WorldAddress, DualStackBed.TcpPort, "16", "--timeout", "30"));
            // Datagrams in fragments, out and back.
            Assert.Equal($"world {node} 4000", DualStackBed.Ask(pod.Net, "udp", IPv6Plan.WorldAddress, DualStackBed.UdpPort, "--size", "4000"));
            // What the world refuses is refused to the pod: the error quotes the translated packet.
            Assert.Equal("refused", DualStackBed.Ask(pod.Net, "udp", IPv6Plan.WorldAddress, 9));
            Assert.Equal("refused", DualStackBed.Ask(pod.Net, "tcp", IPv6Plan.WorldAddress, 9));
        }
        // And neighbours on the underlay, who are of no cluster.
        Assert.Equal(3, Ping(Pod11.Net, IPv6Plan.Underlay(100), "-c", "3"));
        AssertClean();
    }

    [RequiresRootFact]
    public void K27_K31_APathThatIsNarrowerFurtherOutIsFoundThroughTheTranslation()
    {
        foreach (NetworkNamespace end in (NetworkNamespace[])[bed.Router, bed.World])
            end.Ip($"link set {(end == bed.Router ? "world" : "eth0")} mtu 1300");
        try
        {
            Assert.Equal("right", DualStackBed.Ask(Pod11.Net, "push", IPv6Plan.WorldAddress, DualStackBed.TcpPort, "4", "--timeout", "30"));
            CommandResult ping = Pod11.Net.Try(TimeSpan.FromSeconds(10), "ping", "-6", "-M", "do", "-c", "2", "-i", "0.2", "-W", "1", "-s", "1352", IPv6Plan.WorldAddress);
            Assert.Contains("mtu", ping.Output + ping.Error, StringComparison.Ordinal);
            Assert.Contains("mtu 1300", Pod11.Net.Run("ip", "-6", "route", "get", IPv6Plan.WorldAddress).Output, StringComparison.Ordinal);
            Assert.Equal($"world {bed.Node1.AddressV6} 2000", DualStackBed.Ask(Pod11.Net, "udp", IPv6Plan.WorldAddress, DualStackBed.UdpPort, "--size", "2000"));
        }
        finally
        {
            bed.World.Ip("link set eth0 mtu 1500");
            bed.Router.Ip("link set world mtu 1500");
            foreach (NetworkNamespace net in (NetworkNamespace[])[bed.Node1.Net, Pod11.Net])
                net.Ip("-6 route flush cache");
        }
        AssertClean();
    }

    [RequiresRootFact]
    public void K27_TheHopLimitAndItsErrorsWorkAsTracerouteNeedsThem()
    {
        CommandResult ping = Pod11.Net.Try(TimeSpan.FromSeconds(10), "ping", "-6", "-c", "1", "-W", "2", "-t", "1", Pod21.AddressV6!);
        Assert.Contains($"From {IPv6Plan.HostPort(1)}", ping.Output, StringComparison.Ordinal);
        Assert.Contains("Time exceeded", ping.Output, StringComparison.Ordinal);
        // From a router beyond the translation. The way there is known, so that the node's stack has no part in it.
        DualStackBed.MustAnswer($"world {bed.Node1.AddressV6}", Pod11.Net, "tcp", IPv6Plan.WorldAddress, DualStackBed.TcpPort);
        ping = Pod11.Net.Try(TimeSpan.FromSeconds(10), "ping", "-6", "-c", "1", "-W", "2", "-t", "2", IPv6Plan.WorldAddress);
        Assert.Contains("Time exceeded", ping.Output, StringComparison.Ordinal);
        AssertClean();
    }

    [RequiresRootFact]
    public void K27_WhatConcernsTheLinkOnlyEndsHereAndIsCountedAsThat()
    {
        // Listener reports, and a question for routers, as any stack sends them.
        long before = Drops("NeighborDiscoveryIgnored");
        Pod12.Net.Ip("link set eth0 multicast on");
        Pod12.Net.Ip("maddress add 33:33:00:00:00:77 dev eth0");
        Pod12.Net.Run("python3", "-c", """
            import socket, struct
            s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
            i = socket.if_nametoindex("eth0")
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, i)
            for _ in range(5):
                s.sendto(struct.pack("!BBHI", 133, 0, 0, 0), ("ff02::2", 0, 0, i))
            """);
        Eventually.True(() => Drops("NeighborDiscoveryIgnored") >= before + 5, () => $"5 router solicitations are counted after {before}: {Drops("NeighborDiscoveryIgnored")}");
        Assert.Equal(0, Drops("SourceSpoofed"));
        Assert.Equal(0, Drops("NeighborDiscoveryInvalid"));
        Assert.Equal(0, Drops("EtherTypeUnsupported"));
        // The pod's neighbours answer for whatever it asks: its gateway is anybody's.
        Assert.Contains("lladdr", Pod12.Net.Run("bash", "-c", $"ping -6 -c 1 -W 2 {IPv6Plan.HostPort(1)} >/dev/null; ip -6 neigh show dev eth0").Output, StringComparison.Ordinal);
    }

    [RequiresRootFact]
    public void RulesAndRoutesThatOthersFlushComeBackByThemselves()
    {
        NetworkNamespace node = bed.Node2.Net;
        Assert.DoesNotContain("put back what others", bed.Node2.Dataplane!.Output, StringComparison.Ordinal);
        foreach (string family in (string[])["-4", "-6"])
        {
            node.Ip($"{family} rule delete priority 60");
            node.Ip($"{family} route flush proto 77");
        }
        string[] told = ["rule 60: iif lo", "rule 60: IPv6 iif lo", "route 10.244.0.0/16 via 169.254.77.1", "route fd00:10:244::/48 via fe80::77:1"];
        bed.Node2.Dataplane.WaitUntil(() => told.All(what => bed.Node2.Dataplane.Output.Contains(what, StringComparison.Ordinal)), "say that it put back what was flushed", TimeSpan.FromSeconds(75));
        foreach (string family in (string[])["-4", "-6"])
            Assert.Contains("fwmark 0x440000/0xff0000", node.Run("ip", family, "rule").Output, StringComparison.Ordinal);
        Assert.Equal($"{Pod21.Name} {IPv6Plan.HostPort(2)}", DualStackBed.Ask(node, "tcp", Pod21.AddressV6!, DualStackBed.TcpPort));
        Assert.Equal($"{Pod21.Name} {bed.Node2.HostPortAddress}", DualStackBed.Ask(node, "tcp", Pod21.Address, DualStackBed.TcpPort));
    }

    [RequiresRootFact]
    public void K27_AttachedPodsAndTheirFlowsAreShownWithBothAddresses()
    {
        DualStackBed.MustAnswer($"{Pod21.Name} {Pod11.AddressV6}", Pod11.Net, "tcp", Pod21.AddressV6!, DualStackBed.TcpPort);
        using JsonDocument endpoints = JsonDocument.Parse(bed.Node1.Dpctl("endpoint", "list", "-o", "json"));
        Assert.Contains(endpoints.RootElement.EnumerateArray(), e => e.GetProperty("addresses").EnumerateArray().Select(a => a.GetString()).SequenceEqual([Pod11.Address, Pod11.AddressV6]));
        Assert.Contains(Pod21.AddressV6!, bed.Node1.Dpctl("ct", "list", "--address", Pod11.AddressV6!), StringComparison.Ordinal);
    }

    private long Drops(string reason) => bed.Node1.Metrics().Split('\n')
        .Where(line => line.StartsWith($"dataplane_drops_total{{reason=\"{reason}\"", StringComparison.Ordinal)).Sum(line => long.Parse(line[(line.LastIndexOf(' ') + 1)..]));

    /// <summary>Answers to pings, which must not be answered twice.</summary>
    private static int Ping(NetworkNamespace net, string address, params string[] more)
    {
        CommandResult ping = net.Try(TimeSpan.FromSeconds(30), "ping", ["-6", "-i", "0.2", "-W", "2", .. more, address]);
        Assert.DoesNotContain("DUP!", ping.Output, StringComparison.Ordinal);
        return ping.Output.Split('\n').Count(line => line.Contains(" bytes from ", StringComparison.Ordinal));
    }

    private void AssertClean()
    {
        Assert.Null(bed.Node1.FrameLeak());
        Assert.Null(bed.Node2.FrameLeak());
        foreach (NetworkNamespace net in bed.Cluster.Pods.Select(p => p.Net).Concat([bed.Node1.Net, bed.Node2.Net, bed.World]))
            Assert.Empty(DualStackCounters.Errors(net));
    }
}
