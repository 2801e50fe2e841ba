using System.Net;
using System.Net.Sockets;
using Dataplane.Control.Compile;
using Dataplane.Packets;
using Dataplane.Control.Apply;
using Dataplane.Headers;
using Dataplane.Testing;
using Xdp.Interop;
using Xdp.Interop.Links;
using Xunit;

namespace Dataplane.Control.Tests.Apply;

/// <summary>Rules, routes and settings of the node: what is made, taken over, left alone, and put back.</summary>
public sealed class HostFrontendsTests : IDisposable
{
    private readonly HostPortBed? _bed = Privileges.MissingForNetworkNamespaces is null ? new HostPortBed() : null;

    private HostPortBed Bed => _bed!;

    public void Dispose() => _bed?.Dispose();

    [RequiresRootFact]
    public void EverythingHasItsPlace()
    {
        Bed.Apply();
        Assert.Equal(
            ["50: from all iif lo ipproto udp dport 30000-32767 lookup 4977 proto 77", "50: from all iif lo ipproto tcp dport 30000-32767 lookup 4977 proto 77",
             "51: from all to 192.0.2.1 iif lo ipproto tcp dport 8080 lookup 4978 proto 77", "60: from all fwmark 0x440000/0xff0000 iif lo lookup 4978 proto 77",
             "100: from all lookup local proto kernel", "32766: from all lookup main proto kernel", "32767: from all lookup default proto kernel"],
            Rules().OrderBy(rule => int.Parse(rule.Split(':')[0])).ThenByDescending(rule => rule, StringComparer.Ordinal));
        const string way = "via 169.254.77.1 dev dp-host proto 77 src 10.244.1.1 mtu 1450 advmss 1410";
        Assert.Equal([$"192.0.2.1 {way}"], Routes("4977"));
        Assert.Equal([$"default {way}"], Routes("4978"));
        Assert.Contains($"203.0.113.7 {way}", Routes("main"));
        Assert.Equal("1", Sysctl.Read("ipv4/tcp_fwmark_accept", Bed.Node));
        Assert.Equal("1", Sysctl.Read("ipv4/fwmark_reflect", Bed.Node));
        Assert.Equal("1", Sysctl.Read("ipv4/conf/dp-host/accept_local", Bed.Node));
        Assert.Equal("1", Sysctl.Read("ipv4/conf/dp-host/src_valid_mark", Bed.Node));
        Assert.Equal("30000-32767,49152-65535", Sysctl.Read("ipv4/ip_local_reserved_ports", Bed.Node));
        Assert.Equal(["dp-host", "dp-host", "lo", "dp-host", "lo", "lo"],
            ((string[])["tcp dport 30000", "udp dport 32767", "tcp dport 32768", "tcp dport 8080", "udp dport 8080", "tcp dport 443"]).Select(packet => Device($"192.0.2.1 ipproto {packet}")));
    }

    [RequiresRootFact]
    public void RemoveLeavesTheNodeAsItWas()
    {
        Sysctl.Write("ipv4/ip_local_reserved_ports", "22,30001,40000-40010", Bed.Node);
        string before = Snapshot();
        var frontends = Bed.Apply();
        Assert.Equal("22,30000-32767,40000-40010,49152-65535", Sysctl.Read("ipv4/ip_local_reserved_ports", Bed.Node));
        Assert.NotEqual(before, Snapshot());
        Bed.Node.Run(() => frontends.Remove());
        Assert.Equal(before, Snapshot());
        Assert.Empty(Directory.GetFileSystemEntries(Bed.StateDirectory));
        Assert.Empty(Bed.Node.Run(() => frontends.Remove())); // again is no error
        Assert.Equal(before, Snapshot());
    }

    [RequiresRootFact]
    public void ALaterProcessUndoesWhatAnEarlierOneDid()
    {
        string before = Snapshot();
        Bed.Apply();
        var undone = Bed.Node.Run(() => Bed.Open().Remove());
        Assert.Equal(
            ["place of the local table's rule, which is at priority 0 again", "reservation of ports 30000-32767,49152-65535", "route 0.0.0.0/0", "route 192.0.2.1/32", "route 203.0.113.7/32",
             "rule 50: iif lo ipproto 17 dport 30000-32767 lookup 4977", "rule 50: iif lo ipproto 6 dport 30000-32767 lookup 4977", "rule 51: iif lo to 192.0.2.1/32 ipproto 6 dport 8080 lookup 4978",
             "rule 60: iif lo fwmark 0x440000/0xff0000 lookup 4978", "setting net.ipv4.fwmark_reflect, which is 0 again", "setting net.ipv4.tcp_fwmark_accept, which is 0 again"],
            undone.Select(what => what.Split(" via ")[0]).Order(StringComparer.Ordinal));
        Assert.Equal(before, Snapshot());
    }

