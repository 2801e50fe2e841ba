using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Tables;
using Dataplane.Testing.Packets;

namespace Dataplane.Bench.Micro.Path;

/// <summary>A packet of a hot flow, and how to make a million such flows of it.</summary>
internal sealed class PathCase
{
    private const int PortsPerAddress = 60_000;

    // A pool of ports serves 16,384 flows to one destination, and destinations share pools by chance: a million masqueraded flows need many of them.
    private const int MasqueradedBackends = 500, MasqueradedPortsPerAddress = 2_000;
    private const int EthernetAndIp = EthernetHeader.Size + IPv4Header.Size, Tunnel = 50;

    private readonly uint _firstAddress;

    private PathCase(string name, PacketOrigin origin, ushort port, uint firstAddress, int addressOffset, int portOffset, PacketCase packet)
    {
        (Name, Origin, Port, _firstAddress, AddressOffset, PortOffset) = (name, origin, port, firstAddress, addressOffset, portOffset);
        Packet = packet.Frame;
        Opening = packet.Before[^1].Frame;
    }

    public string Name { get; }

    public PacketOrigin Origin { get; }

    public ushort Port { get; }

    /// <summary>Where the address stands that differs between flows, and the source port.</summary>
    public int AddressOffset { get; }

    public int PortOffset { get; }

    /// <summary>A packet of the flow, and the one that opens it.</summary>
    public byte[] Packet { get; }

    public byte[] Opening { get; }

    /// <summary>The TCP checksum is the pseudo-header's sum.</summary>
    public bool IsPartial { get; private init; }

    private int FlowsPerAddress { get; init; } = PortsPerAddress;

    private Func<SampleNodeOf<IPv4Address>> Node { get; init; } = WithClusterServices;

    public static PathCase ByName(string name) => name switch
    {
        "pod-pod" => new(name, PacketOrigin.Pod, SampleNode.PodAPort, SampleNode.PodB.Value, 30, EthernetAndIp, PacketCases.PodToPod()),
        "pod-ClusterIP-pod" => new(name, PacketOrigin.Pod, SampleNode.PodAPort, ServiceAddress(local: true, 0), 30, EthernetAndIp, PacketCases.PodToServiceOnThisNode()),
        "pod-ClusterIP-VXLAN" => new(name, PacketOrigin.Pod, SampleNode.PodAPort, ServiceAddress(local: false, 0), 30, EthernetAndIp, PacketCases.PodToServiceOnAnotherNode()),
        "pod-ClusterIP-VXLAN, 1400 B, partial" => new(name, PacketOrigin.Pod, SampleNode.PodAPort, ServiceAddress(local: false, 0), 30, EthernetAndIp, PacketCases.All().Single(c => c.Name == "partial checksum to another node")) { IsPartial = true },
        "VXLAN-pod" => new(name, PacketOrigin.Uplink, SampleNode.UplinkPort, new IPv4Address(10, 244, 2, 20).Value, Tunnel + 26, Tunnel + EthernetAndIp, PacketCases.OverlayToPod()),
        "uplink-NodePort-pod" => new(name, PacketOrigin.Uplink, SampleNode.UplinkPort, SampleNode.World.Value, 26, EthernetAndIp, FromClient()) { Node = () => WithNodePort(SampleNode.PodB, 1) },
        "uplink-NodePort-VXLAN, masqueraded" => new(name, PacketOrigin.Uplink, SampleNode.UplinkPort, SampleNode.World.Value, 26, EthernetAndIp, FromClient()) { Node = () => WithNodePort(SampleNode.RemotePod, MasqueradedBackends) },
        "pod-world, masqueraded" => new(name, PacketOrigin.Pod, SampleNode.PodAPort, SampleNode.World.Value, 30, EthernetAndIp, ToWorld()) { FlowsPerAddress = MasqueradedPortsPerAddress, Node = () => new SampleServices().Node },
        _ => throw new ArgumentException(name),
    };

    public PathFlow Flow(int index)
    {
        var address = IPv4Address.FromHost(_firstAddress + (uint)(index / FlowsPerAddress));
        ushort sum = IsPartial ? Checksum.Fold(Checksum.PseudoHeader(SampleNode.PodA, address, IpProtocol.Tcp, Packet.Length - EthernetAndIp)) : (ushort)0;
        return new PathFlow(address, (ushort)(1024 + index % FlowsPerAddress), sum);
    }

    /// <summary>Tables that all flows of the case are carried by.</summary>
    public DataplaneTables BuildTables() => Node().Build();

    // A service per address, each with a backend port of its own; "pod-pod" has only one address.
    private static SampleNodeOf<IPv4Address> WithClusterServices()
    {
        var node = new SampleNode();
        for (ushort i = 0; i < 20; i++)
        {
            node.Services[(IPv4Address.FromHost(ServiceAddress(true, i)), IpProtocol.Tcp, 80)] = [SampleNode.At(SampleNode.PodB, (ushort)(8000 + i))];
            node.Services[(IPv4Address.FromHost(ServiceAddress(false, i)), IpProtocol.Tcp, 80)] = [SampleNode.At(SampleNode.RemotePod, (ushort)(8000 + i))];
        }
        return node;
    }

    private static SampleNodeOf<IPv4Address> WithNodePort(IPv4Address backend, int backends)
    {
        var node = new SampleServices().Node;
        var service = new Service<IPv4Address> { Id = 1, Cluster = SampleNode.Set([.. Enumerable.Range(0, backends).Select(i => SampleNode.At(backend, (ushort)(8000 + i)))]), Local = SampleNode.Set() };
        node.Frontends.Add(new(default, IpProtocol.Tcp, SampleServices.NodePort, FrontendKind.NodePort, service));
        return node;
    }

    private static PacketCase FromClient() => Tcp(PacketOrigin.Uplink, SampleNode.UplinkPort, SampleNode.World, SampleNode.NodeAddress, SampleServices.NodePort);

    private static PacketCase ToWorld() => Tcp(PacketOrigin.Pod, SampleNode.PodAPort, SampleNode.PodA, SampleNode.World, 443);

    private static PacketCase Tcp(PacketOrigin origin, ushort port, IPv4Address from, IPv4Address to, int toPort)
    {
        PacketCase Packet(int flags) => new("tcp", origin, port, PacketBuilder.IPv4(from, to).Tcp(40_000, toPort, flags).Build(), VerdictKind.Forward);
        return Packet(TcpHeader.Ack) with { Before = [Packet(TcpHeader.Syn)] };
    }

    private static uint ServiceAddress(bool local, int index) => new IPv4Address(10, 96, (byte)(local ? 1 : 2), 0).Value + (uint)index;
}
