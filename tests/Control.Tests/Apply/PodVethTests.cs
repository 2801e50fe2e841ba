using System.Buffers.Binary;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Dataplane.Control.Apply;
using Dataplane.Testing;
using Xdp.Interop;
using Xdp.Interop.Links;
using Xunit;
using NetworkNamespace = Xdp.Interop.Links.NetworkNamespace;

namespace Dataplane.Control.Tests.Apply;

public sealed class PodVethTests : IDisposable
{
    private readonly ApplySandbox? _sandbox = Privileges.MissingForNetworkNamespaces is null ? new ApplySandbox() : null;

    private ApplySandbox Box => _sandbox!;

    public void Dispose() => _sandbox?.Dispose();

    [Fact]
    public void TheHostNameIsDeterministicAndFitsAnInterface()
    {
        var name = PodVeth.HostNameFor("default", "web-0");
        Assert.Equal(name, PodVeth.HostNameFor("default", "web-0"));
        Assert.Matches("^dp[0-9a-f]{11}$", name);
        Assert.NotEqual(name, PodVeth.HostNameFor("default", "web-1"));
        Assert.NotEqual(PodVeth.HostNameFor("a/b", "c"), PodVeth.HostNameFor("a", "c"));
    }

    [RequiresRootFact]
    public void CreateLeavesThePodEndDownAndActivateMakesItWork()
    {
        var pod = Box.AddNamespace();
        using var inPod = NetlinkSocket.Open(pod);
        using var veth = Create(pod);

        var host = Box.Netlink.Links.Get(veth.HostName);
        Assert.Equal((veth.HostIndex, true, false, 65535, "default/web-0"), (host.Index, host.IsUp, host.IsRunning, host.Mtu, host.Alias));
        var eth0 = inPod.Links.Get("eth0");
        Assert.Equal((false, 65535, PhysicalAddress.Parse("0a-58-0a-f4-01-05")), (eth0.IsUp, eth0.Mtu, eth0.MacAddress));
        Assert.Equal("1", Sysctl.Read($"ipv6/conf/{veth.HostName}/disable_ipv6", Box.Node));
        Assert.Equal("0", Sysctl.Read($"ipv4/conf/{veth.HostName}/forwarding", Box.Node));

        veth.Activate();

        Assert.True(inPod.Links.Get("eth0").IsRunning);
        Assert.Equal(["10.244.1.5/32"], inPod.Addresses.List(eth0.Index).Where(a => a.Address.AddressFamily == AddressFamily.InterNetwork).Select(a => $"{a.Address}/{a.PrefixLength}"));
        Assert.Equal("default via 10.244.1.1 dev eth0 proto 77 src 10.244.1.5 mtu 1450 advmss 1410", Words(ApplySandbox.Exec(pod, "ip", "route", "show", "default")));
        Assert.Equal("10.244.1.1 dev eth0 proto 77 scope link src 10.244.1.5 mtu 1450 advmss 1410", Words(ApplySandbox.Exec(pod, "ip", "route", "show", "10.244.1.1")));
        Assert.Equal((veth.HostMac, NeighborState.Permanent), (inPod.Neighbors.Find(eth0.Index, IPAddress.Parse("10.244.1.1"))!.MacAddress, inPod.Neighbors.Find(eth0.Index, IPAddress.Parse("10.244.1.1"))!.State));
        using var ethtool = Ethtool.Open(pod);
        var features = ethtool.GetFeatures("eth0");
        Assert.True(features["tx-tcp-segmentation"].Active);
        Assert.True(features["tx-checksum-ip-generic"].Active);
        Assert.All(["tx-udp-segmentation", "tx-checksum-sctp", "tx-udp_tnl-segmentation", "tx-vlan-hw-insert"], f => Assert.False(features[f].Active, f));
        // The host's own side of the pair is not a sender whose stack we shape.
        Assert.Empty(Box.Netlink.Addresses.List(host.Index));
    }

    [RequiresRootFact]
    public void DatagramsOfASegmentingSenderLeaveAsSent()
    {
        var pod = Box.AddNamespace();
        using var veth = Create(pod);
        var sniffer = Box.Sniff(Box.Node);
        veth.Activate();

        const string send = "import socket\ns=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)\ns.setsockopt(17,103,1400)\ns.sendto(b'x'*14000,('198.51.100.9',4433))";
        ApplySandbox.Exec(pod, "python3", "-c", send);

        var lengths = new List<int>();
        var frame = new byte[70000];
        while (lengths.Count < 10)
        {
            var length = sniffer.Receive(frame);
            if (length > 42 && frame[12] == 8 && frame[13] == 0 && frame[23] == 17 && BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(36)) == 4433) lengths.Add(length);
        }

