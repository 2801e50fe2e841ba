using System.Net;
using System.Net.Sockets;
using Dataplane.Control.Apply;
using Dataplane.Control.Compile;
using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Testing;
using Xdp.Interop.Links;
using Xunit;

namespace Dataplane.Control.Tests.Apply;

/// <summary>K27: rules, routes and settings of the node in dual-stack clusters: what is made, taken over, left alone, and put back.</summary>
public sealed class HostFrontendsV6Tests : IDisposable
{
    private const string Way = "via fe80::77:1 dev dp-host proto 77 src fd00:10:244:1::1 metric 1 mtu 1450 advmss 1390 pref medium";
    private const string Replies = "60: from all fwmark 0x440000/0xff0000 iif lo lookup 4978 proto 77";
    private readonly HostPortBed? _bed = Privileges.MissingForNetworkNamespaces is null ? new HostPortBed(dualStack: true) : null;

    private HostPortBed Bed => _bed!;

    public void Dispose() => _bed?.Dispose();

    [RequiresRootFact]
    public void K27_EverythingHasItsPlaceInEachFamily()
    {
        Bed.ApplyBoth();
        Assert.Equal(
            ["50: from all iif lo ipproto udp dport 30000-32767 lookup 4977 proto 77", "50: from all iif lo ipproto tcp dport 30000-32767 lookup 4977 proto 77",
             "51: from all to 2001:db8:2::1 iif lo ipproto tcp dport 8080 lookup 4978 proto 77", Replies,
             "100: from all lookup local proto kernel", "32766: from all lookup main proto kernel"],
            Rules("-6").OrderBy(rule => int.Parse(rule.Split(':')[0])).ThenByDescending(rule => rule, StringComparer.Ordinal));
        Assert.Equal([$"2001:db8:2::1 {Way}"], Routes("4977"));
        Assert.Equal([$"default {Way}"], Routes("4978"));
        Assert.Contains($"2001:db8:e::7 {Way}", Routes("main"));
        Assert.Equal(["192.0.2.1 via 169.254.77.1 dev dp-host proto 77 src 10.244.1.1 mtu 1450 advmss 1410"], Routes("4977", "-4"));
        Assert.Equal("1", Sysctl.Read("ipv6/fwmark_reflect", Bed.Node));
        Assert.Equal("30000-32767,49152-65535", Sysctl.Read("ipv4/ip_local_reserved_ports", Bed.Node));
        Assert.Equal(["dp-host", "dp-host", "lo", "dp-host", "lo", "lo"],
            ((string[])["tcp dport 30000", "udp dport 32767", "tcp dport 32768", "tcp dport 8080", "udp dport 8080", "tcp dport 443"]).Select(packet => Device($"2001:db8:2::1 ipproto {packet}")));
    }

    [RequiresRootFact]
    public void K27_RemoveLeavesTheNodeAsItWas()
    {
        string before = Snapshot();
        var frontends = Bed.ApplyBoth();
        Assert.NotEqual(before, Snapshot());
        Bed.Node.Run(() => frontends.Remove());
        Assert.Equal(before, Snapshot());
        Assert.Empty(Directory.GetFileSystemEntries(Bed.StateDirectory));
        Assert.Empty(Bed.Node.Run(() => frontends.Remove()));
    }

    [RequiresRootFact]
    public void K27_ALaterProcessUndoesWhatAnEarlierOneDid()
    {
        string before = Snapshot();
        Bed.ApplyBoth();
        var undone = Bed.Node.Run(() => Bed.Open().Remove());
        Assert.Equal(
            ["place of the IPv6 local table's rule, which is at priority 0 again", "place of the local table's rule, which is at priority 0 again", "reservation of ports 30000-32767,49152-65535",
             "route 0.0.0.0/0", "route 192.0.2.1/32", "route 2001:db8:2::1/128", "route 2001:db8:e::7/128", "route 203.0.113.7/32", "route ::/0",
             "rule 50: IPv6 iif lo ipproto 17 dport 30000-32767 lookup 4977", "rule 50: IPv6 iif lo ipproto 6 dport 30000-32767 lookup 4977",
             "rule 50: iif lo ipproto 17 dport 30000-32767 lookup 4977", "rule 50: iif lo ipproto 6 dport 30000-32767 lookup 4977",
             "rule 51: IPv6 iif lo to 2001:db8:2::1/128 ipproto 6 dport 8080 lookup 4978", "rule 51: iif lo to 192.0.2.1/32 ipproto 6 dport 8080 lookup 4978",
             "rule 60: IPv6 iif lo fwmark 0x440000/0xff0000 lookup 4978", "rule 60: iif lo fwmark 0x440000/0xff0000 lookup 4978",
             "setting net.ipv4.fwmark_reflect, which is 0 again", "setting net.ipv4.tcp_fwmark_accept, which is 0 again", "setting net.ipv6.fwmark_reflect, which is 0 again"],
            undone.Select(what => what.Split(" via ")[0]).Order(StringComparer.Ordinal));
        Assert.Equal(before, Snapshot());
    }

