using System.Net;
using System.Net.Sockets;
using Dataplane.Control.Apply;
using Dataplane.Control.Compile;
using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing;
using Xdp.Interop;
using Xunit;

namespace Dataplane.Control.Tests.Apply;

/// <summary>K27: the steering's maps of IPv6, with the real program.</summary>
public sealed class UplinkSteeringV6Tests : IDisposable
{
    private static readonly IPv6Address Node = IPv6Address.Parse("2001:db8::1"), Second = IPv6Address.Parse("2001:db8::2"), External = IPv6Address.Parse("2001:db8:e::7");
    private readonly XdpProgram? _program = Privileges.MissingForNetworkNamespaces is null ? XdpProgram.Load(XdpObjects.Uplink, XdpObjects.UplinkProgram) : null;

    private XdpProgram Program => _program!;

    public void Dispose() => _program?.Dispose();

    [RequiresRootFact]
    public void K27_EachFamilyHasItsMaps()
    {
        var steering = new UplinkSteering(Program);
        steering.Apply(new UplinkSteeringSpec
        {
            Addresses = new Dictionary<IPv4Address, UplinkAddressUse> { [IPv4Address.Parse("192.0.2.1")] = UplinkAddressUse.NodePort },
            AddressesV6 = new Dictionary<IPv6Address, UplinkAddressUse>
            {
                [Node] = UplinkAddressUse.NodePort | UplinkAddressUse.Nat, [Second] = UplinkAddressUse.NodePort, [External] = UplinkAddressUse.None,
            },
            Frontends = new HashSet<ExternalFrontend<IPv4Address>> { new(default, 30080, IpProtocol.Tcp) },
            FrontendsV6 = new HashSet<ExternalFrontend<IPv6Address>> { new(default, 30080, IpProtocol.Tcp), new(External, 443, IpProtocol.Udp) },
        });
        // Bytes as uplink6.h declares them: the port in network order.
        Assert.Equal([$"{Node} 6", $"{Second} 2"], Addresses());
        Assert.Equal([new string('0', 32) + "75800600", "20010DB8000E0000000000000000000701BB1100"], Frontends());
        Assert.Equal((3, 262_144, 262_144), (steering.Frontends, steering.FrontendRoom, steering.FrontendRoomV6));
        Assert.Single(Program.Map("frontends").Keys<ulong>());

        // A successor that has no IPv6 takes it away.
        var successor = new UplinkSteering(Program);
        Assert.Equal(3, successor.Frontends);
        successor.Apply(new UplinkSteeringSpec { Frontends = new HashSet<ExternalFrontend<IPv4Address>> { new(default, 30080, IpProtocol.Tcp) } });
        Assert.Empty(Addresses());
        Assert.Empty(Frontends());
        Assert.Equal(1, successor.Frontends);
    }

    [RequiresRootFact]
    public void K27_WhatDoesNotFitOfOneFamilyLeavesTheOtherInForce()
    {
        var steering = new UplinkSteering(Program);
        var addresses = Enumerable.Range(0, 258).ToDictionary(i => IPv6Address.FromHost(0x2001_0db8_0000_0000, (ulong)i), _ => UplinkAddressUse.NodePort);
        var failure = Assert.Throws<XdpException>(() => steering.Apply(new UplinkSteeringSpec
        {
            Addresses = new Dictionary<IPv4Address, UplinkAddressUse> { [IPv4Address.Parse("192.0.2.1")] = UplinkAddressUse.NodePort },
            AddressesV6 = addresses,
            Frontends = new HashSet<ExternalFrontend<IPv4Address>> { new(default, 1, IpProtocol.Tcp) },
            FrontendsV6 = new HashSet<ExternalFrontend<IPv6Address>> { new(default, 1, IpProtocol.Tcp) },
        }));
        Assert.Contains("2 of 258 node addresses", failure.Message, StringComparison.Ordinal);
        Assert.Contains("2001:db8::100, 2001:db8::101 did not fit (there is room for 256)", failure.Remedy, StringComparison.Ordinal);
        Assert.Equal(2, steering.Frontends);
        Assert.Single(Program.Map("node_addresses").Keys<IPv4Address>());
    }

