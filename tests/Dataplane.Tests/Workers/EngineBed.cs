using System.Net.Sockets;
using Dataplane.Conntrack;
using Dataplane.Packets;
using Dataplane.Tables;
using Dataplane.Testing;
using Dataplane.Testing.Packets;
using Dataplane.Workers;
using Xdp.Interop;
using OpenNamespace = Xdp.Interop.Links.NetworkNamespace;
using V6 = Dataplane.Testing.Packets.SampleNodeOf<Dataplane.Packets.IPv6Address>;

namespace Dataplane.Tests.Workers;

/// <summary>
/// The sample node for real: workers over AF_XDP sockets, two pods behind veths with addresses of both families, and another node that is
/// plain Linux with a vxlan device. What each pod is told comes from our own answers: nothing but its route is configured.
/// </summary>
internal sealed class EngineBed : IDisposable
{
    private readonly Topology _topology = Topology.Create();
    private readonly OpenNamespace _inside;
    private readonly XdpProgram _program;
    private readonly Port _portA, _portB, _uplink;

    public EngineBed(int workers)
    {
        Node = _topology.AddNamespace("node");
        (PodA, PodB) = (AddPod("a", SampleNode.PodA, V6.PodA), AddPod("b", SampleNode.PodB, V6.PodB));
        Remote = AddRemote();
        _inside = OpenNamespace.Open(Node.Path);
        Engine = new DataplaneEngine(
            new EngineOptions { Workers = workers, Frames = 16384, AffinityEntries = 64 }, Conntrack<IPv4Address>(workers), Conntrack<IPv6Address>(workers), new SampleNode().Build());
        _program = XdpProgram.Load(XdpObjects.Pod, XdpObjects.PodProgram);
        _portA = Connect(PortKind.Pod, "a0", 0);
        _portB = Connect(PortKind.Pod, "b0", 1);
        _uplink = Connect(PortKind.Uplink, "u0", 2);
        Publish();
        foreach (var (pod, _) in Pods) pod.Ip("link set eth0 up");
        foreach (var (pod, addresses) in Pods)
        {
            // A veth's far end has its carrier by now; duplicate address detection is off, since nobody answers it.
            pod.Ip($"route add {SampleNode.Gateway} dev eth0");
            pod.Ip($"route add default via {SampleNode.Gateway} mtu {SampleNode.PathMtu} src {addresses.V4}");
            pod.Ip($"-6 route add {V6.Gateway} dev eth0");
            pod.Ip($"-6 route add default via {V6.Gateway} mtu {SampleNode.PathMtu} src {addresses.V6}");
        }
    }

    public NetworkNamespace Node { get; }

    public NetworkNamespace PodA { get; }

    public NetworkNamespace PodB { get; }

    /// <summary>A pod of another node, and that node's stack: its address is on the vxlan device.</summary>
    public NetworkNamespace Remote { get; }

    public DataplaneEngine Engine { get; }

    private (NetworkNamespace Pod, (IPv4Address V4, IPv6Address V6) Addresses)[] Pods => [(PodA, (SampleNode.PodA, V6.PodA)), (PodB, (SampleNode.PodB, V6.PodB))];

    /// <summary>Publishes the node's tables; without an address of IPv6 for the second pod, if told so.</summary>
    public void Publish(bool podBHasV6 = true)
    {
        var (v4, v6) = (new SampleNode { Host = 0, Uplink = _uplink.Id }, new V6());
        Replace(v4.Endpoints, SampleNode.PodA, SampleNode.PodB, true);
        Replace(v6.Endpoints, V6.PodA, V6.PodB, podBHasV6);
        Engine.Publish(SampleNode.BuildBoth(v4, v6));
    }

    /// <summary>A socket of a pod.</summary>
    public static Socket Open(NetworkNamespace pod, AddressFamily family, SocketType type)
    {
        using var inside = OpenNamespace.Open(pod.Path);
        return inside.Run(() => new Socket(family, type, type == SocketType.Stream ? ProtocolType.Tcp : ProtocolType.Udp));
    }

    /// <summary>Packets of pods that all workers dropped for a reason.</summary>
    public ulong Dropped(DropReason reason, TrafficDirection direction) => Engine.Workers.Aggregate(0ul, (sum, w) => sum + w.Counters.Dropped(reason, direction));

