using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using OpenNamespace = Xdp.Interop.Links.NetworkNamespace;

namespace Xdp.Interop.Tests;

/// <summary>A node (10.9.0.9) whose device v0 plays the uplink, with the uplink program and a socket; pod 0 plays the network.</summary>
internal sealed class UplinkBed : IDisposable
{
    private readonly Socket _sender;

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
        Program.Map("node_addresses").Update(BitConverter.ToUInt32(IPAddress.Parse("10.9.0.9").GetAddressBytes()), (byte)1);
        Configure(vxlanPort: 4789, nativeRouting: 0);
        Bed.Refill(Socket, PortBed.FramesPerPort);
        Bed.Node.AddAddress("v0", "10.9.0.9/24");
        Bed.Node.AddAddress("v0", "10.9.0.8/24");
        Bed.Node.Ip("link set v0 up");
        Bed.Pods[0].Ip("link set eth0 up");
        using var inside = OpenNamespace.Open(Bed.Pods[0].Path);
        _sender = inside.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        // Fragments and large frames must leave as they are told, not as the path MTU says.
        _sender.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.DontFragment, false);
    }

    public PortBed Bed { get; }

    public XdpProgram Program { get; }

    public XskSocket Socket { get; }

    /// <summary>Writes struct uplink_config.</summary>
    public void Configure(ushort vxlanPort, ushort nativeRouting)
    {
        Span<byte> value = stackalloc byte[4];
        BinaryPrimitives.WriteUInt16BigEndian(value, vxlanPort);
        BitConverter.TryWriteBytes(value[2..], nativeRouting);
        Program.Map("config").Update(0u, BitConverter.ToUInt32(value));
    }

    public void SendUdp(string address, int port, int bytes) =>
        _sender.SendTo(new byte[bytes], new IPEndPoint(IPAddress.Parse(address), port));

    /// <summary>Waits until no more frames come, and returns how many came.</summary>
    public uint TakeReceived()
    {
        SpinWait.SpinUntil(() => Socket.Rx.Outstanding > 0, TimeSpan.FromSeconds(5));
        Thread.Sleep(100); // ARP may hold frames back; late ones would be counted by the next call
        uint count = Socket.Rx.Peek(1024, out _);
        Socket.Rx.Release(count);
        return count;
    }

    public void Dispose()
    {
        _sender.Dispose();
        Bed.Dispose();
    }
}