    [RequiresRootFact]
    public void K27_FramesOfANodePortAreSteeredFromThenOn()
    {
        using var box = new ApplySandbox();
        var client = box.AddNamespace();
        box.Netlink.Links.CreateVeth(new() { Name = "up0", PeerName = "eth0", PeerNamespace = client });
        var uplink = box.Netlink.Links.Get("up0");
        using var umem = Umem.Create(64);
        using var socket = box.Node.Run(() =>
        {
            Program.Attach(uplink.Index, XdpMode.Generic);
            return XskSocket.Open(umem, uplink.Index, 0, new XskSocketOptions());
        });
        Program.Map("xsks").Update(0u, socket.Fd);
        Program.Map("ports").Update((uint)uplink.Index, 0u);
        socket.Fill.Reserve(32, out uint first);
        for (uint i = 0; i < 32; i++) socket.Fill[first + i] = i * Umem.FrameSize;
        socket.Fill.Submit(32);
        ApplySandbox.Exec(box.Node, "ip", "link", "set", "up0", "up");
        ApplySandbox.Exec(client, "ip", "link", "set", "eth0", "up");
        ApplySandbox.Exec(box.Node, "ip", "addr", "add", $"{Node}/64", "dev", "up0", "nodad");
        ApplySandbox.Exec(client, "ip", "addr", "add", $"{Second}/64", "dev", "eth0", "nodad");
        Assert.True(box.Netlink.Routes.WaitUntilLocal(FieldParser.From(Node), TimeSpan.FromSeconds(5)));
        using var sender = client.Run(() => new UdpClient(AddressFamily.InterNetworkV6));
        using var listener = box.Node.Run(() => new UdpClient(new IPEndPoint(IPAddress.IPv6Any, 30053)));
        listener.Client.ReceiveTimeout = 5000;
        var target = new IPEndPoint(FieldParser.From(Node), 30053);

        var steering = new UplinkSteering(Program);
        var spec = new UplinkSteeringSpec
        {
            Devices = new HashSet<DeviceAddress> { new(uplink.Index, new MacAddress(uplink.MacAddress.GetAddressBytes())) },
            AddressesV6 = new Dictionary<IPv6Address, UplinkAddressUse> { [Node] = UplinkAddressUse.NodePort },
        };
        steering.Apply(spec);
        sender.Send([1], target);
        IPEndPoint? from = null;
        Assert.Equal([1], listener.Receive(ref from)); // the node's own, so far

        steering.Apply(spec with { FrontendsV6 = new HashSet<ExternalFrontend<IPv6Address>> { new(default, 30053, IpProtocol.Udp) } });
        sender.Send([2], target);
        Assert.True(SpinWait.SpinUntil(() => socket.Rx.Outstanding == 1, TimeSpan.FromSeconds(5)));

        steering.Apply(spec);
        sender.Send([3], target);
        Assert.Equal([3], listener.Receive(ref from));
        Assert.Equal(1u, socket.Rx.Outstanding);
    }

    private IEnumerable<string> Addresses() => Program.Map("node_addresses6").Keys<IPv6Address>().Order().Select(key =>
    {
        Assert.True(Program.Map("node_addresses6").TryLookup(key, out byte use));
        return $"{key} {use}";
    });

    private IEnumerable<string> Frontends() => Program.Map("frontends6").Keys<Key>().Select(key =>
    {
        Span<byte> bytes = stackalloc byte[20];
        System.Runtime.InteropServices.MemoryMarshal.Write(bytes, in key);
        return Convert.ToHexString(bytes);
    }).Order(StringComparer.Ordinal);

    private readonly record struct Key(IPv6Address Address, uint PortAndProtocol);
}