    [RequiresRootFact]
    public void SettingsThatWereOnBeforeStayOn()
    {
        Sysctl.Write("ipv4/fwmark_reflect", "1", Bed.Node);
        var frontends = Bed.Apply();
        Bed.Node.Run(() => frontends.Remove());
        Assert.Equal(("0", "1"), (Sysctl.Read("ipv4/tcp_fwmark_accept", Bed.Node), Sysctl.Read("ipv4/fwmark_reflect", Bed.Node)));
    }

    [RequiresRootFact]
    public void PortsThatOthersReserveMeanwhileAreKept()
    {
        var frontends = Bed.Apply();
        Sysctl.Write("ipv4/ip_local_reserved_ports", "5000,30000-32767,49152-65535", Bed.Node);
        Bed.Apply(HostPortBed.Spec with { NodePorts = (31000, 31999), NatPorts = null }, frontends);
        Assert.Equal("5000,31000-31999", Sysctl.Read("ipv4/ip_local_reserved_ports", Bed.Node));
        Bed.Node.Run(() => frontends.Remove());
        Assert.Equal("5000", Sysctl.Read("ipv4/ip_local_reserved_ports", Bed.Node));
    }

    [RequiresRootFact]
    public void AStateOfAnEarlierRunIsTakenOverAndWhatIsStaleGoes()
    {
        Bed.Apply();
        Bed.Node.Run(() => HostVeth.Create(new HostVethSpec
        {
            Address = HostPortBed.Gateway, ClusterCidrs = [IPNetwork.Parse("10.244.0.0/16")], ServiceCidrs = [IPNetwork.Parse("10.96.0.0/12")], RouteMtu = 1400,
        }).Activate());
        Assert.Contains(Routes("main"), route => route.StartsWith("203.0.113.7", StringComparison.Ordinal)); // a new host port leaves it to us

        Bed.Apply(HostPortBed.Spec with { RouteMtu = 1400, Frontends = new HashSet<ExternalFrontend<IPv4Address>> { new(new(203, 0, 113, 8), 80, IpProtocol.Tcp), new(default, 30090, IpProtocol.Sctp) } });
        Assert.Equal(["50: from all iif lo ipproto sctp dport 30000-32767 lookup 4977 proto 77", "60: from all fwmark 0x440000/0xff0000 iif lo lookup 4978 proto 77"],
            Rules().Where(rule => rule.EndsWith("77", StringComparison.Ordinal)));
        const string way = "via 169.254.77.1 dev dp-host proto 77 src 10.244.1.1 mtu 1400 advmss 1360";
        Assert.Equal([$"192.0.2.1 {way}"], Routes("4977"));
        Assert.Equal([$"default {way}"], Routes("4978"));
        Assert.Equal([$"203.0.113.8 {way}"], Routes("main").Where(route => route.StartsWith("203", StringComparison.Ordinal)));
    }

    [RequiresRootFact]
    public void TheLocalRuleMovesOnlyWhileSomethingIsLedAtTheNodesAddresses()
    {
        var frontends = Bed.Apply(HostPortBed.Spec with { Frontends = new HashSet<ExternalFrontend<IPv4Address>> { new(new(203, 0, 113, 7), 443, IpProtocol.Tcp) } });
        Assert.Equal(0u, LocalRule().Priority);
        Bed.Apply(HostPortBed.Spec, frontends);
        Assert.Equal(100u, LocalRule().Priority);
        Bed.Apply(HostPortBed.Spec with { Frontends = new HashSet<ExternalFrontend<IPv4Address>>() }, frontends);
        Assert.Equal(new RoutingRule { Priority = 0, Table = RouteTableId.Local, Protocol = RouteProtocol.Kernel }, LocalRule());
        Assert.Equal(["60: from all fwmark 0x440000/0xff0000 iif lo lookup 4978 proto 77"], Rules().Where(rule => rule.EndsWith("77", StringComparison.Ordinal)));
    }

