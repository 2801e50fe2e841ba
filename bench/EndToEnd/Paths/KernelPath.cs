using System.Diagnostics;
using System.Globalization;
using Dataplane.Bench.EndToEnd.Namespaces;
using Dataplane.Bench.EndToEnd.Shell;

namespace Dataplane.Bench.EndToEnd.Paths;

/// <summary>Which tool programs the kernel's services.</summary>
public enum KernelServices
{
    /// <summary>iptables over nf_tables, what kube-proxy uses on a distribution of today.</summary>
    Iptables,

    /// <summary>iptables over the old x_tables.</summary>
    IptablesLegacy,

    /// <summary>kube-proxy's nftables mode: verdict maps.</summary>
    Nftables,
}

/// <summary>
/// The kernel's own path: routed veths (as Calico or the `ptp` plugin make them), forwarding, conntrack, kube-proxy's rules,
/// and between the nodes a `vxlan` device with static FDB and neighbours, as flannel programs it.
/// </summary>
public sealed class KernelPath(string name, RunScope scope, KernelServices kind) : TrafficPath(name, scope)
{
    private const int UnderlayMtu = 1500; // bytes
    private const int VxlanOverhead = 50; // bytes: outer Ethernet 14, IPv4 20, UDP 8, VXLAN 8 (RFC 7348)
    private NetworkNamespace[] _nodes = [];

    /// <summary>Turns segmentation offload of the sending pod's interface on or off: then the pod's own stack cuts to MTU before the node sees it.</summary>
    public Task SetPodSegmentationAsync(bool on, CancellationToken cancel) =>
        Pods["c2"].RunAsync(cancel, "ethtool", "-K", "eth0", "tso", OnOff(on), "gso", OnOff(on));

    /// <summary>
    /// Turns segmentation offload of the sending node's uplink on or off. Off is a NIC that cannot cut inside tunnels:
    /// the kernel cuts in software after encapsulation, which is the work our overlay has too.
    /// </summary>
    public Task SetUplinkSegmentationAsync(bool on, CancellationToken cancel) =>
        _nodes[0].RunAsync(cancel, "ethtool", "-K", "up0", "tso", OnOff(on), "tx-udp_tnl-segmentation", OnOff(on), "tx-udp_tnl-csum-segmentation", OnOff(on));

    /// <inheritdoc/>
    public override async Task ForgetFlowsAsync(CancellationToken cancel)
    {
        foreach (var node in _nodes)
        {
            await node.RunAsync(cancel, "conntrack", "-F");
        }
    }

    /// <inheritdoc/>
    protected override async Task ConnectAsync(IReadOnlyList<BenchService> services, CancellationToken cancel)
    {
        _nodes = await MakeNodesAsync(cancel);
        for (var node = 1; node <= 2; node++)
        {
            await MakeVxlanAsync(node, cancel);
        }

        foreach (var pod in BenchPlan.Pods)
        {
            await ConnectPodAsync(pod, cancel);
        }

        var watch = Stopwatch.StartNew();
        await Task.WhenAll(_nodes.Select(node => ProgramAsync(node, services, cancel)));
        ProgrammingSeconds = watch.Elapsed.TotalSeconds;
    }

    private Task ProgramAsync(NetworkNamespace node, IReadOnlyList<BenchService> services, CancellationToken cancel)
    {
        var (commandLine, input) = kind switch
        {
            KernelServices.Iptables => (new[] { "iptables-restore" }, IptablesRules.Render(services)),
            KernelServices.IptablesLegacy => (["iptables-legacy-restore"], IptablesRules.Render(services)),
            _ => (["nft", "-f", "-"], NftablesRules.Render(services)),
        };
        return Command.RunAsync(node.Inside(commandLine), cancel, input, timeoutSeconds: 300);
    }

    private Task MakeVxlanAsync(int node, CancellationToken cancel)
    {
        var other = 3 - node;
        return _nodes[node - 1].RunAsync(cancel, "sh", "-ec", $"""
            ip link add vxlan1 address {Mac(node)} mtu {UnderlayMtu - VxlanOverhead} type vxlan id 1 local {BenchPlan.NodeAddress(node)} dev up0 dstport 4789 nolearning
            ip addr add 10.244.{node}.0/32 dev vxlan1
            ip link set vxlan1 up
            bridge fdb append {Mac(other)} dev vxlan1 dst {BenchPlan.NodeAddress(other)}
            ip neigh replace 10.244.{other}.0 lladdr {Mac(other)} dev vxlan1 nud permanent
            ip route add {BenchPlan.PodCidr(other)} via 10.244.{other}.0 dev vxlan1 onlink
            """);
    }

    private async Task ConnectPodAsync(BenchPod pod, CancellationToken cancel)
    {
        var mtu = pod.Remote ? UnderlayMtu - VxlanOverhead : UnderlayMtu;
        var gateway = $"10.244.{pod.Node}.1";
        var space = Pods[pod.Name];
        await _nodes[pod.Node - 1].IpBatchAsync(cancel,
            $"link add veth-{pod.Name} mtu {mtu} type veth peer name eth0 mtu {mtu} netns {space.Name}",
            $"addr add {gateway}/32 dev veth-{pod.Name}",
            $"link set veth-{pod.Name} up",
            $"route add {pod.Address}/32 dev veth-{pod.Name}");
        await space.IpBatchAsync(cancel,
            $"addr add {pod.Address}/32 dev eth0",
            "link set eth0 up",
            $"route add default via {gateway} dev eth0 onlink");
    }

    private static string OnOff(bool on) => on ? "on" : "off";

    private static string Mac(int node) => string.Create(CultureInfo.InvariantCulture, $"0e:64:c0:a8:4d:{node:x2}");
}
