using System.Net;
using System.Net.Sockets;
using Dataplane.Control.Apply;
using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing;
using Xunit;

namespace Dataplane.Control.Tests.Apply;

public sealed class PortListenerTests
{
    [Fact]
    public void ReadsTheKernelsLines()
    {
        string[] lines =
        [
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
            "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12345 1 0000000000000000 100 0 0 10 0",
            "   1: 00000000:7580 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12346 1 0000000000000000 100 0 0 10 0",
            "   2: 0902000A:0016 0502000A:C350 01 00000000:00000000 00:00000000 00000000     0        0 12347 1 0000000000000000 100 0 0 10 0",
            "   3: 00000000000000000000000000000000:7581 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 1",
            "   4: 0000000000000000FFFF00000902000A:7582 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 1",
            "   5: B80D0120000000000000000001000000:7583 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 1",
            "   6: cut",
        ];
        string[] expected = ["127.0.0.1:8080/tcp", "0.0.0.0:30080/tcp", "[::]:30081/tcp", "10.0.2.9:30082/tcp", "[2001:db8::1]:30083/tcp"];
        Assert.Equal(expected, PortListener.Parse(lines, IpProtocol.Tcp, "0A").Select(listener => listener.ToString()));
    }

    [Theory]
    [InlineData("0.0.0.0", true, false)]
    [InlineData("192.0.2.1", true, false)]
    [InlineData("127.0.0.1", false, false)]
    [InlineData("::", true, true)] // unless it has excluded IPv4, which the kernel does not tell
    [InlineData("2001:db8::1", false, true)]
    [InlineData("::1", false, false)]
    [InlineData("fe80::1", false, false)]
    public void TellsByWhichFamilyOthersReachIt(string address, bool v4, bool v6)
    {
        var listener = new PortListener(IPAddress.Parse(address), 30080, IpProtocol.Tcp);
        Assert.Equal((v4, v6), (listener.TakesIPv4, listener.TakesIPv6));
    }

    [RequiresRootFact]
    public void FindsWhatListensInTheNamespaceOnly()
    {
        using var box = new ApplySandbox();
        Assert.Empty(box.Node.Run(PortListener.List));
        using var tcp = box.Node.Run(() => new TcpListener(IPAddress.Loopback, 30500));
        box.Node.Run(tcp.Start);
        using var six = box.Node.Run(() => new TcpListener(IPAddress.IPv6Any, 30501));
        box.Node.Run(six.Start);
        using var udp = box.Node.Run(() => new UdpClient(new IPEndPoint(IPAddress.Any, 30502)));
        using var connected = box.Node.Run(() => new UdpClient("127.0.0.1", 30502));
        using var udp6 = box.Node.Run(() => new UdpClient(new IPEndPoint(IPAddress.IPv6Loopback, 30502)));
        Assert.Equal(["127.0.0.1:30500/tcp", "[::]:30501/tcp", "0.0.0.0:30502/udp", "[::1]:30502/udp"], box.Node.Run(PortListener.List).Select(listener => listener.ToString()));
    }
}