    [RequiresRootFact]
    public void ALocalRuleThatSomebodyElseMovedIsLeftWhereItIs()
    {
        HostPortBed.Exec(Bed.Node, "rule add priority 200 lookup local");
        HostPortBed.Exec(Bed.Node, "rule delete priority 0");
        string before = Snapshot();
        var frontends = Bed.Apply();
        Assert.Equal(200u, LocalRule().Priority);
        Bed.Node.Run(() => frontends.Remove());
        Assert.Equal(before, Snapshot());
    }

    [RequiresRootFact]
    public void ALocalRuleInFrontOfOursIsReported()
    {
        HostPortBed.Exec(Bed.Node, "rule add priority 20 lookup local");
        HostPortBed.Exec(Bed.Node, "rule delete priority 0");
        var frontends = Bed.Apply();
        Assert.Contains("comes before ours", Assert.Single(Obstacles(frontends)), StringComparison.Ordinal);
        Assert.Equal(20u, LocalRule().Priority);
    }

    [RequiresRootFact]
    public void RulesAndRoutesOfOthersAreNotTouched()
    {
        string[] others =
        [
            "rule add priority 50 fwmark 1 lookup 4977 protocol 4", "rule add priority 51 ipproto tcp dport 9 lookup main protocol 4", "rule add priority 52 lookup 4977 protocol 77",
            "rule add priority 50 from 192.0.2.77 lookup 4977 protocol 77",
            "route add 198.18.0.0/15 via 192.0.2.254 table 4977", "route add 203.0.113.7/32 via 192.0.2.254 metric 5",
        ];
        foreach (string other in others) HostPortBed.Exec(Bed.Node, other);
        string before = Snapshot();
        var frontends = Bed.Apply();
        Assert.Equal(["203.0.113.7 via 192.0.2.254 dev eth0 metric 5"], Routes("main").Where(route => route.StartsWith("203", StringComparison.Ordinal)));
        string obstacle = Assert.Single(Obstacles(frontends));
        Assert.StartsWith("a route of somebody else leads to 203.0.113.7/32", obstacle, StringComparison.Ordinal);

        // It goes: ours takes its place when somebody looks again.
        HostPortBed.Exec(Bed.Node, "route delete 203.0.113.7/32 via 192.0.2.254 metric 5");
        Bed.Node.Run(frontends.Refresh);
        Assert.Empty(Obstacles(frontends));
        Assert.Equal("dp-host", Device("203.0.113.7"));
        Bed.Node.Run(() => frontends.Remove());
        HostPortBed.Exec(Bed.Node, "route add 203.0.113.7/32 via 192.0.2.254 metric 5");
        Assert.Equal(before, Snapshot());
    }

    [RequiresRootFact]
    public void AnExternalIpThatIsANextHopIsNotRoutedAway()
    {
        var frontends = Bed.Apply(HostPortBed.Spec with { Frontends = new HashSet<ExternalFrontend<IPv4Address>> { new(new(192, 0, 2, 254), 80, IpProtocol.Tcp) } });
        Assert.Equal("eth0", Device("192.0.2.254"));
        Assert.Contains("is the next hop", Assert.Single(Obstacles(frontends)), StringComparison.Ordinal);
    }

    [RequiresRootFact]
    public void TheSameStateAgainAsksTheKernelNothingAndRefreshRepairs()
    {
        var frontends = Bed.Apply();
        string whole = Snapshot();
        HostPortBed.Exec(Bed.Node, "rule delete priority 60");
        HostPortBed.Exec(Bed.Node, "route flush table 4977");
        HostPortBed.Exec(Bed.Node, "route delete 203.0.113.7");
        Sysctl.Write("ipv4/tcp_fwmark_accept", "0", Bed.Node);
        string damaged = Snapshot();

        Bed.Apply(HostPortBed.Spec, frontends); // the same object
        Bed.Apply(HostPortBed.Spec with { Frontends = HostPortBed.Spec.Frontends.ToHashSet() }, frontends); // an equal one
        Assert.Equal(damaged, Snapshot());
        Bed.Node.Run(frontends.Refresh);
        Assert.Equal(whole, Snapshot());
    }

    [RequiresRootFact]
    public void AfterAFailureTheNextCallContinues()
    {
        // An address that the node does not have cannot be a source: the first route fails.
        var frontends = Bed.Open();
        Assert.Throws<NetlinkException>(() => Bed.Apply(HostPortBed.Spec with { Gateway = new(10, 244, 9, 9) }, frontends));
        Bed.Apply(HostPortBed.Spec, frontends);
        string whole = Snapshot();
        Bed.Node.Run(() => frontends.Remove());
        Bed.Apply();
        Assert.Equal(whole, Snapshot());
    }

