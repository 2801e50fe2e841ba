using System.Buffers.Binary;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Dataplane.Control.Apply;
using Dataplane.Testing;
using Xdp.Interop.Links;
using Xunit;
using NetworkNamespace = Xdp.Interop.Links.NetworkNamespace;

namespace Dataplane.Control.Tests.Apply;

/// <summary>K27: pods with an address of each family.</summary>
public sealed class PodVethV6Tests : IDisposable
{
    private static readonly IPAddress Address = IPAddress.Parse("fd00:10:244:1::5"), Gateway = IPAddress.Parse("fd00:10:244:1::1"), Far = IPAddress.Parse("2001:db8::9");

    private readonly ApplySandbox? _sandbox = Privileges.MissingForNetworkNamespaces is null ? new ApplySandbox() : null;

    private ApplySandbox Box => _sandbox!;

    public void Dispose() => _sandbox?.Dispose();

    [RequiresRootTheory]
    [InlineData("0")]
    [InlineData("1")] // as container runtimes leave it
    public void K27_ThePodHasBothFamiliesWhateverItsDefaultsAre(string disabled)
    {
        var pod = AddPod(disabled);
        using var inPod = NetlinkSocket.Open(pod);
        using var veth = Create(pod);
        Assert.False(inPod.Links.Get("eth0").IsUp);
        veth.Activate();

        Assert.Equal(["10.244.1.5/32", "fd00:10:244:1::5/128"], Addresses(inPod));
        Assert.Equal("default via fd00:10:244:1::1 dev eth0 proto 77 src fd00:10:244:1::5 metric 1024 mtu 1450 advmss 1390 pref medium", Route(pod, "default"));
        Assert.Equal("fd00:10:244:1::1 dev eth0 proto 77 src fd00:10:244:1::5 metric 1024 mtu 1450 advmss 1390 pref medium", Route(pod, Gateway.ToString()));
        Assert.Equal("default via 10.244.1.1 dev eth0 proto 77 src 10.244.1.5 mtu 1450 advmss 1410", Words(ApplySandbox.Exec(pod, "ip", "-4", "route", "show", "default")));
        var neighbor = inPod.Neighbors.Find(inPod.Links.Get("eth0").Index, Gateway)!;
        Assert.Equal((veth.HostMac, NeighborState.Permanent), (neighbor.MacAddress, neighbor.State));
        Assert.Equal(("0", "0", "0"), (Sysctl.Read("ipv6/conf/eth0/accept_ra", pod), Sysctl.Read("ipv6/conf/eth0/disable_ipv6", pod), Sysctl.Read("ipv6/conf/lo/disable_ipv6", pod)));
        Assert.Equal("1", Sysctl.Read($"ipv6/conf/{veth.HostName}/disable_ipv6", Box.Node)); // the host's own stack keeps out
    }

    [RequiresRootTheory]
    [InlineData("0")]
    [InlineData("1")]
    public void K27_TheAddressIsUsableAtOnce(string allAcceptDad)
    {
        var pod = AddPod("0");
        Sysctl.Write("ipv6/conf/all/accept_dad", allAcceptDad, pod);
        using var veth = Create(pod);
        veth.Activate();
        using var server = pod.Run(() => new TcpListener(Address, 8080)); // binding a tentative address fails
        pod.Run(server.Start);
        using var client = pod.Run(() =>
        {
            var made = new TcpClient(AddressFamily.InterNetworkV6);
            made.Connect(Address, 8080); // by lo
            return made;
        });
        Assert.Equal(new IPEndPoint(Address, 8080), client.Client.RemoteEndPoint);
    }

