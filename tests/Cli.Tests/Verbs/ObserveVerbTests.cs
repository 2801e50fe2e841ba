using System.Text.Json;
using Dataplane.Contracts.V1;
using Xunit;

namespace Dataplane.Cli.Tests.Verbs;

public sealed class ObserveVerbTests
{
    private static readonly FlowEvent Syn = new()
    {
        Time = 1_769_418_423_396_999_999, Verdict = FlowEvent.Types.Verdict.Forwarded, Protocol = Protocol.Tcp, ProtocolNumber = 6,
        Source = "10.244.1.8", SourcePort = 40312, Destination = "10.96.0.7", DestinationPort = 80, Backend = "10.244.1.7", BackendPort = 8080,
        SourceIdentity = 16, DestinationIdentity = 17, SourcePod = "default/client", DestinationPod = "default/web-0",
        Service = "default/web:http", TcpFlags = 2, Direction = "egress",
    };

    private static readonly FlowEvent Denied = new()
    {
        Time = 1_769_418_424_000_000_000, Verdict = FlowEvent.Types.Verdict.Dropped, DropReason = "PolicyDenied", Direction = "ingress",
        Protocol = Protocol.Icmp, ProtocolNumber = 58, Source = "fd00::8", Destination = "fd00::7", SourceIdentity = 3,
    };

    [Fact]
    public async Task OneLinePerEventAsHubbleDoes()
    {
        var control = new FakeControl { Flows = { Syn, Denied } };
        Assert.Equal("""
            Jan 26 09:07:03.396: default/client:40312 (ID:16) -> default/web-0:8080 (ID:17) (service default/web:http 10.96.0.7:80) egress FORWARDED (TCP Flags: SYN)
            Jan 26 09:07:04.000: fd00::8 (ID:world) <> fd00::7 ingress PolicyDenied DROPPED (ICMPv6)

            """, await DpctlRun.Print("observe", control));
    }

    [Fact]
    public async Task P38_ADenialNamesThePoliciesThatIsolateThePod()
    {
        var control = new FakeControl { Flows = { new FlowEvent(Denied) { DeniedBy = { "web/default-deny", "web/db-from-api" } } } };
        Assert.Equal(
            "Jan 26 09:07:04.000: fd00::8 (ID:world) <> fd00::7 ingress PolicyDenied DROPPED by web/default-deny, web/db-from-api (ICMPv6)\n", await DpctlRun.Print("observe", control));
        Assert.Equal(["web/default-deny", "web/db-from-api"], JsonDocument.Parse(await DpctlRun.Print("observe -o json", control))
            .RootElement.GetProperty("deniedBy").EnumerateArray().Select(name => name.GetString()));
    }

    [Fact]
    public async Task AddressesStandInForUnknownPods()
    {
        var flow = new FlowEvent
        {
            Verdict = FlowEvent.Types.Verdict.Rejected, DropReason = "ServiceWithoutBackends", Protocol = Protocol.Udp, ProtocolNumber = 17,
            Source = "fd00::8", SourcePort = 5353, Destination = "fd00::7", DestinationPort = 53, Direction = "none",
        };
        Assert.Equal(
            "Jan 01 00:00:00.000: [fd00::8]:5353 <> [fd00::7]:53 ServiceWithoutBackends REJECTED (UDP)\n",
            await DpctlRun.Print("observe", new FakeControl { Flows = { flow } }));
    }

    [Fact]
    public async Task AClientOfANodePortIsShownWithWhatItBecameAndTheServiceByName()
    {
        var flow = new FlowEvent
        {
            Verdict = FlowEvent.Types.Verdict.Forwarded, Protocol = Protocol.Tcp, ProtocolNumber = 6, TcpFlags = 2, Direction = "ingress",
            Source = "203.0.113.9", SourcePort = 40312, SourceIdentity = 3, MasqueradedSource = "10.244.1.1", MasqueradedSourcePort = 50123,
            Destination = "192.168.7.1", DestinationPort = 30080, Service = "default/web:http",
            Backend = "10.244.2.7", BackendPort = 8080, DestinationPod = "default/web-1", DestinationIdentity = 17,
        };
        Assert.Equal(
            "Jan 01 00:00:00.000: 203.0.113.9:40312 (ID:world) (as 10.244.1.1:50123) -> default/web-1:8080 (ID:17) "
            + "(service default/web:http 192.168.7.1:30080) ingress FORWARDED (TCP Flags: SYN)\n",
            await DpctlRun.Print("observe", new FakeControl { Flows = { flow } }));
    }

    [Fact]
    public async Task APodThatLeavesTheClusterIsShownWithTheNodesAddress()
    {
        var ping = new FlowEvent
        {
            Verdict = FlowEvent.Types.Verdict.Forwarded, Protocol = Protocol.Icmp, ProtocolNumber = 1, Source = "10.244.1.7", SourcePort = 4660, SourcePod = "default/web-0",
            SourceIdentity = 17, MasqueradedSource = "192.168.7.1", MasqueradedSourcePort = 50001, Destination = "203.0.113.9", DestinationPort = 4660, DestinationIdentity = 3,
            Direction = "egress",
        };
        var syn = new FlowEvent(ping) { Protocol = Protocol.Tcp, ProtocolNumber = 6, TcpFlags = 2, DestinationPort = 443 };
        Assert.Equal("""
            Jan 01 00:00:00.000: default/web-0 (ID:17) (as 192.168.7.1) -> 203.0.113.9 (ID:world) egress FORWARDED (ICMP id 4660)
            Jan 01 00:00:00.000: default/web-0:4660 (ID:17) (as 192.168.7.1:50001) -> 203.0.113.9:443 (ID:world) egress FORWARDED (TCP Flags: SYN)

            """, await DpctlRun.Print("observe", new FakeControl { Flows = { ping, syn } }));
    }

