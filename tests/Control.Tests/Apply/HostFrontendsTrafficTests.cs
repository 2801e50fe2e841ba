using System.Net;
using System.Net.Sockets;
using Dataplane.Headers;
using Dataplane.Testing;
using Xdp.Interop.Links;
using Xunit;
using NetworkNamespace = Xdp.Interop.Links.NetworkNamespace;

namespace Dataplane.Control.Tests.Apply;

/// <summary>Real sockets of the node, its clients and backends, with the node's own stack between them.</summary>
public sealed class HostFrontendsTrafficTests : IDisposable
{
    private readonly EchoSockets _sockets = new();

    public void Dispose() => _sockets.Dispose();

    [RequiresRootTheory]
    [InlineData("0", true)]
    [InlineData("1", true)]
    [InlineData("2", true)]
    [InlineData("0", false)]
    [InlineData("1", false)]
    public void K8_TheNodesOwnProcessesReachANodePortAtItsAddress(string reversePathFilter, bool defaultRoute)
    {
        var bed = Own(new HostPortBed(reversePathFilter: reversePathFilter));
        if (!defaultRoute) HostPortBed.Exec(bed.Node, "route delete default");
        bed.Apply();
        Listen(bed.Backend, HostPortBed.NodeIp, 30080);
        var client = Connect(bed.Node, HostPortBed.NodeIp, 30080);
        Assert.Equal("192.0.2.1:30080", client.RemoteEndPoint!.ToString());
        Assert.Equal("10.244.1.1", ((IPEndPoint)client.LocalEndPoint!).Address.ToString());
        Exchange(client);
        AssertByHostPort(bed, $"host: tcp {client.LocalEndPoint} > 192.0.2.1:30080");
    }

    [RequiresRootFact]
    public void AProcessThatIsBoundToAnotherAddressOfTheNodeReachesTheNodePortToo()
    {
        var bed = Own(new HostPortBed(reversePathFilter: "1"));
        var second = IPAddress.Parse("198.51.100.77");
        HostPortBed.Exec(bed.Node, $"addr add {second}/32 dev lo");
        bed.Apply();
        Listen(bed.Backend, HostPortBed.NodeIp, 30080);
        var client = Connect(bed.Node, HostPortBed.NodeIp, 30080, bindTo: second);
        Exchange(client);
        AssertByHostPort(bed, $"host: tcp {client.LocalEndPoint} > 192.0.2.1:30080");
        Assert.Equal(second, ((IPEndPoint)client.LocalEndPoint!).Address);
    }

    [RequiresRootTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void K8_UdpToANodePortIsAnsweredByIt(bool connected)
    {
        var bed = Own(new HostPortBed(reversePathFilter: "1"));
        bed.Apply();
        var server = Own(bed.Backend.Run(() => new UdpClient(new IPEndPoint(HostPortBed.NodeIp, 30053))));
        server.Client.ReceiveTimeout = 5000;
        var target = new IPEndPoint(HostPortBed.NodeIp, 30053);
        var client = Own(bed.Node.Run(() => new UdpClient(AddressFamily.InterNetwork)));
        client.Client.ReceiveTimeout = 5000;
        if (connected) bed.Node.Run(() => client.Connect(target));
        Assert.Equal(3, connected ? client.Send([1, 2, 3]) : client.Send([1, 2, 3], target));
        IPEndPoint? from = null;
        Assert.Equal([1, 2, 3], server.Receive(ref from));
        Assert.Equal(HostPortBed.Gateway, from!.Address);
        server.Send([4], from);
        Assert.Equal([4], client.Receive(ref from));
        Assert.Equal(target, from);
        Assert.Equal(0, bed.Leaked(IpProtocol.Udp));
    }

    [RequiresRootTheory]
    [InlineData("192.0.2.1", 8080)]   // a host port outside the range
    [InlineData("203.0.113.7", 443)]  // an external IP
    public void K10_K38_HostPortsAndExternalIpsAreReached(string address, int port)
    {
        var bed = Own(new HostPortBed(reversePathFilter: "1"));
        bed.Apply();
        Listen(bed.Backend, IPAddress.Parse(address), port);
        var client = Connect(bed.Node, IPAddress.Parse(address), port);
        Exchange(client);
        AssertByHostPort(bed, $"host: tcp {client.LocalEndPoint} > {address}:{port}");
    }

    [RequiresRootFact]
    public void OtherPortsOfTheNodeStayItsOwn()
    {
        var bed = Own(new HostPortBed());
        bed.Apply();
        Listen(bed.Node, HostPortBed.NodeIp, 22);
        var client = Connect(bed.Node, HostPortBed.NodeIp, 22);
        Assert.Equal(HostPortBed.NodeIp, ((IPEndPoint)client.LocalEndPoint!).Address);
        Exchange(client);
        // And at loopback every port is, node ports included.
        Listen(bed.Node, IPAddress.Loopback, 30080);
        Exchange(Connect(bed.Node, IPAddress.Loopback, 30080));
        Assert.Empty(bed.StandIn.Seen);
        // So are connections from outside by the kernel's own way.
        Exchange(Connect(bed.World, HostPortBed.NodeIp, 22));
        Assert.Empty(bed.StandIn.Seen);
    }

    [RequiresRootTheory]
    [InlineData("0", true)]
    [InlineData("1", true)]
    [InlineData("1", false)]
    public void K28_AcceptedConnectionsAreAnsweredTheWayTheyCame(string reversePathFilter, bool defaultRoute)
    {
        var bed = Own(new HostPortBed(reversePathFilter: reversePathFilter));
        if (!defaultRoute) HostPortBed.Exec(bed.Node, "route delete default");
        bed.Apply();
        Listen(bed.Node, HostPortBed.NodeIp, 8443);
        var client = Connect(bed.Client, HostPortBed.NodeIp, 8443, toNodeOf: bed);
        Exchange(client);
        Assert.Contains($"host: tcp 192.0.2.1:8443 > {client.LocalEndPoint}", bed.StandIn.Seen);
        Assert.Equal(0, bed.Leaked(IpProtocol.Tcp));
    }

    [RequiresRootFact]
    public void WithoutTheMarkTheAnswerWouldGoByTheDefaultRoute()
    {
        var bed = Own(new HostPortBed(mark: 0));
        bed.Apply();
        Listen(bed.Node, HostPortBed.NodeIp, 8443);
        Connect(bed.Client, HostPortBed.NodeIp, 8443, toNodeOf: bed, expectReply: false);
        Assert.True(SpinWait.SpinUntil(() => bed.Leaked(IpProtocol.Tcp) > 0, TimeSpan.FromSeconds(5)));
    }

    [RequiresRootFact]
    public void RefusalsAreAnsweredTheWayTheyCameToo()
    {
        var bed = Own(new HostPortBed());
        bed.Apply();
        var refused = Assert.Throws<SocketException>(() => Connect(bed.Client, HostPortBed.NodeIp, 9, toNodeOf: bed));
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);

        HostPortBed.Exec(bed.Client, "route replace 192.0.2.1/32 via 169.254.1.1 dev eth0 onlink");
        var udp = Own(bed.Client.Run(() => new UdpClient("192.0.2.1", 9)));
        udp.Client.ReceiveTimeout = 5000;
        udp.Send([1]);
        IPEndPoint? from = null;
        Assert.Equal(SocketError.ConnectionRefused, Assert.Throws<SocketException>(() => udp.Receive(ref from)).SocketErrorCode);
        Assert.Contains("host: icmp 192.0.2.1 > 198.51.100.5", bed.StandIn.Seen);
        Assert.Equal(0, bed.Leaked(IpProtocol.Tcp) + bed.Leaked(IpProtocol.Icmp));
    }