    [RequiresRootFact]
    public void AMissingHostPortIsATypedError() =>
        Assert.Equal(Errno.ENODEV, Assert.ThrowsAny<XdpException>(() => Bed.Node.Run(() => new HostFrontends("dp-none", Bed.StateDirectory).Apply(HostPortBed.Spec))).Errno);

    [RequiresRootFact]
    public void K35_ProcessesThatListenWithinTheRangeAreReported()
    {
        var frontends = Bed.Apply();
        Assert.Empty(Obstacles(frontends));
        using var tcp = Bed.Node.Run(() => new TcpListener(IPAddress.Any, 30500));
        Bed.Node.Run(tcp.Start);
        using var loopback = Bed.Node.Run(() => new TcpListener(IPAddress.Loopback, 30501));
        Bed.Node.Run(loopback.Start);
        using var udp = Bed.Node.Run(() => new UdpClient(new IPEndPoint(HostPortBed.NodeIp, 32767)));
        var found = Obstacles(frontends);
        Assert.Equal(2, found.Count);
        Assert.StartsWith("a process listens on 0.0.0.0:30500/tcp, which is within the node port range 30000-32767", found[0], StringComparison.Ordinal);
        Assert.StartsWith("a process listens on 192.0.2.1:32767/udp", found[1], StringComparison.Ordinal);
        // Health check ports are of that range, and ours.
        Assert.Single(Bed.Node.Run(() => frontends.FindObstacles(own: new HashSet<ushort> { 30500 })));
    }

    [RequiresRootFact]
    public void K35_TheNodesOwnConnectionsGetNoPortOfEitherRange()
    {
        Sysctl.Write("ipv4/ip_local_port_range", "28000 60999", Bed.Node);
        Bed.Apply();
        for (int i = 0; i < 300; i++)
        {
            using var socket = Bed.Node.Run(() => new UdpClient(new IPEndPoint(IPAddress.Any, 0)));
            Assert.True(((IPEndPoint)socket.Client.LocalEndPoint!).Port is (>= 28000 and < 30000) or (> 32767 and < 49152));
        }
    }

    [RequiresRootFact]
    public void K35_TheNodeKeepsEnoughPortsForItsOwnConnections()
    {
        Sysctl.Write("ipv4/ip_local_port_range", "50000 60999", Bed.Node);
        var frontends = Bed.Apply();
        Assert.Equal("30000-32767", Sysctl.Read("ipv4/ip_local_reserved_ports", Bed.Node));
        Assert.StartsWith("ports 49152-65535 cannot be reserved", Assert.Single(Obstacles(frontends)), StringComparison.Ordinal);
    }

    private IReadOnlyList<string> Obstacles(HostFrontends frontends) => Bed.Node.Run(() => frontends.FindObstacles());

    private string Device(string arguments) => HostPortBed.Exec(Bed.Node, "route get " + arguments).Split(" dev ")[1].Split(' ')[0];

    private RoutingRule LocalRule() => Assert.Single(Bed.Netlink.Rules.List(AddressFamily.InterNetwork), rule => rule.Table == RouteTableId.Local);

    private IEnumerable<string> Rules() => Lines(HostPortBed.Exec(Bed.Node, "-d rule"));

    private IEnumerable<string> Routes(string table) => Lines(HostPortBed.Exec(Bed.Node, $"route show table {table}"));

    private static IEnumerable<string> Lines(string text) =>
        text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => string.Join(' ', line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)));

    // Of IPv4: addresses of IPv6 come by themselves, some time after their link.
    private string Snapshot() => string.Join('\n', [
        .. Lines(HostPortBed.Exec(Bed.Node, "-d rule")).Order(StringComparer.Ordinal), .. Lines(HostPortBed.Exec(Bed.Node, "-4 route show table all")).Order(StringComparer.Ordinal),
        HostPortBed.Exec(Bed.Node, "-4 addr"), ApplySandbox.Exec(Bed.Node, "sysctl", "-a", "-r", "^net.ipv[46].(conf.(all|default|lo|dp-host|eth0)|ip_|tcp_|udp_|fwmark|route)")]);
}