    [RequiresRootFact]
    public void K27_ASuccessorOfIPv4AloneRemovesWhatThePredecessorHadOfIPv6()
    {
        Bed.Apply();
        string onlyV4 = Snapshot();
        Bed.Node.Run(() => Bed.Open().Remove());
        Bed.ApplyBoth();
        Assert.NotEqual(onlyV4, Snapshot());
        Bed.Apply(); // another process
        Assert.Equal(onlyV4, Snapshot());
        Assert.Equal("0", Sysctl.Read("ipv6/fwmark_reflect", Bed.Node));
    }

    [RequiresRootFact]
    public void K27_AStateOfAnEarlierRunIsTakenOverAndWhatIsStaleGoes()
    {
        Bed.ApplyBoth();
        Bed.Node.Run(() => HostVeth.Create(HostPortBed.VethSpec(dualStack: true)).Activate());
        Assert.Contains($"2001:db8:e::7 {Way}", Routes("main")); // a new host port leaves it to us
        Bed.ApplyBoth(HostPortBed.SpecV6 with { Frontends = new HashSet<ExternalFrontend<IPv6Address>> { new(IPv6Address.Parse("2001:db8:e::8"), 80, IpProtocol.Tcp) } });
        Assert.Equal([Replies], Rules("-6").Where(rule => rule.EndsWith("77", StringComparison.Ordinal)));
        Assert.Contains("0: from all lookup local proto kernel", Rules("-6")); // nothing is led at the node's addresses any more
        Assert.Equal(4, Rules("-4").Count(rule => rule.EndsWith("77", StringComparison.Ordinal)));
        Assert.Empty(Routes("4977"));
        Assert.Equal([$"2001:db8:e::8 {Way}"], Routes("main").Where(route => route.StartsWith("2001:db8:e", StringComparison.Ordinal)));
    }

    [RequiresRootFact]
    public void K27_RulesAndRoutesOfOthersAreNotTouched()
    {
        foreach (string other in (string[])[
            "-6 rule add priority 50 fwmark 1 lookup 4977 protocol 4", "-6 rule add priority 51 ipproto tcp dport 9 lookup main protocol 4", "-6 rule add priority 52 lookup 4977 protocol 77",
            "-6 route add 2001:db8:f::/48 via 2001:db8:2::fe table 4977", "-6 route add 2001:db8:e::7/128 via 2001:db8:2::fe metric 500"]) HostPortBed.Exec(Bed.Node, other);
        string before = Snapshot();
        var frontends = Bed.ApplyBoth();
        Assert.StartsWith("a route of somebody else leads to 2001:db8:e::7/128", Assert.Single(Obstacles(frontends)), StringComparison.Ordinal);
        Assert.Equal("eth0", Device("2001:db8:e::7"));
        Bed.ApplyBoth(HostPortBed.SpecV6 with { Frontends = new HashSet<ExternalFrontend<IPv6Address>> { new(IPv6Address.Parse("2001:db8:2::fe"), 80, IpProtocol.Tcp) } }, frontends);
        Assert.Contains("2001:db8:2::fe, a service's address, is the next hop", Assert.Single(Obstacles(frontends)), StringComparison.Ordinal);
        Bed.Node.Run(() => frontends.Remove());
        Assert.Equal(before, Snapshot());
    }

    [RequiresRootFact]
    public void ALocalRuleInFrontOfOursIsReportedOfEachFamily()
    {
        foreach (string family in (string[])["-4", "-6"])
        {
            HostPortBed.Exec(Bed.Node, $"{family} rule add priority 20 lookup local");
            HostPortBed.Exec(Bed.Node, $"{family} rule delete priority 0");
        }
        var found = Obstacles(Bed.ApplyBoth());
        Assert.Equal(2, found.Count);
        Assert.StartsWith("the rule \"20: lookup 255\" comes before ours", found[0], StringComparison.Ordinal);
        Assert.StartsWith("the rule \"20: IPv6 lookup 255\" comes before ours", found[1], StringComparison.Ordinal);
    }

