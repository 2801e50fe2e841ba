using System.Globalization;

namespace Dataplane.Testing.Clusters;

/// <summary>
/// A node that is nothing but Linux, set up as flannel's vxlan or host-gw backend and kube-proxy would: what our dataplane sends
/// must be what it understands, and the reverse. Two of them carry the control run of every traffic test.
/// </summary>
public sealed class KernelNode : ClusterNode
{
    private const string Vxlan = "vxlan.1", Gateway = "cni0";
    private const int OverlayMtu = Cluster.UnderlayMtu - 50; // outer IPv4, UDP, VXLAN and inner Ethernet headers

    private bool IsNative => Cluster.Routing == "native";

    internal KernelNode(Cluster cluster, int number) : base(cluster, number) { }

    /// <inheritdoc />
    public override NodeKind Kind => NodeKind.Kernel;

    /// <inheritdoc />
    public override string? FrameLeak() => null;

    /// <inheritdoc />
    public override string Log(int lines) => "";

    internal override void Start()
    {
        Net.Sysctl("net.ipv4.ip_forward", "1");
        if (IsNative)
            RouteNatively();
        else
            Tunnel();
        Net.Run("nft", """
            add table ip services
            add chain ip services prerouting { type nat hook prerouting priority -100; }
            add chain ip services output { type nat hook output priority -100; }
            add chain ip services postrouting { type nat hook postrouting priority 100; }
            """);
    }

    // What flannel's host-gw backend does.
    private void RouteNatively()
    {
        Net.Ip($"link add {Gateway} type bridge");
        Net.AddAddress(Gateway, $"{HostPortAddress}/32");
        Net.Ip($"link set {Gateway} up");
        foreach (ClusterNode peer in Cluster.Nodes.Where(node => node != this))
            Net.AddRoute($"{peer.PodCidr} via {peer.Address} dev eth0");
        Net.AddRoute($"{Cluster.ServiceCidr} dev {Gateway} src {HostPortAddress}");
    }

    private void Tunnel()
    {
        Net.Ip($"link add {Vxlan} address {VtepMac} mtu {OverlayMtu} type vxlan id 1 local {Address} dev eth0 dstport 4789 nolearning noudpcsum");
        Net.AddAddress(Vxlan, $"{HostPortAddress}/32");
        Net.Ip($"link set {Vxlan} up");
        foreach (ClusterNode peer in Cluster.Nodes.Where(node => node != this))
        {
            Net.Run("bridge", "fdb", "append", peer.VtepMac, "dev", Vxlan, "dst", peer.Address);
            Net.Ip($"neighbour replace {peer.HostPortAddress} lladdr {peer.VtepMac} dev {Vxlan} nud permanent");
            Net.AddRoute($"{peer.PodCidr} via {peer.HostPortAddress} dev {Vxlan} onlink src {HostPortAddress}");
            // Pods reach the other node over the overlay; the tunnel's own packets, from our address, do not.
            Net.Ip($"rule add from {PodCidr} to {peer.Address} lookup 100");
            Net.AddRoute($"{peer.Address} via {peer.HostPortAddress} dev {Vxlan} onlink table 100");
        }
        // Makes the node's own connections to a service leave with the pod-side address, as after DNAT they must.
        Net.AddRoute($"{Cluster.ServiceCidr} dev {Vxlan} src {HostPortAddress}");
    }

    internal override void WaitUntilReady(TimeSpan timeout) { }

    internal override void WaitUntilPodsReady(TimeSpan timeout) { }

    internal override void AddService(ClusterService service)
    {
        // A pod that reaches itself by its service must not see its own address as the client's.
        foreach (ClusterPod pod in service.Backends)
            Net.Run("nft", $"add rule ip services postrouting ip saddr {pod.Address} ip daddr {pod.Address} masquerade");
        foreach (ClusterServicePort port in service.Ports)
        {
            string protocol = port.Protocol.ToLowerInvariant();
            string backends = string.Join(", ", service.Backends.Select((pod, i) => $"{i} : {pod.Address} . {port.TargetPort}"));
            string rule = $"ip daddr {service.ClusterIp} {protocol} dport {port.Port} " +
                $"dnat ip addr . port to numgen random mod {service.Backends.Count} map {{ {backends} }}";
            foreach (string chain in (string[])["prerouting", "output"])
                Net.Run("nft", $"add rule ip services {chain} {rule}");
        }
    }

    /// <inheritdoc />
    protected override void Attach(ClusterPod pod)
    {
        string device = "veth" + Pods.Count.ToString(CultureInfo.InvariantCulture);
        Cluster.Topology.Link(Net, device, pod.Net, "eth0", IsNative ? Cluster.UnderlayMtu : OverlayMtu);
        Net.AddRoute($"{pod.Address}/32 dev {device} src {HostPortAddress}");
        pod.Net.AddAddress("eth0", $"{pod.Address}/32");
        pod.Net.AddRoute($"default via {HostPortAddress} dev eth0 onlink");
    }
}
