using Xunit;

namespace Dataplane.Cli.Tests.Verbs;

/// <summary>What people see, to the letter: scripts cut columns out of it.</summary>
public sealed class DumpTests
{
    [Fact]
    public Task VersionNamesBothPrograms() => Shows("version", $"""
        dpctl:     {Cli.Verbs.VersionVerb.OfDpctl}
        dataplane: 0.1.0
        runtime:   .NET 10.0.0
        kernel:    6.18.0

        """);

    [Fact]
    public Task ConfigTellsWhereValuesComeFrom() => Shows("config", """
        KEY         VALUE   SOURCE
        node-name   n1      flag
        vni         1       default
        uplink      -       default

        """);

    [Fact]
    public Task StatusBeginsWithOneLinePerSubject() => Shows("status", """
        Node:        n1
        State:       ready
        Generation:  12, synced 3.2s ago
        Uptime:      1h2m
        Version:     0.1.0 (.NET 10.0.0, kernel 6.18.0)
        Tables:      2 endpoints, 2 services, 3 backends, 1 policies, 3 identities, 2 prefixes, 2 nodes
        Conntrack:   131 of 262144 entries (0.0%)
        NAT:         37 of 16384 ports in use by the busiest destinations (0.2%), 412 in all
        Affinity:    120 of 65536 clients (0.2%)
        Frontends:   3 of 65536 served to clients from outside (0.0%)
        Frames:      16384 of 4096 bytes: 12288 free, 4000 in fill rings, 0 received, 90 in transmit, 6 held

        FEATURE              AVAILABLE   IN USE
        tx-metadata          yes         checksums completed by the kernel
        zero-copy            no          copy: veth has no zero-copy
        uplink               yes         eth1, MTU 1500, native XDP, attached as SingleProgram
        external-interface   yes         eth2, MTU 9000, generic XDP, attached as SingleProgram
        services             yes         ClusterIP, NodePort 30000-32767, ExternalIP, LoadBalancer, HostPort over TCP,
                                         UDP, SCTP; random from outside; masquerade 192.168.7.1 from ports 49152-65535

        WORKER   CPU   RX PACKETS   BATCHES   PACKETS/BATCH   SLEEPS   BUSY
        0        any   1000         80        12.5            12       2.5s

        ID   NAME      KIND     IFINDEX   QUEUE   MTU     XDP       BIND   TX CSUM   SG    WORKER   RX PACKETS   RX BYTES   TX PACKETS   TX BYTES   RX DROPPED   FILL EMPTY   RX FULL   TX ERRORS
        1    eth1      uplink   4         0       1500    native    copy   offload   no    0        900          90000      800          80000      0            0            0         0
        2    dp-host   host     6         0       65535   generic   copy   offload   yes   0        100          6400       0            0          0            0            0         1

        """);

    [Fact]
    public async Task StatusSaysWhyItIsNotReady()
    {
        var control = new FakeControl { Status = new() { NodeName = "n1", NotReadyReason = "no state from the agent" } };
        Assert.StartsWith("""
            Node:        n1
            State:       NOT READY: no state from the agent
            Generation:  none: no state has come from the agent yet

            """, await DpctlRun.Print("status", control), StringComparison.Ordinal);
    }

    [Fact]
    public async Task StatusWrapsEachProblemUnderItsFirstLine()
    {
        var control = new FakeControl { Status = new() { NodeName = "n1", Ready = true, Generation = 3, Problems = { LongProblems } } };
        Assert.Equal("""
            Node:        n1
            State:       ready
            Generation:  3, synced 0.0s ago
            Uptime:      0.0s
            Problem:     a process listens on 0.0.0.0:30080/TCP, which is within the node port range
                         30000-32767: once a service has this port, clients reach the service and not the
                         process; let it listen elsewhere (ss -lptun 'sport = :30080' shows which it is)
            Problem:     net.ipv4.ip_forward is 0
            Problem:     steer packets to 2 of 65538 service frontends: E2BIG; 10.0.0.1:80/TCP, 10.0.0.2:80/TCP
                         did not fit (there is room for 65536)

            """, await DpctlRun.Print("status", control));
    }

    internal static readonly string[] LongProblems =
    [
        "a process listens on 0.0.0.0:30080/TCP, which is within the node port range 30000-32767: once a service has this port, clients reach the service "
            + "and not the process; let it listen elsewhere (ss -lptun 'sport = :30080' shows which it is)",
        "net.ipv4.ip_forward is 0",
        "steer packets to 2 of 65538 service frontends: E2BIG; 10.0.0.1:80/TCP, 10.0.0.2:80/TCP did not fit (there is room for 65536)",
    ];

