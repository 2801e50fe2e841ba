using System.Net;
using System.Net.Sockets;
using Dataplane.Control.Compile;
using Dataplane.Control.Apply;
using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing;
using Xdp.Interop;
using Xdp.Interop.Links;
using Xunit;

namespace Dataplane.Control.Tests.Apply;

/// <summary>The steering's maps, with the real program.</summary>
public sealed class UplinkSteeringTests : IDisposable
{
    private const int Room = 262_144;
    private readonly XdpProgram? _program = Privileges.MissingForNetworkNamespaces is null ? XdpProgram.Load(XdpObjects.Uplink, XdpObjects.UplinkProgram) : null;

    private XdpProgram Program => _program!;

    public void Dispose() => _program?.Dispose();

    [RequiresRootFact]
    public void TheMapsHoldWhatIsWanted()
    {
        var steering = new UplinkSteering(Program);
        steering.Apply(new UplinkSteeringSpec
        {
            VxlanPort = 4789,
            Vni = 0x010203,
            NatPorts = (49152, 65535),
            Devices = new HashSet<DeviceAddress> { new(7, Mac("02:00:00:00:00:07")), new(8, Mac("02:00:00:00:00:07")) },
            Addresses = new Dictionary<IPv4Address, UplinkAddressUse>
            {
                [Ip("192.0.2.1")] = UplinkAddressUse.Vxlan | UplinkAddressUse.NodePort | UplinkAddressUse.Nat,
                [Ip("192.0.2.2")] = UplinkAddressUse.NodePort,
                [Ip("192.0.2.3")] = UplinkAddressUse.None,
            },
            Frontends = new HashSet<ExternalFrontend<IPv4Address>> { new(default, 30080, IpProtocol.Tcp), new(Ip("203.0.113.7"), 443, IpProtocol.Udp) },
        });
        // Bytes as uplink.bpf.c declares them: port in network order, then numbers in host order.
        Assert.Equal("12B5" + "0000" + "00C0" + "FFFF" + "03020100", Config());
        Assert.Equal(["07000000" + "020000000007" + "0000", "08000000" + "020000000007" + "0000"], Devices());
        Assert.Equal([(Ip("192.0.2.1"), (byte)7), (Ip("192.0.2.2"), (byte)2)], Addresses());
        Assert.Equal(["0000000075800600", "CB00710701BB1100"], Frontends());
        Assert.Equal(2, steering.Frontends);

        steering.Apply(new UplinkSteeringSpec
        {
            Addresses = new Dictionary<IPv4Address, UplinkAddressUse> { [Ip("192.0.2.2")] = UplinkAddressUse.Nat },
            Frontends = new HashSet<ExternalFrontend<IPv4Address>> { new(default, 30080, IpProtocol.Sctp) },
        });
        Assert.Equal(new string('0', 24), Config());
        Assert.Empty(Devices());
        Assert.Equal([(Ip("192.0.2.2"), (byte)4)], Addresses());
        Assert.Equal(["0000000075808400"], Frontends());
    }

    /// <summary>S5: with native routing the prefixes of this node's pods, of both families; without it none.</summary>
    [RequiresRootFact]
    public void S5_PacketsToPodsAreTakenWithNativeRoutingOnly()
    {
        new UplinkSteering(Program).Apply(new UplinkSteeringSpec { Pods = [IPNetwork.Parse("10.244.1.0/24"), IPNetwork.Parse("fd00:10:244:1::/64")] });
        Assert.Equal("0000" + "0100" + new string('0', 16), Config());
        Assert.Equal(["180000000AF40100"], Program.Map("local_pods").Keys<ulong>().Select(key => Convert.ToHexString(BitConverter.GetBytes(key))));
        Assert.Single(Program.Map("local_pods6").Keys<PodKey6>(), new PodKey6(64, IPv6Address.Parse("fd00:10:244:1::")));

        new UplinkSteering(Program).Apply(new UplinkSteeringSpec()); // a successor in another mode
        Assert.Equal(new string('0', 24), Config());
        Assert.Empty(Program.Map("local_pods").Keys<ulong>());
        Assert.Empty(Program.Map("local_pods6").Keys<PodKey6>());
    }