    public void Dispose()
    {
        Engine.Dispose();
        _program.Dispose();
        _inside.Dispose();
        _topology.Dispose();
    }

    private void Replace<TAddress>(List<Endpoint<TAddress>> endpoints, TAddress a, TAddress b, bool withB)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        endpoints.Clear();
        endpoints.Add(new(a, _portA.Id, SampleNode.MacOf(SampleNode.PodA), SampleNode.PodAIdentity, SampleNode.OpenPolicy));
        if (withB) endpoints.Add(new(b, _portB.Id, SampleNode.MacOf(SampleNode.PodB), SampleNode.PodBIdentity, SampleNode.OpenPolicy));
    }

    private NetworkNamespace AddPod(string name, IPv4Address v4, IPv6Address v6)
    {
        var pod = _topology.AddNamespace(name);
        Command.Run("ip", "link", "add", $"{name}0", "netns", Node.Name, "mtu", "65535", "type", "veth", "peer", "name", "eth0", "netns", pod.Name, "mtu", "65535");
        pod.Ip($"link set eth0 address {SampleNode.MacOf(v4)}");
        // As for pods of ours: XDP does not see where datagrams end.
        pod.Run("ethtool", "-K", "eth0", "tx-udp-segmentation", "off");
        pod.Sysctl("net.ipv6.conf.eth0.accept_dad", "0");
        pod.Sysctl("net.ipv6.conf.eth0.disable_ipv6", "0");
        pod.AddAddress("eth0", $"{v4}/32");
        pod.Ip($"-6 address add {v6}/128 dev eth0 nodad");
        return pod;
    }

    private NetworkNamespace AddRemote()
    {
        var remote = _topology.AddNamespace("remote");
        _topology.Link(Node, "u0", remote, "eth0");
        remote.Ip($"link set eth0 address {SampleNode.NextHopMac}");
        remote.Run("ethtool", "-K", "eth0", "tx", "off", "tso", "off", "gso", "off", "gro", "off"); // like a wire
        remote.AddAddress("eth0", $"{SampleNode.RemoteNode}/24");
        remote.Ip($"neigh replace {SampleNode.NodeAddress} lladdr {SampleNode.UplinkMac} dev eth0");
        remote.Ip($"link add vx0 address {SampleNode.RemoteVtepMac} type vxlan id {SampleNode.Vni} dstport {SampleNode.VxlanPort} local {SampleNode.RemoteNode} dev eth0 nolearning");
        remote.Run("bridge", "fdb", "add", SampleNode.VtepMac.ToString(), "dev", "vx0", "dst", SampleNode.NodeAddress.ToString());
        remote.Sysctl("net.ipv6.conf.vx0.accept_dad", "0");
        remote.Sysctl("net.ipv6.conf.vx0.disable_ipv6", "0");
        remote.Ip("link set vx0 up");
        remote.AddAddress("vx0", $"{SampleNode.RemotePod}/32");
        remote.Ip($"-6 address add {V6.RemotePod}/128 dev vx0 nodad");
        foreach (var (pods, far) in new[] { ("10.244.1.0/24", SampleNode.Gateway.ToString()), ("fd00:10:244:1::/64", V6.Gateway.ToString()) })
        {
            remote.Ip($"neigh replace {far} lladdr {SampleNode.VtepMac} dev vx0");
            remote.AddRoute($"{pods} via {far} dev vx0 onlink");
        }
        return remote;
    }

    private Port Connect(PortKind kind, string device, uint slot)
    {
        int ifindex = _inside.Run(() => InterfaceName.ToIndex(device));
        var port = _inside.Run(() =>
        {
            _program.Attach(ifindex, XdpMode.Generic);
            return Engine.AddPort(kind, device, ifindex, 0, new XskSocketOptions());
        });
        _program.Map("xsks").Update(slot, port.Socket.Fd);
        _program.Map("ports").Update((uint)ifindex, slot);
        Node.Ip($"link set {device} up");
        return port;
    }

    private static ConntrackTable<TAddress> Conntrack<TAddress>(int workers)
        where TAddress : unmanaged, IIpAddress<TAddress> =>
        new(AlignedMemory.Allocate(ConntrackTable<TAddress>.RequiredBytes(4096, workers)), 4096, workers, 1, new ConntrackTimeouts());
}
