using System.Net.NetworkInformation;
using Dataplane.Testing;
using Xdp.Interop.Links;
using Xunit;

namespace Xdp.Interop.Tests.Links;

public sealed class NetlinkLinksTests : IDisposable
{
    private readonly Sandbox? _sandbox = Privileges.MissingForNetworkNamespaces is null ? new Sandbox() : null;

    private Sandbox Box => _sandbox!;

    public void Dispose() => _sandbox?.Dispose();

    [Fact]
    public void ListsTheLoopbackWithoutRoot()
    {
        using var netlink = NetlinkSocket.Open();
        var lo = netlink.Links.Get("lo");
        Assert.True((lo.Flags & LinkFlags.Loopback) != 0);
        Assert.Equal(lo, netlink.Links.Find(lo.Index));
        Assert.Contains(netlink.Links.List(), l => l.Name == "lo");
    }

    [Fact]
    public void FindsNothingUnderAnUnknownNameOrIndex()
    {
        using var netlink = NetlinkSocket.Open();
        Assert.Null(netlink.Links.Find("no-such-link"));
        Assert.Null(netlink.Links.Find(int.MaxValue));
        Assert.Equal(Errno.ENODEV, Assert.Throws<NetlinkException>(() => netlink.Links.Get("no-such-link")).Errno);
    }

    [Fact]
    public void RefusesANameLongerThanTheKernelTakes()
    {
        using var netlink = NetlinkSocket.Open();
        Assert.Throws<ArgumentException>(() => netlink.Links.Find("0123456789abcdef"));
    }

    [RequiresRootFact]
    public void CreatesAVethWhosePeerIsBornInTheOtherNamespace()
    {
        using var netlink = NetlinkSocket.Open(Box.Left);
        using var far = NetlinkSocket.Open(Box.Right);
        var mac = PhysicalAddress.Parse("02-00-00-00-00-01");
        var peerMac = PhysicalAddress.Parse("02-00-00-00-00-02");

        var host = netlink.Links.CreateVeth(new VethSpec
        {
            Name = "dptest0", MacAddress = mac, Mtu = 65535, Queues = 2,
            PeerName = "eth0", PeerMacAddress = peerMac, PeerMtu = 9000, PeerNamespace = Box.Right,
        });

        Assert.Equal(("dptest0", mac, 65535, "veth"), (host.Name, host.MacAddress, host.Mtu, host.Kind));
        Assert.Equal((2, 2, false), (host.RxQueues, host.TxQueues, host.IsUp));
        Assert.NotNull(host.PeerNamespaceId);
        Assert.Null(netlink.Links.Find("eth0"));
        var pod = far.Links.Get("eth0");
        Assert.Equal((peerMac, 9000, host.PeerIndex, host.Index), (pod.MacAddress, pod.Mtu, pod.Index, pod.PeerIndex));

        var shown = Sandbox.Ip(Box.Left, "link show dptest0")[0];
        Assert.Equal("02:00:00:00:00:01", shown.GetProperty("address").GetString());
        Assert.Equal(65535, shown.GetProperty("mtu").GetInt32());
        Assert.Equal(host.Index, shown.GetProperty("ifindex").GetInt32());
        Assert.Equal(2, shown.GetProperty("num_rx_queues").GetInt32());
        Assert.Equal(host.PeerIndex, shown.GetProperty("link_index").GetInt32());
    }

    [RequiresRootFact]
    public void ANameThatIsTakenIsNamedInTheError()
    {
        using var netlink = NetlinkSocket.Open(Box.Left);
        netlink.Links.CreateVeth(new VethSpec { Name = "a", PeerName = "b" });
        var e = Assert.Throws<NetlinkException>(() => netlink.Links.CreateVeth(new VethSpec { Name = "c", PeerName = "b" }));
        Assert.Equal(Errno.EEXIST, e.Errno);
        Assert.Contains("create veth c (peer b)", e.Message, StringComparison.Ordinal);
        Assert.Null(netlink.Links.Find("c"));
    }

    [RequiresRootFact]
    public void TheKernelsOwnWordsAreInTheError()
    {
        using var netlink = NetlinkSocket.Open(Box.Left);
        var a = netlink.Links.CreateVeth(new VethSpec { Name = "a", PeerName = "b" });
        var e = Assert.Throws<NetlinkException>(() => netlink.Links.SetMtu(a.Index, 70000));
        Assert.Equal(Errno.EINVAL, e.Errno);
        Assert.Equal("mtu greater than device maximum", e.KernelText);
        Assert.Contains("mtu greater than device maximum", e.Message, StringComparison.Ordinal);
    }

