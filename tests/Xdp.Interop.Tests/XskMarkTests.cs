using System.Text.Json;
using Dataplane.Testing;
using Xunit;

namespace Xdp.Interop.Tests;

/// <summary>The mark of what a socket sends, as the rules and filters of the receiving stack see it.</summary>
public sealed class XskMarkTests
{
    private const uint Mark = 0x0044_0000, Mask = 0x00ff_0000;

    [RequiresRootTheory]
    [InlineData(Mark, 3)]
    [InlineData(0u, 0)]
    public void PacketsCarryTheMarkOverAVethWithinANamespace(uint mark, int marked)
    {
        using var bed = new PortBed(0);
        bed.Node.Ip("link add near type veth peer name far");
        Assert.Equal((3, marked), Received(bed, bed.Node, "far", mark));
    }

    [RequiresRootFact]
    public void TheMarkDoesNotReachAnotherNamespace()
    {
        using var bed = new PortBed(1);
        bed.Node.Ip("link set v0 name near");
        Assert.Equal((3, 0), Received(bed, bed.Pods[0], "eth0", Mark));
    }

    [RequiresRootFact]
    public void AMarkLeadsARoutingRule()
    {
        using var bed = new PortBed(0);
        bed.Node.Ip("link add near type veth peer name far");
        bed.Node.Sysctl("net.ipv4.conf.all.forwarding", "1");
        bed.Node.Ip("link add way1 type veth peer name way2");
        bed.Node.Ip("link set way1 up");
        bed.Node.Ip("link set way2 up");
        bed.Node.AddAddress("way1", "192.0.2.1/24");
        bed.Node.Ip("neighbour add 192.0.2.9 lladdr 02:00:00:00:00:09 dev way1");
        bed.Node.Ip("rule add priority 60 fwmark 0x440000/0xff0000 lookup 4978");
        bed.Node.Ip("route add default via 192.0.2.9 table 4978");
        bed.Node.Run("nft", "add table ip t; add chain ip t c { type filter hook postrouting priority 0; }; add rule ip t c oifname way1 ip daddr 10.9.0.200 counter");
        Received(bed, bed.Node, "far", Mark, destination: "10.9.0.200");
        Assert.Equal(3, Counters(bed.Node).Single());
    }

    /// <summary>Sends three datagrams from device "near" and returns how many arrived by a device, and how many of them with the mark.</summary>
    private static (int All, int Marked) Received(PortBed bed, NetworkNamespace receiver, string device, uint mark, string destination = "10.9.0.1")
    {
        receiver.Run("nft", $$"""
            add table ip m; add chain ip m c { type filter hook prerouting priority 0; }
            add rule ip m c iifname {{device}} udp dport 5353 counter; add rule ip m c iifname {{device}} udp dport 5353 meta mark & {{Mask}} == {{Mark}} counter
            """);
        bed.Node.Ip("link set near up");
        receiver.Ip($"link set {device} up");
        using var socket = bed.InNode(() => XskSocket.Open(bed.Umem, InterfaceName.ToIndex("near"), 0, new XskSocketOptions { Mark = mark }));
        string mac = receiver.Run("ip", "-br", "link", "show", device).Output.Split(' ', StringSplitOptions.RemoveEmptyEntries)[2];
        byte[] frame = UdpFrame.Build(Convert.FromHexString(mac.Replace(":", "", StringComparison.Ordinal)), "10.9.0.2", destination, 4000, 5353, "marked"u8);
        for (int i = 0; i < 3; i++)
        {
            ulong address = bed.Free.Pop() + Umem.RxHeadroom;
            var descriptor = new XdpDescriptor(address, (uint)frame.Length);
            frame.CopyTo(bed.Umem.Data(descriptor));
            Assert.Equal(1u, socket.Tx.Reserve(1, out uint index));
            socket.Tx[index] = descriptor;
            socket.Tx.Submit(1);
        }
        Assert.Equal(Errno.None, socket.Kick());
        Assert.True(SpinWait.SpinUntil(() => Counters(receiver, "m")[0] == 3, TimeSpan.FromSeconds(5)));
        int[] counts = Counters(receiver, "m");
        return (counts[0], counts[1]);
    }

    private static int[] Counters(NetworkNamespace ns, string table = "t") =>
        [.. JsonDocument.Parse(ns.Run("nft", "-j", "list", "table", "ip", table).Output).RootElement.GetProperty("nftables").EnumerateArray()
            .Where(o => o.TryGetProperty("rule", out _))
            .Select(o => o.GetProperty("rule").GetProperty("expr").EnumerateArray().Single(e => e.TryGetProperty("counter", out _)).GetProperty("counter").GetProperty("packets").GetInt32())];
}