        Assert.Equal(Enumerable.Repeat(14 + 20 + 8 + 1400, 10), lengths);
    }

    [RequiresRootFact]
    public void TcpOffersTheSegmentSizeOfThePath()
    {
        var pod = Box.AddNamespace();
        using var veth = Create(pod);
        var sniffer = Box.Sniff(Box.Node);
        veth.Activate();
        using var client = pod.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false });
        Assert.Throws<SocketException>(() => client.Connect(IPAddress.Parse("198.51.100.9"), 80));

        var frame = new byte[70000];
        int length;
        do length = sniffer.Receive(frame);
        while (length < 60 || frame[12] != 8 || frame[23] != 6);
        Assert.Equal((2, 4, 1410), (frame[54], frame[55], BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(56)))); // the MSS option comes first
        Assert.Equal(veth.HostMac.GetAddressBytes(), frame[..6]);
        Assert.Equal(IPAddress.Parse("10.244.1.5").GetAddressBytes(), frame[26..30]);
    }

    [RequiresRootFact]
    public void APairOfAnEarlierRunIsTakenOverWithoutAnInterruption()
    {
        var pod = Box.AddNamespace();
        using var inPod = NetlinkSocket.Open(pod);
        using var first = Create(pod);
        first.Activate();
        using var monitor = NetlinkMonitor.Open(MonitorGroups.Links, pod);

        using var second = Create(pod);
        Assert.Equal((true, first.HostIndex), (second.WasTakenOver, second.HostIndex));
        second.Activate();
        Assert.True(inPod.Links.Get("eth0").IsRunning);
        while (monitor.Read(TimeSpan.FromMilliseconds(20)) is { } e) Assert.True(((LinkChanged)e).Link.IsUp);
    }

    [RequiresRootFact]
    public void AnotherAddressOfTheSamePodReplacesTheOld()
    {
        var pod = Box.AddNamespace();
        using var first = Create(pod);
        first.Activate();
        using var second = Create(pod, address: "10.244.1.6");
        second.Activate();
        using var inPod = NetlinkSocket.Open(pod);
        var address = Assert.Single(inPod.Addresses.List(inPod.Links.Get("eth0").Index), a => a.Address.AddressFamily == AddressFamily.InterNetwork);
        Assert.Equal(IPAddress.Parse("10.244.1.6"), address.Address);
        Assert.Equal(IPAddress.Parse("10.244.1.6"), inPod.Routes.Get(IPAddress.Parse("198.51.100.9"))!.Source);
    }

    [RequiresRootFact]
    public void APairIntoADeadSandboxIsReplaced()
    {
        var old = Box.AddNamespace();
        using var first = Create(old);
        first.Activate();
        var pod = Box.AddNamespace();
        using var second = Create(pod);
        second.Activate();
        Assert.False(second.WasTakenOver);
        using var inOld = NetlinkSocket.Open(old);
        Assert.Null(inOld.Links.Find("eth0"));
    }

    [RequiresRootFact]
    public void AFailureLeavesNothingBehind()
    {
        var pod = Box.AddNamespace();
        using var inPod = NetlinkSocket.Open(pod);
        inPod.Links.CreateVeth(new VethSpec { Name = "eth0", PeerName = "other" });
        var e = Assert.ThrowsAny<XdpException>(() => Create(pod));
        Assert.Contains("eth0", e.Message, StringComparison.Ordinal);
        Assert.Single(Box.Netlink.Links.List()); // lo

        var free = Box.AddNamespace();
        Assert.ThrowsAny<XdpException>(() => Create(free, deviceMtu: 100_000)); // refused by the kernel while creating
        using var veth = Create(free);
        using (var inFree = NetlinkSocket.Open(free)) inFree.Links.MoveTo(inFree.Links.Get("eth0").Index, pod, "moved");
        Assert.ThrowsAny<XdpException>(() => Box.Node.Run(veth.Activate)); // its end is gone from the pod
        Assert.Single(Box.Netlink.Links.List());

        Assert.ThrowsAny<XdpException>(() => PodVeth.Create(Spec("/run/netns/no-such-namespace")));
    }

    [RequiresRootFact]
    public void ALinkThatIsNotAVethIsNeverTouched()
    {
        ApplySandbox.Exec(Box.Node, "ip", "link", "add", PodVeth.HostNameFor("default", "web-0"), "type", "vxlan", "id", "7", "dstport", "4789");
        var pod = Box.AddNamespace();
        var e = Assert.Throws<XdpException>(() => Create(pod));
        Assert.Contains("vxlan", e.Message, StringComparison.Ordinal);
        Assert.NotNull(Box.Netlink.Links.Find(PodVeth.HostNameFor("default", "web-0")));
    }

    [RequiresRootFact]
    public void RemoveTakesBothEndsAndTwiceIsNoError()
    {
        var pod = Box.AddNamespace();
        using var inPod = NetlinkSocket.Open(pod);
        using var veth = Create(pod);
        veth.Activate();
        Assert.True(Box.Node.Run(veth.Remove));
        Assert.False(Box.Node.Run(veth.Remove));
        Assert.Null(inPod.Links.Find("eth0"));
    }

    private static string Words(string line) => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    private static PodVethSpec Spec(string path) => new()
    {
        HostName = PodVeth.HostNameFor("default", "web-0"), PodNamespacePath = path, Address = IPAddress.Parse("10.244.1.5"),
        Gateway = IPAddress.Parse("10.244.1.1"), RouteMtu = 1450, Alias = "default/web-0",
    };

    private PodVeth Create(NetworkNamespace pod, string address = "10.244.1.5", int deviceMtu = 65535) =>
        Box.Node.Run(() => PodVeth.Create(Spec(pod.Path) with { Address = IPAddress.Parse(address), PodMac = PhysicalAddress.Parse("0a-58-0a-f4-01-05"), DeviceMtu = deviceMtu }));
}