    [RequiresRootFact]
    public void ChangesALinkAsTheIpCommandShows()
    {
        using var netlink = NetlinkSocket.Open(Box.Left);
        using var far = NetlinkSocket.Open(Box.Right);
        var a = netlink.Links.CreateVeth(new VethSpec { Name = "a", PeerName = "b" });
        netlink.Links.SetMac(a.Index, PhysicalAddress.Parse("02-00-00-00-00-0a"));
        netlink.Links.SetMtu(a.Index, 1400);
        netlink.Links.SetAlias(a.Index, "pod default/web-0");
        netlink.Links.Rename(a.Index, "renamed");
        netlink.Links.SetUp(a.Index);
        netlink.Links.MoveTo(netlink.Links.Get("b").Index, Box.Right);
        var b = far.Links.Get("b");
        Assert.False(b.IsUp);
        far.Links.SetUp(b.Index);

        var shown = Sandbox.Ip(Box.Left, "link show renamed")[0];
        Assert.Equal("02:00:00:00:00:0a", shown.GetProperty("address").GetString());
        Assert.Equal(1400, shown.GetProperty("mtu").GetInt32());
        Assert.Equal("pod default/web-0", shown.GetProperty("ifalias").GetString());
        Assert.Equal("UP", shown.GetProperty("operstate").GetString());
        var link = netlink.Links.Get("renamed");
        Assert.Equal((OperationalState.Up, "pod default/web-0", true, true), (link.OperationalState, link.Alias, link.IsUp, link.IsRunning));

        netlink.Links.SetDown(a.Index);
        Assert.False(netlink.Links.Get("renamed").IsUp);
    }

    [RequiresRootFact]
    public void DeletingOneEndRemovesBothAndASecondTimeIsNoError()
    {
        using var netlink = NetlinkSocket.Open(Box.Left);
        using var far = NetlinkSocket.Open(Box.Right);
        var a = netlink.Links.CreateVeth(new VethSpec { Name = "a", PeerName = "b", PeerNamespace = Box.Right });
        Assert.True(netlink.Links.Delete(a.Index));
        Assert.False(netlink.Links.Delete(a.Index));
        Assert.Null(far.Links.Find("b"));
    }

    [RequiresRootFact]
    public void ASocketStaysInTheNamespaceItWasOpenedIn()
    {
        using var netlink = NetlinkSocket.Open(Box.Left);
        netlink.Links.CreateVeth(new VethSpec { Name = "a", PeerName = "b" });
        Assert.NotNull(Box.Right.Run(() => netlink.Links.Find("a")));
    }

    [RequiresRootFact]
    public void ShowsTheXdpProgramOfALink()
    {
        using var netlink = NetlinkSocket.Open(Box.Left);
        netlink.Links.CreateVeth(new VethSpec { Name = "a", PeerName = "b" });
        Assert.Equal((LinkXdpMode.None, 0u), (netlink.Links.Get("a").XdpMode, netlink.Links.Get("a").XdpProgramId));

        var folder = Directory.CreateTempSubdirectory("links-xdp-");
        try
        {
            var (source, program) = (Path.Combine(folder.FullName, "pass.c"), Path.Combine(folder.FullName, "pass.o"));
            File.WriteAllText(source, "__attribute__((section(\"xdp\"))) int pass(void *frame) { return 2; }\n");
            Command.Run("clang", "-O2", "-g", "-target", "bpf", "-c", source, "-o", program);
            Sandbox.Exec(Box.Left, $"ip link set dev a xdpgeneric object {program} section xdp");
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        var shown = Sandbox.Ip(Box.Left, "link show a")[0].GetProperty("xdp").GetProperty("prog").GetProperty("id").GetUInt32();
        Assert.Equal((LinkXdpMode.Generic, shown), (netlink.Links.Get("a").XdpMode, netlink.Links.Get("a").XdpProgramId));
    }

    [RequiresRootFact]
    public async Task OneSocketServesManyThreads()
    {
        using var netlink = NetlinkSocket.Open(Box.Left);
        for (var i = 0; i < 20; i++) netlink.Links.CreateVeth(new VethSpec { Name = $"a{i}", PeerName = $"b{i}" });
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() =>
        {
            Assert.Equal($"a{i}", netlink.Links.Get($"a{i}").Name);
            Assert.Equal(41, netlink.Links.List().Count);
        })));
    }
}