    [RequiresRootFact]
    public void ASuccessorStartsFromWhatTheMapsHold()
    {
        var spec = new UplinkSteeringSpec { Frontends = new HashSet<ExternalFrontend<IPv4Address>> { new(default, 1, IpProtocol.Tcp), new(default, 2, IpProtocol.Tcp) } };
        new UplinkSteering(Program).Apply(spec);
        var successor = new UplinkSteering(Program);
        Assert.Equal(2, successor.Frontends);
        successor.Apply(spec with { Frontends = new HashSet<ExternalFrontend<IPv4Address>> { new(default, 2, IpProtocol.Tcp) } });
        Assert.Equal(["0000000000020600"], Frontends());
    }

    [RequiresRootFact]
    public void FrontendsThatDoNotFitAreNamedAndAllOthersServed()
    {
        var steering = new UplinkSteering(Program);
        Assert.Equal(Room, Program.Map("frontends").MaxEntries);
        var frontends = Enumerable.Range(0, Room).Select(i => new ExternalFrontend<IPv4Address>(Ip($"10.1.{i >> 16}.1"), (ushort)i, IpProtocol.Tcp)).ToHashSet();
        steering.Apply(new UplinkSteeringSpec { Frontends = frontends });
        Assert.Equal(Room, steering.Frontends);

        var more = frontends.Append(new(Ip("203.0.113.7"), 443, IpProtocol.Tcp)).ToHashSet();
        var failure = Assert.Throws<XdpException>(() => steering.Apply(new UplinkSteeringSpec { VxlanPort = 4789, Frontends = more }));
        Assert.Equal(Errno.E2BIG, failure.Errno);
        Assert.Contains("1 of 262145 service frontends", failure.Message, StringComparison.Ordinal);
        Assert.Contains("203.0.113.7:443/tcp did not fit (there is room for 262144)", failure.Remedy, StringComparison.Ordinal);
        Assert.Equal(Room, Program.Map("frontends").Keys<ulong>().Count);
        Assert.StartsWith("12B5", Config(), StringComparison.Ordinal);

        // The service that stood in its way is gone.
        more.Remove(new(Ip("10.1.0.1"), 7, IpProtocol.Tcp));
        steering.Apply(new UplinkSteeringSpec { VxlanPort = 4789, Frontends = more });
        Assert.Contains("CB00710701BB0600", Frontends());
    }

    /// <summary>The same frontend, but packets that open a connection are the node's.</summary>
    [RequiresRootFact]
    public void K18_FrontendsThatLingerAreMarkedAndMayComeBack()
    {
        ExternalFrontend<IPv4Address> one = new(default, 30080, IpProtocol.Tcp), two = new(default, 30081, IpProtocol.Tcp);
        var steering = new UplinkSteering(Program);
        steering.Apply(new UplinkSteeringSpec { Frontends = new HashSet<ExternalFrontend<IPv4Address>> { one, two } });
        Assert.Equal([1, 1], States());
        steering.Apply(new UplinkSteeringSpec { Frontends = new HashSet<ExternalFrontend<IPv4Address>> { one, two }, Lingering = new HashSet<ExternalFrontend<IPv4Address>> { two } });
        Assert.Equal([1, 2], States());
        steering.Apply(new UplinkSteeringSpec { Frontends = new HashSet<ExternalFrontend<IPv4Address>> { one, two } });
        Assert.Equal([1, 1], States());

        IEnumerable<byte> States() => Program.Map("frontends").Keys<ulong>().OrderBy(key => BitConverter.GetBytes(key)[5]).Select(key =>
        {
            Assert.True(Program.Map("frontends").TryLookup(key, out byte state));
            return state;
        });
    }

    [RequiresRootFact]
    public void WhatFailedIsKeptAndTriedAgain()
    {
        var steering = new UplinkSteering(Program);
        Assert.False(steering.Retry());
        var frontends = Program.Map("frontends");
        for (ulong i = 0; i < Room; i++) frontends.Update(i + 1, (byte)1); // somebody else's: the map is full
        steering.TryApply(new UplinkSteeringSpec { VxlanPort = 4789, Frontends = new HashSet<ExternalFrontend<IPv4Address>> { new(default, 30080, IpProtocol.Tcp) } });
        Assert.Contains("0.0.0.0:30080/tcp did not fit", steering.Problem, StringComparison.Ordinal);
        Assert.False(steering.Retry());
        Assert.NotNull(steering.Problem);
        Assert.Equal(0, steering.Frontends);

        frontends.Delete(1ul);
        Assert.True(steering.Retry());
        Assert.Null(steering.Problem);
        Assert.Contains("0000000075800600", Frontends());
        Assert.False(steering.Retry());
    }