    [RequiresRootFact]
    public void K27_TcpOffersTheSegmentSizeOfThePathToTheGateway()
    {
        var pod = AddPod("1");
        using var veth = Create(pod);
        var sniffer = Box.Sniff(Box.Node);
        veth.Activate();
        using var client = pod.Run(() => new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { Blocking = false });
        Assert.Throws<SocketException>(() => client.Connect(Far, 80));

        var frame = new byte[70000];
        int length;
        do
        {
            length = sniffer.Receive(frame);
            Assert.False(length > 78 && frame[12] == 0x86 && frame[20] == 58 && frame[54] is 133 or 135, "the pod asks for a router or for its gateway");
        }
        while (length < 78 || frame[12] != 0x86 || frame[20] != 6);
        Assert.Equal((2, 4, 1390), (frame[74], frame[75], BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(76)))); // the MSS option comes first
        Assert.Equal(veth.HostMac.GetAddressBytes(), frame[..6]);
        Assert.Equal(Address.GetAddressBytes(), frame[22..38]);
    }

    [RequiresRootFact]
    public void K27_APairOfAnEarlierRunIsTakenOverAndOnlyItsAddressesChange()
    {
        var pod = AddPod("0");
        using var first = Create(pod);
        first.Activate();
        using var inPod = NetlinkSocket.Open(pod);
        ApplySandbox.Exec(pod, "ip", "addr", "add", "2001:db8:7::7/64", "dev", "eth0", "nodad");
        using var monitor = NetlinkMonitor.Open(MonitorGroups.Links, pod);

        using var second = Create(pod, "fd00:10:244:1::6");
        Assert.True(second.WasTakenOver);
        second.Activate();
        Assert.Equal(["10.244.1.5/32", "fd00:10:244:1::6/128"], Addresses(inPod));
        Assert.Equal(IPAddress.Parse("fd00:10:244:1::6"), inPod.Routes.Get(Far)!.Source);

        // A successor of IPv4 alone: what was ours of IPv6 goes.
        using var third = Create(pod, null);
        Assert.True(third.WasTakenOver);
        third.Activate();
        Assert.Equal(["10.244.1.5/32"], Addresses(inPod));
        Assert.Null(inPod.Routes.Get(Far));
        Assert.Null(inPod.Neighbors.Find(inPod.Links.Get("eth0").Index, Gateway));
        Assert.Equal(IPAddress.Parse("10.244.1.5"), inPod.Routes.Get(IPAddress.Parse("198.51.100.9"))!.Source);

        // And back.
        using var fourth = Create(pod);
        fourth.Activate();
        Assert.Equal(["10.244.1.5/32", "fd00:10:244:1::5/128"], Addresses(inPod));
        while (monitor.Read(TimeSpan.FromMilliseconds(20)) is { } e) Assert.True(((LinkChanged)e).Link.IsUp);
    }

    [RequiresRootFact]
    public void K27_IPv6ThatThePodHasItselfIsLeftAloneOnANodeWithoutIPv6()
    {
        var pod = AddPod("0");
        using var first = Create(pod, null);
        first.Activate();
        ApplySandbox.Exec(pod, "ip", "addr", "add", "2001:db8:7::7/64", "dev", "eth0", "nodad");
        using var second = Create(pod, null);
        second.Activate();
        using var inPod = NetlinkSocket.Open(pod);
        Assert.Equal(["10.244.1.5/32", "2001:db8:7::7/64"], Addresses(inPod));
    }

    [RequiresRootFact]
    public void K27_WhatCannotWorkIsRefused()
    {
        var pod = AddPod("0");
        Assert.Throws<ArgumentException>(() => PodVeth.Create(Spec(pod, "10.244.1.9")));
        Assert.Throws<ArgumentException>(() => PodVeth.Create(Spec(pod, "fd00::9") with { GatewayV6 = null }));
        Assert.Throws<ArgumentOutOfRangeException>(() => PodVeth.Create(Spec(pod, "fd00::9") with { RouteMtu = 1279 }));
        Assert.Single(Box.Netlink.Links.List()); // lo
    }

    private static IEnumerable<string> Addresses(NetlinkSocket inPod) => inPod.Addresses.List(inPod.Links.Get("eth0").Index)
        .Where(a => !a.Address.IsIPv6LinkLocal).Select(a => $"{a.Address}/{a.PrefixLength}").Order(StringComparer.Ordinal);

    private static string Route(NetworkNamespace pod, string to) => Words(ApplySandbox.Exec(pod, "ip", "-6", "route", "show", to));

    private static string Words(string line) => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    private NetworkNamespace AddPod(string disabled)
    {
        var pod = Box.AddNamespace();
        foreach (string device in (string[])["all", "default", "lo"]) Sysctl.Write($"ipv6/conf/{device}/disable_ipv6", disabled, pod);
        return pod;
    }

    private static PodVethSpec Spec(NetworkNamespace pod, string? v6) => new()
    {
        HostName = PodVeth.HostNameFor("default", "web-0"), PodNamespacePath = pod.Path, Address = IPAddress.Parse("10.244.1.5"), Gateway = IPAddress.Parse("10.244.1.1"),
        AddressV6 = v6 is null ? null : IPAddress.Parse(v6), GatewayV6 = Gateway, RouteMtu = 1450, PodMac = PhysicalAddress.Parse("0a-58-0a-f4-01-05"),
    };

    private PodVeth Create(NetworkNamespace pod, string? v6 = "fd00:10:244:1::5") => Box.Node.Run(() => PodVeth.Create(Spec(pod, v6)));
}