    [RequiresRootFact]
    public void AnErrorOfADataplaneAboutANodePortReachesTheProcess()
    {
        var bed = Own(new HostPortBed(reversePathFilter: "1"));
        bed.Apply();
        // Nobody listens at the backend: its stack refuses in the frontend's name, as the dataplane does for a service without endpoints.
        var refused = Assert.Throws<SocketException>(() => Connect(bed.Node, HostPortBed.NodeIp, 30080));
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
        var udp = Own(bed.Node.Run(() => new UdpClient("192.0.2.1", 30053)));
        udp.Client.ReceiveTimeout = 5000;
        udp.Send([1]);
        IPEndPoint? from = null;
        Assert.Equal(SocketError.ConnectionRefused, Assert.Throws<SocketException>(() => udp.Receive(ref from)).SocketErrorCode);
    }

    [RequiresRootFact]
    public void ConnectionsGoOnWhileFrontendsChange()
    {
        var bed = Own(new HostPortBed());
        var frontends = bed.Apply();
        Listen(bed.Backend, HostPortBed.NodeIp, 30080);
        var client = Connect(bed.Node, HostPortBed.NodeIp, 30080);
        Listen(bed.Node, HostPortBed.NodeIp, 22);
        var own = Connect(bed.Node, HostPortBed.NodeIp, 22);
        for (ushort i = 0; i < 50; i++)
        {
            var changed = HostPortBed.Spec.Frontends.Append(new(new(203, 0, 113, (byte)(100 + i)), 80, IpProtocol.Tcp)).Append(new(default, (ushort)(8081 + i), IpProtocol.Tcp));
            bed.Apply(HostPortBed.Spec with { Frontends = changed.ToHashSet() }, frontends);
            Exchange(client, 2000);
            Exchange(own, 2000);
        }
    }

    private T Own<T>(T owned) where T : IDisposable => _sockets.Own(owned);

    private void Listen(NetworkNamespace ns, IPAddress address, int port) => _sockets.Listen(ns, address, port);

    private Socket Connect(NetworkNamespace ns, IPAddress address, int port, IPAddress? bindTo = null, HostPortBed? toNodeOf = null, bool expectReply = true)
    {
        // The stand-in leads the node's address to the backend, unless it is the node that is meant.
        toNodeOf?.StandIn.LeadToHost(HostPortBed.NodeIp);
        return _sockets.Connect(ns, address, port, bindTo, expectReply);
    }

    private static void Exchange(Socket client, int bytes = 200_000) => EchoSockets.Exchange(client, bytes);

    private static void AssertByHostPort(HostPortBed bed, string frame)
    {
        Assert.Contains(frame, bed.StandIn.Seen);
        Assert.Equal(0, bed.Leaked(IpProtocol.Tcp));
    }
}
