using System.Diagnostics;
using System.Globalization;
using Dataplane.Testing;

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
public sealed class KernelPath(string name, BenchScope scope, KernelServices kind) : TrafficPath(name, scope)
{
    private const int UnderlayMtu = 1500; // bytes
    private const int VxlanOverhead = 50; // bytes: outer Ethernet 14, IPv4 20, UDP 8, VXLAN 8 (RFC 7348)
    private static readonly TimeSpan LoadTimeout = TimeSpan.FromMinutes(30); // of 100,000 endpoints' rules
    private NetworkNamespace[] _nodes = [];

    /// <summary>Turns segmentation offload of the sending pod's interface on or off: then the pod's own stack cuts to MTU before the node sees it.</summary>
    public void SetPodSegmentation(bool on) =>
        Pods["c2"].Run("ethtool", "-K", "eth0", "tso", OnOff(on), "gso", OnOff(on));

    /// <summary>
    /// Turns segmentation offload of the sending node's uplink on or off. Off is a NIC that cannot cut inside tunnels:
    /// the kernel cuts in software after encapsulation, which is the work our overlay has too.
    /// </summary>
    public void SetUplinkSegmentation(bool on) =>
        _nodes[0].Run("ethtool", "-K", "up0", "tso", OnOff(on), "tx-udp_tnl-segmentation", OnOff(on), "tx-udp_tnl-csum-segmentation", OnOff(on));

    /// <inheritdoc/>
    public override void ForgetFlows()
    {
        foreach (var node in _nodes)
            node.Run("conntrack", "-F");
    }

    /// <inheritdoc/>
    protected override void Connect(IReadOnlyList<BenchService> services)
    {
        MakeNodes();
        for (var node = 1; node <= 2; node++)
            MakeVxlan(node);

        foreach (var pod in BenchPlan.Pods)
            ConnectPod(pod);

        var rules = Path.Combine(Scope.Folder, $"{Name}-rules");
        File.WriteAllText(rules, kind == KernelServices.Nftables ? NftablesRules.Render(services) : IptablesRules.Render(services));
        string[] program = kind switch
        {
            KernelServices.Iptables => ["iptables-restore", rules],
            KernelServices.IptablesLegacy => ["iptables-legacy-restore", rules],
            _ => ["nft", "-f", rules],
        };
        var watch = Stopwatch.StartNew();
        Parallel.ForEach(_nodes, node => node.Run(LoadTimeout, program[0], program[1..]));
        ProgrammingSeconds = watch.Elapsed.TotalSeconds;
    }

    private void MakeNodes()
    {
        _nodes = [Scope.AddNamespace($"{Name}-n1"), Scope.AddNamespace($"{Name}-n2")];
        _nodes[0].Ip($"link add up0 mtu {UnderlayMtu} type veth peer name up0 mtu {UnderlayMtu} netns {_nodes[1].Name}");
        for (var i = 0; i < _nodes.Length; i++)
        {
            _nodes[i].Sysctl("net.ipv4.ip_forward", "1");
            _nodes[i].AddAddress("up0", $"{BenchPlan.NodeAddress(i + 1)}/24");
            _nodes[i].Ip("link set up0 up");
        }
    }

    private void MakeVxlan(int node)
    {
        var other = 3 - node;
        _nodes[node - 1].Run("sh", "-ec", $"""
            ip link add vxlan1 address {Mac(node)} mtu {UnderlayMtu - VxlanOverhead} type vxlan id 1 local {BenchPlan.NodeAddress(node)} dev up0 dstport 4789 nolearning
            ip addr add 10.244.{node}.0/32 dev vxlan1
            ip link set vxlan1 up
            bridge fdb append {Mac(other)} dev vxlan1 dst {BenchPlan.NodeAddress(other)}
            ip neigh replace 10.244.{other}.0 lladdr {Mac(other)} dev vxlan1 nud permanent
            ip route add {BenchPlan.PodCidr(other)} via 10.244.{other}.0 dev vxlan1 onlink
            """);
    }

    private void ConnectPod(BenchPod pod)
    {
        var mtu = pod.Remote ? UnderlayMtu - VxlanOverhead : UnderlayMtu;
        var gateway = $"10.244.{pod.Node}.1";
        var (node, space) = (_nodes[pod.Node - 1], Scope.AddNamespace($"{Name}-{pod.Name}"));
        AddPod(pod.Name, space);
        node.Ip($"link add veth-{pod.Name} mtu {mtu} type veth peer name eth0 mtu {mtu} netns {space.Name}");
        node.AddAddress($"veth-{pod.Name}", $"{gateway}/32");
        node.Ip($"link set veth-{pod.Name} up");
        node.AddRoute($"{pod.Address}/32 dev veth-{pod.Name}");
        space.AddAddress("eth0", $"{pod.Address}/32");
        space.Ip("link set eth0 up");
        space.AddRoute($"default via {gateway} dev eth0 onlink");
    }

    private static string OnOff(bool on) => on ? "on" : "off";

    private static string Mac(int node) => string.Create(CultureInfo.InvariantCulture, $"0e:64:c0:a8:4d:{node:x2}");
}