    [RequiresRootFact]
    public void NodeAddressesThatDoNotFitAreNamed()
    {
        var steering = new UplinkSteering(Program);
        var addresses = Enumerable.Range(0, 258).ToDictionary(i => Ip($"10.2.{i >> 8}.{i & 255}"), _ => UplinkAddressUse.NodePort);
        var failure = Assert.Throws<XdpException>(() => steering.Apply(new UplinkSteeringSpec { Addresses = addresses, Frontends = new HashSet<ExternalFrontend<IPv4Address>> { new(default, 1, IpProtocol.Tcp) } }));
        Assert.Contains("2 of 258 node addresses", failure.Message, StringComparison.Ordinal);
        Assert.Contains("10.2.1.0, 10.2.1.1 did not fit (there is room for 256)", failure.Remedy, StringComparison.Ordinal);
        Assert.Equal(1, steering.Frontends);
    }

    [RequiresRootFact]
    public void FramesOfANodePortAreSteeredFromThenOn()
    {
        using var box = new ApplySandbox();
        var client = box.AddNamespace();
        box.Netlink.Links.CreateVeth(new VethSpec { Name = "up0", PeerName = "eth0", PeerNamespace = client });
        var uplink = box.Netlink.Links.Get("up0");
        ApplySandbox.Exec(box.Node, "ip", "addr", "add", "192.0.2.1/24", "dev", "up0");
        ApplySandbox.Exec(client, "ip", "addr", "add", "192.0.2.9/24", "dev", "eth0");
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
        box.Netlink.Links.SetUp(uplink.Index);
        ApplySandbox.Exec(client, "ip", "link", "set", "eth0", "up");
        using var sender = client.Run(() => new UdpClient());
        using var listener = box.Node.Run(() => new UdpClient(new IPEndPoint(IPAddress.Any, 30053)));
        listener.Client.ReceiveTimeout = 5000;
        var target = new IPEndPoint(IPAddress.Parse("192.0.2.1"), 30053);

        var steering = new UplinkSteering(Program);
        var spec = new UplinkSteeringSpec
        {
            Devices = new HashSet<DeviceAddress> { new(uplink.Index, new MacAddress(uplink.MacAddress.GetAddressBytes())) },
            Addresses = new Dictionary<IPv4Address, UplinkAddressUse> { [Ip("192.0.2.1")] = UplinkAddressUse.NodePort },
        };
        steering.Apply(spec);
        sender.Send([1], target);
        IPEndPoint? from = null;
        Assert.Equal([1], listener.Receive(ref from)); // the node's own, so far

        steering.Apply(spec with { Frontends = new HashSet<ExternalFrontend<IPv4Address>> { new(default, 30053, IpProtocol.Udp) } });
        sender.Send([2], target);
        Assert.True(SpinWait.SpinUntil(() => socket.Rx.Outstanding == 1, TimeSpan.FromSeconds(5)));

        steering.Apply(spec);
        sender.Send([3], target);
        Assert.Equal([3], listener.Receive(ref from));
        Assert.Equal(1u, socket.Rx.Outstanding);
    }

    private string Config()
    {
        Assert.True(Program.Map("config").TryLookup(0u, out Words config));
        return Hex(config);
    }

    private IEnumerable<(IPv4Address, byte)> Addresses() => Program.Map("node_addresses").Keys<IPv4Address>().OrderBy(key => key.Value).Select(key =>
    {
        Assert.True(Program.Map("node_addresses").TryLookup(key, out byte use));
        return (key, use);
    });

    private IEnumerable<string> Frontends() => Program.Map("frontends").Keys<ulong>().Select(key => Convert.ToHexString(BitConverter.GetBytes(key))).Order();

    private IEnumerable<string> Devices() => Program.Map("device_addresses").Keys<Words>().Select(Hex).Order(StringComparer.Ordinal);

    private static string Hex(Words words) => Convert.ToHexString([.. BitConverter.GetBytes(words.A), .. BitConverter.GetBytes(words.B), .. BitConverter.GetBytes(words.C)]);

    private static MacAddress Mac(string text) => MacAddress.TryParse(text, out var mac) ? mac : throw new ArgumentException(text);

    private readonly record struct Words(uint A, uint B, uint C);

    private static IPv4Address Ip(string address) => IPv4Address.Parse(address);

    // struct ipv6_prefix of uplink6.h
    private readonly record struct PodKey6(uint Length, IPv6Address Address);
}
