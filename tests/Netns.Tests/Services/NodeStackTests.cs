using System.Globalization;
using System.Numerics;
using Dataplane.Testing;
using Dataplane.Testing.Clusters;
using Xunit;

namespace Dataplane.Netns.Tests.Services;

/// <summary>Services beside what else a node's own stack does: rows K29, K35 and K37.</summary>
[Collection(ServiceBed.Name)]
public sealed class NodeStackTests(ServiceBed bed)
{
    [RequiresRootFact]
    public void K29_TheConnectionTableHasRoomByTheNumberOfCpus()
    {
        const string capacity = "dataplane_conntrack_capacity ";
        string line = bed.Node1.Metrics().Split('\n').Single(l => l.StartsWith(capacity, StringComparison.Ordinal));
        Assert.Equal((int)BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(32768 * Environment.ProcessorCount, 262144, 1048576)), int.Parse(line[capacity.Length..], CultureInfo.InvariantCulture));
    }

    [RequiresRootFact]
    public void K35_TheNodesOwnSocketsGetNoPortOfServicesOrOfTranslatedSources()
    {
        Assert.Equal("30000-32767,49152-65535", bed.Node1.Net.Run("sysctl", "-n", "net.ipv4.ip_local_reserved_ports").Output.Trim());

        const string bind = "import socket; s = [socket.socket() for _ in range(2000)]; [x.bind(('', 0)) for x in s]; print(*sorted(x.getsockname()[1] for x in s))";
        int[] ports = [.. bed.Node1.Net.Run("bash", "-c", $"ulimit -n 4096; {Installed.Python} -c \"{bind}\"").Output.Split(' ').Select(port => int.Parse(port, CultureInfo.InvariantCulture))];

        Assert.Equal(2000, ports.Length);
        Assert.DoesNotContain(ports, port => port is >= 30000 and <= 32767 or >= 49152);
    }

    [RequiresRootFact]
    public void K35_AProcessThatSitsOnANodePortIsReported()
    {
        const int port = 32700;
        Assert.DoesNotContain($"{port}", Check(), StringComparison.Ordinal);
        using (BackgroundProcess process = bed.Node1.Net.Start(Installed.Python, Installed.TestFile("Traffic/who.py"), "serve", "own", "--tcp", $"{port}"))
        {
            process.WaitForOutput("serving", TimeSpan.FromSeconds(10));
            Assert.Contains($"a process listens on 0.0.0.0:{port}/tcp, which is within the node port range 30000-32767", Check(), StringComparison.Ordinal);
        }
        Assert.DoesNotContain($"{port}", Check(), StringComparison.Ordinal);

        string Check() => string.Join(' ', bed.Node1.TryDpctl("check").Output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)); // its lines are wrapped
    }

    [RequiresRootFact]
    public void K28_AClusterIpOutsideOfTheServiceRangeIsServedToPodsAndToTheNode()
    {
        ClusterPod server = bed.Node1.Pods[0], client = bed.Node1.Pods[1];
        using (AppliedService further = bed.Apply(bed.NewService(server) with { ClusterIp = "172.30.7.1" }))
        {
            Assert.Equal($"{server.Name} saw {client.Address}", Curl.Get(client.Net, "172.30.7.1", 80));
            Assert.Equal($"{server.Name} saw {bed.Node1.HostPortAddress}", Curl.Get(bed.Node1.Net, "172.30.7.1", 80));
            further.Delete();
        }
        Assert.DoesNotContain("172.30.7.1", bed.Node1.Net.Run("ip", "route").Output, StringComparison.Ordinal);
    }

    [RequiresRootFact]
    public void K37_WhatKubeProxyLeftBehindIsTakenOutOfTheWay()
    {
        ClusterPod right = bed.Node1.Pods[0], wrong = bed.Node1.Pods[2];
        using AppliedService service = bed.Apply(bed.NewService(right));
        string chain = "KUBE-SVC-" + service.Object.Name.ToUpperInvariant();
        try
        {
            // As kube-proxy leads a service of the same address, before its end, to an endpoint of that time.
            bed.Node1.Net.Run("bash", "-euc", $"""
                iptables -t nat -N KUBE-SERVICES; iptables -t nat -N {chain}
                iptables -t nat -A {chain} -p tcp -j DNAT --to-destination {wrong.Address}:8080
                iptables -t nat -A KUBE-SERVICES -d {service.Object.ClusterIp}/32 -p tcp --dport 80 -j {chain}
                iptables -t nat -A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
                iptables -t nat -A OUTPUT -d 192.0.2.1 -j ACCEPT
                """);
            Assert.Equal($"{wrong.Name} saw {bed.Node1.HostPortAddress}", Curl.Get(bed.Node1.Net, service.Object.ClusterIp, 80));

            bed.Node1.Net.Run(Installed.Dataplane, "cleanup", "kube-proxy");

            Assert.Equal($"{right.Name} saw {bed.Node1.HostPortAddress}", Curl.Get(bed.Node1.Net, service.Object.ClusterIp, 80));
            string left = bed.Node1.Net.Run("iptables-save", "-t", "nat").Output;
            Assert.DoesNotContain("KUBE-", left, StringComparison.Ordinal);
            Assert.Contains("192.0.2.1", left, StringComparison.Ordinal);
        }
        finally
        {
            bed.Node1.Net.Run("iptables", "-t", "nat", "-F");
        }
    }
}