    [Fact]
    public async Task SegmentsThatWereAnsweredByAResetAreRejected()
    {
        var orphan = new FlowEvent
        {
            Verdict = FlowEvent.Types.Verdict.Rejected, DropReason = "ConnectionOrphaned", Protocol = Protocol.Tcp, ProtocolNumber = 6, TcpFlags = 24, Direction = "egress",
            Source = "10.244.1.7", SourcePort = 40312, SourcePod = "default/web-0", SourceIdentity = 17, Destination = "10.96.0.7", DestinationPort = 80, Service = "default/web:http",
        };
        var unknown = new FlowEvent(orphan)
        {
            DropReason = "ConntrackNoFlow", Direction = "ingress", Source = "203.0.113.9", SourcePod = "", SourceIdentity = 3, Destination = "192.168.7.1", DestinationPort = 30080,
        };
        Assert.Equal("""
            Jan 01 00:00:00.000: default/web-0:40312 (ID:17) <> 10.96.0.7:80 (service default/web:http) egress ConnectionOrphaned REJECTED (TCP Flags: PSH, ACK)
            Jan 01 00:00:00.000: 203.0.113.9:40312 (ID:world) <> 192.168.7.1:30080 (service default/web:http) ingress ConntrackNoFlow REJECTED (TCP Flags: PSH, ACK)

            """, await DpctlRun.Print("observe", new FakeControl { Flows = { orphan, unknown } }));
    }

    [Fact]
    public async Task AnEchoIdentifierIsNoPort()
    {
        var flow = new FlowEvent
        {
            Verdict = FlowEvent.Types.Verdict.Forwarded, Protocol = Protocol.Icmp, ProtocolNumber = 1, Source = "10.244.1.7", SourcePort = 4660,
            SourcePod = "default/web-0", Destination = "10.244.1.8", DestinationPort = 4660, Direction = "egress",
        };
        Assert.Equal(
            "Jan 01 00:00:00.000: default/web-0 -> 10.244.1.8 egress FORWARDED (ICMP id 4660)\n",
            await DpctlRun.Print("observe", new FakeControl { Flows = { flow } }));
    }

    [Fact]
    public async Task APacketWithoutAddressesIsShownWithItsPort()
    {
        var flow = new FlowEvent
        {
            Verdict = FlowEvent.Types.Verdict.Dropped, DropReason = "EtherTypeUnsupported", Direction = "egress", InPort = "dp7a", Length = 86,
        };
        Assert.Equal(
            "Jan 01 00:00:00.000: port dp7a <> unknown egress EtherTypeUnsupported DROPPED (86 bytes)\n",
            await DpctlRun.Print("observe", new FakeControl { Flows = { flow } }));
    }

    [Fact]
    public async Task JsonIsOneObjectPerLine()
    {
        string text = await DpctlRun.Print("observe -o json", new FakeControl { Flows = { Syn, Denied } });
        string[] lines = text.TrimEnd('\n').Split('\n');
        Assert.Equal(["default/client", ""], lines.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("sourcePod").GetString()));
    }

    [Fact]
    public async Task YamlIsOneDocumentPerEvent() =>
        Assert.Equal(2, (await DpctlRun.Print("observe -o yaml", new FakeControl { Flows = { Syn, Denied } })).Split("---\n").Length - 1);

    [Fact]
    public async Task FiltersAreHandedOn()
    {
        var control = new FakeControl();
        await DpctlRun.Print("observe --drops --pod default/web-0 --address 10.244.1.7 -n 5", control);
        Assert.Equal(
            new WatchFlowsRequest { Show = WatchFlowsRequest.Types.Show.Drops, Pod = "default/web-0", Address = "10.244.1.7", MaxEvents = 5 },
            control.Request<WatchFlowsRequest>());
    }

    [Fact]
    public async Task LostEventsAreReportedOnStandardError()
    {
        var run = await DpctlRun.Of("observe", new FakeControl { Flows = { new FlowEvent(Denied) { Lost = 12 } } });
        Assert.Contains("12 events lost", run.Errors, StringComparison.Ordinal);
        Assert.Single(run.Text.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public async Task CtrlCEndsTheStreamWithSuccess()
    {
        using var interrupt = new CancellationTokenSource();
        var control = new FakeControl { Flows = { Syn }, KeepsStreaming = true, WhenDrained = interrupt.Cancel };
        var run = await DpctlRun.Of("observe", control, interrupt.Token);
        Assert.Equal((0, ""), (run.ExitCode, run.Errors));
        Assert.Contains("FORWARDED", run.Text, StringComparison.Ordinal);
    }
}
