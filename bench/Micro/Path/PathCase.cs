using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Tables;
using Dataplane.Testing.Packets;

namespace Dataplane.Bench.Micro.Path;

/// <summary>A packet of a hot flow, and how to make a million such flows of it.</summary>
internal sealed class PathCase
{
    private const int PortsPerAddress = 60_000;
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

    public static PathCase ByName(string name) => name switch
    {
        "pod-pod" => new(name, PacketOrigin.Pod, SampleNode.PodAPort, SampleNode.PodB.Value, 30, EthernetAndIp, PacketCases.PodToPod()),
        "pod-ClusterIP-pod" => new(name, PacketOrigin.Pod, SampleNode.PodAPort, ServiceAddress(local: true, 0), 30, EthernetAndIp, PacketCases.PodToServiceOnThisNode()),
        "pod-ClusterIP-VXLAN" => new(name, PacketOrigin.Pod, SampleNode.PodAPort, ServiceAddress(local: false, 0), 30, EthernetAndIp, PacketCases.PodToServiceOnAnotherNode()),
        "pod-ClusterIP-VXLAN, 1400 B, partial" => new(name, PacketOrigin.Pod, SampleNode.PodAPort, ServiceAddress(local: false, 0), 30, EthernetAndIp, PacketCases.All().Single(c => c.Name == "partial checksum to another node")) { IsPartial = true },
        "VXLAN-pod" => new(name, PacketOrigin.Overlay, SampleNode.UplinkPort, new IPv4Address(10, 244, 2, 20).Value, Tunnel + 26, Tunnel + EthernetAndIp, PacketCases.OverlayToPod()),
        _ => throw new ArgumentException(name),
    };

    public PathFlow Flow(int index)
    {
        var address = IPv4Address.FromHost(_firstAddress + (uint)(index / PortsPerAddress));
        ushort sum = IsPartial ? Checksum.Fold(Checksum.PseudoHeader(SampleNode.PodA, address, IpProtocol.Tcp, Packet.Length - EthernetAndIp)) : (ushort)0;
        return new PathFlow(address, (ushort)(1024 + index % PortsPerAddress), sum);
    }

    /// <summary>Tables with a service per address, each with a backend port of its own; "pod-pod" has only one address.</summary>
    public DataplaneTables BuildTables()
    {
        var node = new SampleNode();
        for (ushort i = 0; i < 20; i++)
        {
            node.Services[(IPv4Address.FromHost(ServiceAddress(true, i)), IpProtocol.Tcp, 80)] = [SampleNode.At(SampleNode.PodB, (ushort)(8000 + i))];
            node.Services[(IPv4Address.FromHost(ServiceAddress(false, i)), IpProtocol.Tcp, 80)] = [SampleNode.At(SampleNode.RemotePod, (ushort)(8000 + i))];
        }
        return node.Build();
    }

    private static uint ServiceAddress(bool local, int index) => new IPv4Address(10, 96, (byte)(local ? 1 : 2), 0).Value + (uint)index;
}
