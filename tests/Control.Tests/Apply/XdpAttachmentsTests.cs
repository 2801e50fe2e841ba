using System.Net;
using System.Net.Sockets;
using Dataplane.Control.Apply;
using Dataplane.Packets;
using Dataplane.Testing;
using Xdp.Interop;
using Xdp.Interop.Links;
using Xunit;
using NetworkNamespace = Xdp.Interop.Links.NetworkNamespace;

namespace Dataplane.Control.Tests.Apply;

/// <summary>The uplinks' program on real devices with several queues.</summary>
public sealed class XdpAttachmentsTests
{
    private const int Queues = 4, Datagrams = 200;
    private const ushort Port = 4789;

    [RequiresRootFact]
    public void FramesOfEveryQueueOfEveryUplinkReachTheSocketOfThatQueue()
    {
        using var box = new ApplySandbox();
        using var programs = box.Node.Run(() => new XdpAttachments());
        using var umem = Umem.Create(1024);
        var first = new Wire(box, programs, umem, 1, Queues);
        var second = new Wire(box, programs, umem, 2, 1);
        programs.Steering.Apply(new UplinkSteeringSpec
        {
            VxlanPort = Port,
            Vni = 7,
            Devices = new HashSet<DeviceAddress> { first.Address, second.Address },
            Addresses = new Dictionary<IPv4Address, UplinkAddressUse> { [first.Ip] = UplinkAddressUse.Vxlan, [second.Ip] = UplinkAddressUse.Vxlan },
        });

        first.Send();
        second.Send();
        first.Expect(Datagrams);
        second.Expect(Datagrams);
        Assert.True(first.UsedQueues > 1, "all datagrams came by one queue: nothing was tested");

        // A third takes the place of one that has gone, and not more.
        box.Node.Run(() => programs.Detach(second.Address.Ifindex, deviceIsGone: false));
        var third = new Wire(box, programs, umem, 3, 2);
        programs.Steering.Apply(new UplinkSteeringSpec
        {
            VxlanPort = Port,
            Vni = 7,
            Devices = new HashSet<DeviceAddress> { first.Address, third.Address },
            Addresses = new Dictionary<IPv4Address, UplinkAddressUse> { [first.Ip] = UplinkAddressUse.Vxlan, [third.Ip] = UplinkAddressUse.Vxlan },
        });
        first.Send();
        third.Send();
        first.Expect(Datagrams);
        third.Expect(Datagrams);
    }

    [RequiresRootFact]
    public void AQueueThatThereWasNoRoomForIsRefusedWithTheRemedy()
    {
        using var box = new ApplySandbox();
        using var programs = box.Node.Run(() => new XdpAttachments());
        using var umem = Umem.Create(1024);
        var failure = Assert.Throws<XdpException>(() => new Wire(box, programs, umem, 1, sockets: 2, room: 1));
        Assert.Contains("restart", failure.Remedy, StringComparison.Ordinal);
    }

    /// <summary>An uplink of the node with its sockets, and a host at the other end.</summary>
    private sealed class Wire
    {
        private readonly XskSocket[] _sockets;
        private readonly NetworkNamespace _outside;
        private readonly int[] _seen;

        public Wire(ApplySandbox box, XdpAttachments programs, Umem umem, int number, int sockets, int? room = null)
        {
            string name = $"up{number}";
            _outside = box.AddNamespace();
            ApplySandbox.Exec(box.Node, "ip", "link", "add", name, "numrxqueues", $"{sockets}", "numtxqueues", $"{sockets}", "type", "veth",
                "peer", "name", "eth0", "numrxqueues", $"{sockets}", "numtxqueues", $"{sockets}", "netns", _outside.Path);
            ApplySandbox.Exec(box.Node, "ip", "addr", "add", $"192.0.{number}.1/24", "dev", name);
            ApplySandbox.Exec(_outside, "ip", "addr", "add", $"192.0.{number}.9/24", "dev", "eth0");
            var link = box.Netlink.Links.Get(name);
            Address = new DeviceAddress(link.Index, new MacAddress(link.MacAddress.GetAddressBytes()));
            Ip = IPv4Address.Parse($"192.0.{number}.1");
            _seen = new int[sockets];
            _sockets = box.Node.Run(() =>
            {
                programs.AttachUplink(link.Index, XdpMode.Generic, room ?? sockets);
                return Enumerable.Range(0, sockets).Select(queue => box.Own(XskSocket.Open(umem, link.Index, (uint)queue, new XskSocketOptions()))).ToArray();
            });
            uint frame = (uint)number * 256;
            foreach (var socket in _sockets)
            {
                programs.Connect(link.Index, socket);
                uint count = (uint)(256 / sockets);
                socket.Fill.Reserve(count, out uint at);
                for (uint i = 0; i < count; i++) socket.Fill[at + i] = frame++ * Umem.FrameSize;
                socket.Fill.Submit(count);
            }
            box.Netlink.Links.SetUp(link.Index);
            ApplySandbox.Exec(_outside, "ip", "link", "set", "eth0", "up");
        }

        public DeviceAddress Address { get; }

        public IPv4Address Ip { get; }

        public int UsedQueues => _seen.Count(count => count > 0);

        /// <summary>Each from another port, so that they spread over the queues.</summary>
        public void Send()
        {
            byte[] tunnel = [8, 0, 0, 0, 0, 0, 7, 0];
            Array.Clear(_seen);
            for (int i = 0; i < Datagrams; i++)
            {
                using var socket = _outside.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
                socket.SendTo(tunnel, new IPEndPoint(IPAddress.Parse(Ip.ToString()), Port));
                if (i == 0) Assert.True(SpinWait.SpinUntil(() => Take() == 1, TimeSpan.FromSeconds(5)), "nothing came"); // ARP would hold back, and drop, what follows
                else Take();
            }
        }

        public void Expect(int datagrams)
        {
            SpinWait.SpinUntil(() => Take() >= datagrams, TimeSpan.FromSeconds(3));
            Assert.Equal(datagrams, _seen.Sum());
        }

        // All that came so far. Frames go back into the ring of their socket.
        private int Take()
        {
            for (int queue = 0; queue < _sockets.Length; queue++)
            {
                var socket = _sockets[queue];
                uint count = socket.Rx.Peek(64, out uint first);
                if (count == 0) continue;
                socket.Fill.Reserve(count, out uint at);
                for (uint i = 0; i < count; i++) socket.Fill[at + i] = socket.Rx[first + i].Address / Umem.FrameSize * Umem.FrameSize;
                socket.Fill.Submit(count);
                socket.Rx.Release(count);
                _seen[queue] += (int)count;
            }
            return _seen.Sum();
        }
    }
}