    [Fact]
    public async Task AStatusWithoutTheNewerTablesLeavesThemOut()
    {
        var control = new FakeControl { Status = new() { Tables = new() { ConntrackCapacity = 10 } } };
        string text = await DpctlRun.Print("status", control);
        Assert.Contains("Conntrack:   0 of 10 entries (0.0%)\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("NAT:", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Affinity:", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Frontends:", text, StringComparison.Ordinal);
    }

    [Fact]
    public Task NatPortsShowsHowManyAreLeft() => Shows("nat ports", """
        RANGE         PORTS   MOST USED   USED   GROUPS
        49152-65535   16384   37 (0.2%)   412    1024

        """);

    [Fact]
    public Task EndpointListHasOneLinePerLabel() => Shows("endpoint list", """
        ENDPOINT   POD             INGRESS    EGRESS     IDENTITY   LABELS (source:key[=value])   IPv6        IPv4         STATUS
        5          default/web-0   Enabled    Disabled   17         k8s:ns/default                fd00:1::7   10.244.1.7   ready
                                                                    app=web
        6          default/job-x   Disabled   Disabled   -          -                             -           10.244.1.8   waiting-for-policy

        """);

    [Fact]
    public Task ServiceListShowsBackendsAsCiliumDoes() => Shows("service list", """
        ID   Frontend              Service Type   Backend                              Service            Policy
        1    10.96.0.7:80/TCP      ClusterIP      1 => 10.244.1.7:8080/TCP (active)    default/web:http   -
                                                  2 => [fd00:2::9]:8080/TCP (active)
        2    0.0.0.0:30080/TCP     NodePort       1 => 10.244.1.7:8080/TCP (active)    default/web:http   -
                                                  2 => [fd00:2::9]:8080/TCP (active)
        3    [fd00:96::a]:53/UDP   ClusterIP      none (connections are refused)       kube-system/dns    -

        """);

    [Fact]
    public Task PolicyListShowsWhatEachRuleAllows() => Shows("policy list", """
        POLICY   DIRECTION   IDENTITY   LABELS (source:key[=value])   PORT/PROTO      ORIGIN
        1        Ingress     17         k8s:ns/default                80/TCP          default/allow-web
                                        app=web
        1        Ingress     ANY        ANY                           8000-8100/UDP   default/range
        1        Ingress     18         cidr:192.0.2.0/24             ANY             default/cidr
        1        Ingress     3          reserved:world                ANY/SCTP        -
        1        Egress      ANY        ANY                           ANY             not isolated: everything is allowed
        2        Ingress     ANY        ANY                           ANY             not isolated: everything is allowed
        2        Egress      -          -                             -               isolated by no rule: nothing is allowed

        """);

    [Fact]
    public Task IdentityListShowsLabels() => Shows("identity list", """
        ID   KIND   LABELS (source:key[=value])
        1    host   reserved:host
        17   pod    k8s:ns/default
                    app=web
        18   cidr   cidr:192.0.2.0/24

        """);

    [Fact]
    public Task IpcacheListNamesReservedIdentities() => Shows("ipcache list", """
        IP PREFIX/ADDRESS   IDENTITY      OWNER
        10.244.1.7/32       17            default/web-0
        192.0.2.1/32        remote-node   -

        """);

    [Fact]
    public Task NodeListMarksThisNode() => Shows("node list", """
        NAME             STATE     ADDRESSES     POD CIDRS       NEXT HOP      BY     VTEP MAC            NEXT HOP MAC
        n1 (this node)   local     192.168.7.1   10.244.1.0/24   -             -      -                   -
        n2               overlay   192.168.7.2   10.244.2.0/24   -             -      0e:64:c0:a8:07:02   52:54:00:00:00:02
                                                 fd00:2::/64
        n3               mixed     192.168.7.3   10.244.3.0/24   192.168.7.3   bird   -                   -
                                                 fd00:3::/64     -             -

        """);

    [Fact]
    public Task RouteListShowsWhereDestinationsGo() => Shows("route list", """
        DESTINATION        KIND       VIA             PORT   NEXT HOP      NEXT HOP MAC        MTU
        10.244.1.7/32      endpoint   default/web-0   3      -             -                   -
        10.244.2.0/24      overlay    n2              1      -             -                   -
        10.244.3.0/24      native     n3              1      192.168.7.3   52:54:00:00:00:03   1500
        192.168.7.254/32   neighbor   eth1            1      -             52:54:00:00:00:fe   1500
        0.0.0.0/0          host       dp-host         2      -             -                   -

        """);

    [Fact]
    public Task ConntrackListShowsTheReplyTupleOnlyWhereItIsTranslated() => Shows("ct list", """
        TCP 10.244.1.8:40312 -> 10.96.0.7:80 reply 10.244.1.7:8080 -> 10.244.1.8:40312 ESTABLISHED expires=86390 Packets=6 Bytes=480 ReplyPackets=5 ReplyBytes=9000 SourceSecurityID=16 DestinationSecurityID=17 Revision=3
        ICMPv6 fd00:1::7 -> fd00:2::9 id=77 NEW expires=29 Packets=1 Bytes=118 ReplyPackets=0 ReplyBytes=0 SourceSecurityID=17 DestinationSecurityID=18 Revision=3

        """);

    [Fact]
    public async Task NatListShowsTranslatedFlowsOnly()
    {
        string text = await DpctlRun.Print("nat list", SampleNode.Create());
        Assert.StartsWith("TCP 10.244.1.8:40312 -> 10.96.0.7:80 reply ", Assert.Single(text.TrimEnd('\n').Split('\n')), StringComparison.Ordinal);
    }

    [Fact]
    public Task DropsAreSortedAndLeaveOutWhatNeverHappened() => Shows("drops", """
        REASON           DIRECTION   PACKETS   BYTES   DESCRIPTION
        PolicyDenied     ingress     40        2960    no rule allows it
        SourceNotOwned   egress      2         120     spoofed

        """);

    [Fact]
    public async Task DropsWithAllShowsZeros() =>
        Assert.Contains("VniUnknown       none        0 ", await DpctlRun.Print("drops --all", SampleNode.Create()), StringComparison.Ordinal);

    private static async Task Shows(string commandLine, string expected) =>
        Assert.Equal(expected, await DpctlRun.Print(commandLine, SampleNode.Create()));
}