    [RequiresRootFact]
    public void K27_RefreshPutsBackAndTellsWhatOthersTookAway()
    {
        var frontends = Bed.Open();
        Assert.Empty(Bed.Node.Run(frontends.Refresh)); // before there is anything
        Bed.ApplyBoth(frontends: frontends);
        string whole = Snapshot();
        Assert.Empty(Bed.Node.Run(frontends.Refresh));
        (string Harm, string[] Told)[] cases =
        [
            ("ip -6 rule delete priority 60", ["rule 60: IPv6 iif lo fwmark 0x440000/0xff0000 lookup 4978"]),
            ("ip rule delete priority 60", ["rule 60: iif lo fwmark 0x440000/0xff0000 lookup 4978"]),
            ("ip -6 route flush table 4977", ["route 2001:db8:2::1/128 via fe80::77:1"]),
            ("ip route flush table 4978", ["route 0.0.0.0/0 via 169.254.77.1"]),
            ("ip -6 route delete 2001:db8:e::7", ["route 2001:db8:e::7/128 via fe80::77:1"]),
            ("sysctl -q -w net.ipv6.fwmark_reflect=0", ["setting net.ipv6.fwmark_reflect = 1"]),
            ("sysctl -q -w net.ipv4.tcp_fwmark_accept=0", ["setting net.ipv4.tcp_fwmark_accept = 1"]),
            ("sysctl -q -w net.ipv4.conf.dp-host.accept_local=0", ["setting net.ipv4.conf.dp-host.accept_local = 1"]),
            ("sysctl -q -w net.ipv4.ip_local_reserved_ports=30000-32767", ["reservation of ports 30000-32767,49152-65535"]),
            ("ip -6 rule add priority 0 lookup local protocol kernel", ["place of the IPv6 local table's rule behind ours"]),
        ];
        foreach (var (harm, told) in cases)
        {
            ApplySandbox.Exec(Bed.Node, harm.Split(' '));
            Assert.NotEqual((harm, whole), (harm, Snapshot()));
            Assert.Equal(told, Bed.Node.Run(frontends.Refresh).Select(what => what.Split(" dev ")[0]));
            Assert.Equal((harm, whole), (harm, Snapshot()));
        }
    }

    [RequiresRootFact]
    public void K27_K35_ProcessesThatListenWithinTheRangeAreReportedByFamily()
    {
        using var both = Bed.Node.Run(() => new TcpListener(IPAddress.IPv6Any, 30500));
        using var six = Bed.Node.Run(() => new TcpListener(HostPortBed.NodeIpV6, 30501));
        using var loopback = Bed.Node.Run(() => new TcpListener(IPAddress.IPv6Loopback, 30502));
        foreach (var listener in (TcpListener[])[both, six, loopback]) Bed.Node.Run(listener.Start);
        var frontends = Bed.ApplyBoth();
        Assert.Equal(["[::]:30500/tcp", "[2001:db8:2::1]:30501/tcp"], Obstacles(frontends).Select(what => what.Split(',')[0].Split(' ')[^1]));
        Bed.Apply(frontends: frontends); // without IPv6 only what takes IPv4 as well is in the way
        Assert.Equal(["[::]:30500/tcp"], Obstacles(frontends).Select(what => what.Split(',')[0].Split(' ')[^1]));
    }

    [RequiresRootFact]
    public void K27_K35_TheNodesOwnConnectionsGetNoReservedPort()
    {
        Sysctl.Write("ipv4/ip_local_port_range", "28000 60999", Bed.Node);
        Bed.ApplyBoth();
        for (int i = 0; i < 300; i++)
        {
            using var socket = Bed.Node.Run(() => new UdpClient(new IPEndPoint(IPAddress.IPv6Any, 0)));
            Assert.True(((IPEndPoint)socket.Client.LocalEndPoint!).Port is (>= 28000 and < 30000) or (> 32767 and < 49152));
        }
    }

    private IReadOnlyList<string> Obstacles(HostFrontends frontends) => Bed.Node.Run(() => frontends.FindObstacles());

    private string Device(string arguments) => HostPortBed.Exec(Bed.Node, "-6 route get " + arguments).Split(" dev ")[1].Split(' ')[0];

    private IEnumerable<string> Rules(string family) => Lines(HostPortBed.Exec(Bed.Node, $"-d {family} rule"));

    private IEnumerable<string> Routes(string table, string family = "-6") => Lines(HostPortBed.Exec(Bed.Node, $"{family} route show table {table}"));

    private static IEnumerable<string> Lines(string text) =>
        text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => string.Join(' ', line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)));

    // Without what comes by itself some time after a link: link-local addresses and their routes.
    private string Snapshot() => string.Join('\n', [
        .. Rules("-4").Concat(Rules("-6")).Order(StringComparer.Ordinal), .. Routes("all", "-4").Concat(Routes("all")).Where(route => !route.Contains("fe80::/64", StringComparison.Ordinal)
            && !route.StartsWith("local fe80", StringComparison.Ordinal) && !route.StartsWith("multicast", StringComparison.Ordinal) && !route.StartsWith("anycast fe80", StringComparison.Ordinal)).Order(StringComparer.Ordinal),
        HostPortBed.Exec(Bed.Node, "addr show dev dp-host"),
        ApplySandbox.Exec(Bed.Node, "sysctl", "-a", "-r", "^net.ipv[46].(conf.(all|default|lo|dp-host|eth0)|ip_|tcp_|udp_|fwmark|route)")]);
}
