using System.Net;
using System.Net.Sockets;
using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing;
using Xunit;

namespace Dataplane.Control.Tests.Apply;

/// <summary>K27: real IPv6 sockets of the node, its clients and backends, with the node's own stack between them.</summary>
public sealed class HostFrontendsTrafficV6Tests : IDisposable
{
    private readonly EchoSockets _sockets = new();
    private readonly HostPortBed? _bed = Privileges.MissingForNetworkNamespaces is null ? new HostPortBed(dualStack: true) : null;

    private HostPortBed Bed => _bed!;

    public void Dispose()
    {
        _sockets.Dispose();
        _bed?.Dispose();
    }

    [RequiresRootTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void K27_K8_TheNodesOwnProcessesReachANodePortAtItsAddress(bool defaultRoute)
    {
        if (!defaultRoute) HostPortBed.Exec(Bed.Node, "-6 route delete default");
        Bed.ApplyBoth();
        _sockets.Listen(Bed.Backend, HostPortBed.NodeIpV6, 30080);
        var client = _sockets.Connect(Bed.Node, HostPortBed.NodeIpV6, 30080);
        Assert.Equal("[2001:db8:2::1]:30080", client.RemoteEndPoint!.ToString());
        Assert.Equal(HostPortBed.GatewayV6, ((IPEndPoint)client.LocalEndPoint!).Address);
        EchoSockets.Exchange(client);
        AssertByHostPort($"host: tcp {client.LocalEndPoint} > [2001:db8:2::1]:30080");
        // And the other family beside it.
        _sockets.Listen(Bed.Backend, HostPortBed.NodeIp, 30080);
        EchoSockets.Exchange(_sockets.Connect(Bed.Node, HostPortBed.NodeIp, 30080));
    }

    [RequiresRootFact]
    public void K27_AProcessThatIsBoundToAnotherAddressOfTheNodeReachesTheNodePortToo()
    {
        var second = IPAddress.Parse("2001:db8:7::77");
        HostPortBed.Exec(Bed.Node, $"addr add {second}/128 dev lo nodad");
        Bed.ApplyBoth();
        _sockets.Listen(Bed.Backend, HostPortBed.NodeIpV6, 30080);
        var client = _sockets.Connect(Bed.Node, HostPortBed.NodeIpV6, 30080, bindTo: second);
        EchoSockets.Exchange(client);
        AssertByHostPort($"host: tcp {client.LocalEndPoint} > [2001:db8:2::1]:30080");
        Assert.Equal(second, ((IPEndPoint)client.LocalEndPoint!).Address);
    }

    [RequiresRootTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void K27_K8_UdpToANodePortIsAnsweredByIt(bool connected)
    {
        Bed.ApplyBoth();
        var server = _sockets.Own(Bed.Backend.Run(() => new UdpClient(new IPEndPoint(HostPortBed.NodeIpV6, 30053))));
        server.Client.ReceiveTimeout = 5000;
        var target = new IPEndPoint(HostPortBed.NodeIpV6, 30053);
        var client = _sockets.Own(Bed.Node.Run(() => new UdpClient(AddressFamily.InterNetworkV6)));
        client.Client.ReceiveTimeout = 5000;
        if (connected) Bed.Node.Run(() => client.Connect(target));
        Assert.Equal(3, connected ? client.Send([1, 2, 3]) : client.Send([1, 2, 3], target));
        IPEndPoint? from = null;
        Assert.Equal([1, 2, 3], server.Receive(ref from));
        Assert.Equal(HostPortBed.GatewayV6, from!.Address);
        server.Send([4], from);
        Assert.Equal([4], client.Receive(ref from));
        Assert.Equal(target, from);
        Assert.Equal(0, Bed.Leaked(IpProtocol.Udp));
    }

    [RequiresRootTheory]
    [InlineData("2001:db8:2::1", 8080)]  // a host port outside the range
    [InlineData("2001:db8:e::7", 443)]   // an external IP
    public void K27_K10_K38_HostPortsAndExternalIpsAreReached(string address, int port)
    {
        Bed.ApplyBoth();
        _sockets.Listen(Bed.Backend, IPAddress.Parse(address), port);
        var client = _sockets.Connect(Bed.Node, IPAddress.Parse(address), port);
        EchoSockets.Exchange(client);
        AssertByHostPort($"host: tcp {client.LocalEndPoint} > [{address}]:{port}");
    }

    [RequiresRootFact]
    public void K27_OtherPortsOfTheNodeStayItsOwn()
    {
        Bed.ApplyBoth();
        _sockets.Listen(Bed.Node, HostPortBed.NodeIpV6, 22);
        var client = _sockets.Connect(Bed.Node, HostPortBed.NodeIpV6, 22);
        Assert.Equal(HostPortBed.NodeIpV6, ((IPEndPoint)client.LocalEndPoint!).Address);
        EchoSockets.Exchange(client);
        // And at loopback every port is, node ports included.
        _sockets.Listen(Bed.Node, IPAddress.IPv6Loopback, 30080);
        EchoSockets.Exchange(_sockets.Connect(Bed.Node, IPAddress.IPv6Loopback, 30080));
        // So are connections from outside by the kernel's own way.
        EchoSockets.Exchange(_sockets.Connect(Bed.World, HostPortBed.NodeIpV6, 22));
        Assert.DoesNotContain(Bed.StandIn.Seen, frame => frame.Contains("tcp", StringComparison.Ordinal));
    }

    [RequiresRootTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void K27_K28_AcceptedConnectionsAreAnsweredTheWayTheyCame(bool defaultRoute)
    {
        if (!defaultRoute) HostPortBed.Exec(Bed.Node, "-6 route delete default");
        Bed.ApplyBoth();
        Bed.StandIn.LeadToHost(HostPortBed.NodeIpV6);
        _sockets.Listen(Bed.Node, HostPortBed.NodeIpV6, 8443);
        var client = _sockets.Connect(Bed.Client, HostPortBed.NodeIpV6, 8443);
        EchoSockets.Exchange(client);
        Assert.Contains($"host: tcp [2001:db8:2::1]:8443 > {client.LocalEndPoint}", Bed.StandIn.Seen);
        Assert.Equal(0, Bed.Leaked(IpProtocol.Tcp));
    }

    [RequiresRootFact]
    public void K27_WithoutTheRuleTheAnswerWouldGoByTheDefaultRoute()
    {
        Bed.Apply(); // IPv4 only
        Bed.StandIn.LeadToHost(HostPortBed.NodeIpV6);
        _sockets.Listen(Bed.Node, HostPortBed.NodeIpV6, 8443);
        _sockets.Connect(Bed.Client, HostPortBed.NodeIpV6, 8443, expectReply: false);
        Assert.True(SpinWait.SpinUntil(() => Bed.Leaked(IpProtocol.Tcp) > 0, TimeSpan.FromSeconds(5)));
    }

    [RequiresRootFact]
    public void K27_RefusalsAreAnsweredTheWayTheyCameToo()
    {
        Bed.ApplyBoth();
        Bed.StandIn.LeadToHost(HostPortBed.NodeIpV6);
        var refused = Assert.Throws<SocketException>(() => _sockets.Connect(Bed.Client, HostPortBed.NodeIpV6, 9));
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);

        var udp = _sockets.Own(Bed.Client.Run(() => new UdpClient("2001:db8:2::1", 9)));
        udp.Client.ReceiveTimeout = 5000;
        udp.Send([1]);
        IPEndPoint? from = null;
        Assert.Equal(SocketError.ConnectionRefused, Assert.Throws<SocketException>(() => udp.Receive(ref from)).SocketErrorCode);
        Assert.Contains("host: icmp 2001:db8:2::1 > 2001:db8:c::5", Bed.StandIn.Seen);
        Assert.Equal(0, Bed.Leaked(IpProtocol.Tcp) + Bed.Leaked(IpProtocol.IcmpV6));
    }

    [RequiresRootFact]
    public void K27_AnErrorOfADataplaneAboutANodePortReachesTheProcess()
    {
        Bed.ApplyBoth();
        // Nobody listens at the backend: its stack refuses in the frontend's name, as the dataplane does for a service without endpoints.
        var refused = Assert.Throws<SocketException>(() => _sockets.Connect(Bed.Node, HostPortBed.NodeIpV6, 30080));
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
        var udp = _sockets.Own(Bed.Node.Run(() => new UdpClient("2001:db8:2::1", 30053)));
        udp.Client.ReceiveTimeout = 5000;
        udp.Send([1]);
        IPEndPoint? from = null;
        Assert.Equal(SocketError.ConnectionRefused, Assert.Throws<SocketException>(() => udp.Receive(ref from)).SocketErrorCode);
    }

    [RequiresRootFact]
    public void K27_ConnectionsOfBothFamiliesGoOnWhileFrontendsOfOneChange()
    {
        var frontends = Bed.ApplyBoth();
        _sockets.Listen(Bed.Backend, HostPortBed.NodeIpV6, 30080);
        _sockets.Listen(Bed.Backend, HostPortBed.NodeIp, 30080);
        var clients = (Socket[])[_sockets.Connect(Bed.Node, HostPortBed.NodeIpV6, 30080), _sockets.Connect(Bed.Node, HostPortBed.NodeIp, 30080)];
        for (ushort i = 0; i < 20; i++)
        {
            var changed = HostPortBed.SpecV6.Frontends.Append(new(IPv6Address.FromHost(0x2001_0db8_000e_0000, (ulong)(100 + i)), 80, IpProtocol.Tcp)).Append(new(default, (ushort)(8081 + i), IpProtocol.Tcp));
            Bed.ApplyBoth(HostPortBed.SpecV6 with { Frontends = changed.ToHashSet() }, frontends);
            foreach (var client in clients) EchoSockets.Exchange(client, 2000);
        }
    }

    private void AssertByHostPort(string frame)
    {
        Assert.Contains(frame, Bed.StandIn.Seen);
        Assert.Equal(0, Bed.Leaked(IpProtocol.Tcp));
    }
}
