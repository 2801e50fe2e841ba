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
