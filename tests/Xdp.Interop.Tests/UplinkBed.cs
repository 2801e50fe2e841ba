using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Xunit;
using OpenNamespace = Xdp.Interop.Links.NetworkNamespace;

namespace Xdp.Interop.Tests;

/// <summary>A node (10.9.0.9) whose device v0 plays the uplink, with the uplink program and a socket; pod 0 plays the network.</summary>
internal sealed class UplinkBed : IDisposable
{
    /// <summary>enum address_flag of uplink.bpf.c.</summary>
    public const byte Vxlan = 1, NodePort = 2, Nat = 4;

    /// <summary>enum frontend_state of uplink.bpf.c.</summary>
    public const byte Served = 1, Lingers = 2;

    /// <summary>The network of the node's tunnels.</summary>
    public const uint Vni = 0x010203;

    private const int Size6 = IPv6Address.Size;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private readonly Socket _sender;
    private readonly Socket _wire;
    private readonly Socket _tap;
    private readonly LinkEndPoint _wireEnd;

    public UplinkBed(XdpMode mode)
    {
        Bed = new PortBed(1);
        int ifindex = Bed.IfindexOf(0);
        Program = Bed.Own(XdpProgram.Load(XdpObjects.Uplink, XdpObjects.UplinkProgram));
        Socket = Bed.Own(Bed.InNode(() =>
        {
            Program.Attach(ifindex, mode);
            return XskSocket.Open(Bed.Umem, ifindex, 0, new XskSocketOptions());
        }));
        Program.Map("xsks").Update(0u, Socket.Fd);
        Program.Map("ports").Update((uint)ifindex, 0u);
        foreach (var mac in (MacAddress[])[new(Bed.NodeMacOf(0)), SampleNode.GatewayMac, Frame6.Mac]) SetDeviceAddress(mac); // what tests send frames to
        SetAddress("10.9.0.9", Vxlan);
        Configure(vxlanPort: 4789);
        Bed.Refill(Socket, PortBed.FramesPerPort);
        Bed.Node.AddAddress("v0", "10.9.0.9/24");
        Bed.Node.AddAddress("v0", "10.9.0.8/24");
        Bed.Node.Ip("link set v0 up");
        Bed.Pods[0].Ip("link set eth0 up");
        using var inside = OpenNamespace.Open(Bed.Pods[0].Path);
        _wireEnd = new LinkEndPoint(inside.Run(() => InterfaceName.ToIndex("eth0")));
        _wire = inside.Run(() => new Socket(AddressFamily.Packet, SocketType.Raw, 0));
        _tap = Bed.InNode(() => new Socket(AddressFamily.Packet, SocketType.Raw, (ProtocolType)LinkEndPoint.AllProtocols));
        _sender = inside.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        // Fragments and large frames must leave as they are told, not as the path MTU says.
        _sender.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.DontFragment, false);
    }

    public PortBed Bed { get; }

    public XdpProgram Program { get; }

    public XskSocket Socket { get; }

    /// <summary>Writes struct uplink_config.</summary>
    public void Configure(ushort vxlanPort = 0, ushort nativeRouting = 0, ushort natFirst = 0, ushort natLast = 0)
    {
        ushort networkPort = BinaryPrimitives.ReverseEndianness(vxlanPort);
        Program.Map("config").Update(0u, new UplinkConfig(networkPort, nativeRouting, natFirst, natLast, Vni));
    }

    /// <summary>Has the device take frames at an Ethernet address (struct device_address).</summary>
    public void SetDeviceAddress(MacAddress mac) => Program.Map("device_addresses").Update(new DeviceAddress((uint)Bed.IfindexOf(0), mac, 0), (byte)1);

    /// <summary>A VXLAN header and what is behind it.</summary>
    public static byte[] InTunnel(int bytes, uint vni = Vni, byte flags = 8)
    {
        var payload = new byte[bytes];
        payload[0] = flags;
        BinaryPrimitives.WriteUInt32BigEndian(payload.AsSpan(4), vni << 8);
        return payload;
    }

    /// <summary>Says what an address of the node is for.</summary>
    public void SetAddress(string address, byte flags)
    {
        byte[] bytes = IPAddress.Parse(address).GetAddressBytes();
        if (bytes.Length == Size6) Program.Map("node_addresses6").Update(IPv6Address.Read(bytes), flags);
        else Program.Map("node_addresses").Update(IPv4Address.Read(bytes), flags);
    }

    /// <summary>Adds a frontend (struct frontend or frontend6).</summary>
    public void AddFrontend(string address, ushort port, byte protocol, byte state = Served)
    {
        byte[] bytes = IPAddress.Parse(address).GetAddressBytes();
        uint portAndProtocol = BinaryPrimitives.ReverseEndianness(port) | (uint)protocol << 16;
        if (bytes.Length == Size6) Program.Map("frontends6").Update(new FrontendKey<IPv6Address>(IPv6Address.Read(bytes), portAndProtocol), state);
        else Program.Map("frontends").Update(new FrontendKey<IPv4Address>(IPv4Address.Read(bytes), portAndProtocol), state);
    }

    /// <summary>Sends what is VXLAN if the port is.</summary>
    public void SendUdp(string address, int port, int bytes) =>
        _sender.SendTo(InTunnel(bytes), new IPEndPoint(IPAddress.Parse(address), port));

    /// <summary>Sends a frame from the network.</summary>
    public void Send(byte[] frame) => _wire.SendTo(frame, _wireEnd);

    /// <summary>Sends a frame from the network and tells who got it: true for our socket, false for the node's own stack.</summary>
    public bool IsTaken(byte[] frame)
    {
        Send(frame);
        byte[] seen = new byte[65536];
        bool? taken = null;
        Assert.True(SpinWait.SpinUntil(() => (taken = FromSocket(frame) ? true : FromTap(frame, seen) ? false : null) is not null, Patience), "the frame came nowhere");
        return taken!.Value;
    }

    /// <summary>Waits until no more frames come, and returns how many came.</summary>
    public uint TakeReceived()
    {
        SpinWait.SpinUntil(() => Socket.Rx.Outstanding > 0, Patience);
        Thread.Sleep(100); // ARP may hold frames back; late ones would be counted by the next call
        uint count = Socket.Rx.Peek(1024, out _);
        Socket.Rx.Release(count);
        return count;
    }

    public void Dispose()
    {
        _tap.Dispose();
        _wire.Dispose();
        _sender.Dispose();
        Bed.Dispose();
    }

    private bool FromSocket(byte[] frame)
    {
        var received = new List<byte>();
        while (Socket.Rx.Peek(1, out uint index) > 0)
        {
            var descriptor = Socket.Rx[index];
            received.AddRange(Bed.Umem.Data(descriptor));
            Socket.Rx.Release(1);
            if (descriptor.IsContinued)
                continue;
            Assert.Equal(frame, received);
            return true;
        }
        return false;
    }

    // The tap also sees what the node sends.
    private bool FromTap(byte[] frame, byte[] seen)
    {
        while (_tap.Available > 0)
        {
            int length = _tap.Receive(seen);
            if (seen.AsSpan(0, length).SequenceEqual(frame))
                return true;
        }
        return false;
    }

    private readonly record struct UplinkConfig(ushort VxlanPort, ushort NativeRouting, ushort NatFirst, ushort NatLast, uint Vni);

    private readonly record struct DeviceAddress(uint Ifindex, MacAddress Mac, ushort Zero);

    private readonly record struct FrontendKey<TAddress>(TAddress Address, uint PortAndProtocol);
}
