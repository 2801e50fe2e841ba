using System.Text.Json;
using Xunit;

namespace Dataplane.Cli.Tests.Verbs;

public sealed class CheckVerbTests
{
    [Fact]
    public async Task AHealthyNodePasses()
    {
        var control = SampleNode.Create();
        control.Endpoints.RemoveAt(1);
        Assert.Equal("""
            ok    dataplane: ready
            ok    state: generation 12, synced 3.2s ago
            ok    ports: 2 open
            ok    conntrack: 131 of 262144 entries (0.0%)
            ok    nat: 37 of 16384 ports in use by the busiest destinations (0.2%)
            ok    affinity: 120 of 65536 clients (0.2%)
            ok    frames: 12288 of 16384 free
            ok    endpoints: 1 ready
            ok    nodes: 3 known
            ok    services: nothing stands in their way

            """, await DpctlRun.Print("check", control));
    }

    [Fact]
    public async Task EveryFaultIsNamedWithARemedyAndFailsTheRun()
    {
        var control = SampleNode.Create();
        control.Status.Ready = false;
        control.Status.NotReadyReason = "draining";
        control.Status.Generation = 0;
        control.Status.Ports.RemoveAt(1);
        control.Status.Tables.ConntrackEntries = control.Status.Tables.ConntrackCapacity;
        control.Status.NatPorts.MostUsed = 16384;
        control.Status.Tables.AffinityClients = control.Status.Tables.AffinityCapacity;
        control.Status.Problems.Add("a port is taken; free it");
        control.Status.Frames.Free = control.Status.Frames.Fill = 0;
        control.Nodes[1].State = "unresolved";
        var run = await DpctlRun.Of("check", control);
        Assert.Equal(1, run.ExitCode);
        Assert.Equal(["dataplane", "state", "ports", "conntrack", "nat", "affinity", "frames", "endpoints", "nodes", "services"],
            run.Text.TrimEnd('\n').Split('\n').Where(line => !line.StartsWith("      ", StringComparison.Ordinal)).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is ["FAIL", var subject, ..] ? subject.TrimEnd(':') : line));
        Assert.Contains("no host port", run.Text, StringComparison.Ordinal);
        Assert.Contains("default/job-x: no connectivity until", run.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("unresolved", "can this node ping that one?")]
    [InlineData("unreachable", "route on this node refuses its pods")]
    public async Task NodesWithoutAWayAreNamedWithTheCause(string state, string cause)
    {
        var control = Healthy();
        control.Nodes[1].State = state;
        var run = await DpctlRun.Of("check", control);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains($"nodes: {control.Nodes[1].Node.Name}: ", run.Text, StringComparison.Ordinal);
        Assert.Contains(cause, run.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(13107u, 0)]
    [InlineData(13108u, 1)] // 80 % of 16384 is 13107.2
    public async Task SourcePortsAreShortFrom80PercentOn(uint used, int exitCode)
    {
        var control = Healthy();
        control.Status.NatPorts.MostUsed = used;
        var run = await DpctlRun.Of("check", control);
        Assert.Equal(exitCode, run.ExitCode);
        Assert.Contains($"nat: {used} of 16384 ports in use by the busiest destinations (80.0%)", run.Text, StringComparison.Ordinal);
        Assert.Equal(exitCode == 1, run.Text.Contains("widen nat-ports", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(52428u, 0)]
    [InlineData(52429u, 1)] // 80 % of 65536 is 52428.8
    public async Task PlacesForClientsAreShortFrom80PercentOn(uint used, int exitCode)
    {
        var control = Healthy();
        control.Status.Tables.AffinityClients = used;
        var run = await DpctlRun.Of("check", control);
        Assert.Equal(exitCode, run.ExitCode);
        Assert.Equal(exitCode == 1, run.Text.Contains("raise affinity-entries", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(59_000u, 59_000u, true)] // of IPv6 all of its half
    [InlineData(59_000u, 0u, true)] // of IPv4
    [InlineData(60_000u, 30_000u, false)]
    public async Task EachFamilysPartOfTheConnectionTableMayBeFull(uint entries, uint ofV6, bool isFull)
    {
        var control = Healthy();
        control.Status.Tables.ConntrackCapacity = 131_072;
        control.Status.Tables.ConntrackCapacityV6 = 65_536;
        control.Status.Tables.ConntrackEntries = entries;
        control.Status.Tables.ConntrackEntriesV6 = ofV6;
        var run = await DpctlRun.Of("check", control);
        Assert.Equal(isFull ? 1 : 0, run.ExitCode);
        Assert.Equal(isFull, run.Text.Contains("raise conntrack-entries", StringComparison.Ordinal));
        Assert.Contains($", of IPv6 {ofV6} of 65536", await DpctlRun.Print("status", control), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ADataplaneThatDoesNotTellOfThemHasNoFaultByIt()
    {
        var control = Healthy();
        control.Status.NatPorts = null;
        control.Status.Tables.AffinityCapacity = control.Status.Tables.AffinityClients = 0;
        Assert.Contains("ok    nat: 0 of 0 ports", await DpctlRun.Print("check", control), StringComparison.Ordinal);
    }

    [Fact]
    public async Task EveryProblemIsAFindingOfItsOwnWrappedUnderItsFirstLine()
    {
        var control = Healthy();
        control.Status.Problems.Add(DumpTests.LongProblems);
        var run = await DpctlRun.Of("check", control);
        Assert.Equal(1, run.ExitCode);
        Assert.EndsWith("""
            ok    nodes: 3 known
            FAIL  services: a process listens on 0.0.0.0:30080/TCP, which is within the node port range
                  30000-32767: once a service has this port, clients reach the service and not the process; let
                  it listen elsewhere (ss -lptun 'sport = :30080' shows which it is)
            FAIL  services: net.ipv4.ip_forward is 0
            FAIL  services: steer packets to 2 of 65538 service frontends: E2BIG; 10.0.0.1:80/TCP,
                  10.0.0.2:80/TCP did not fit (there is room for 65536)

            """, run.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task JsonHasWholeSentences()
    {
        var control = Healthy();
        control.Status.Problems.Add(DumpTests.LongProblems);
        using var json = JsonDocument.Parse((await DpctlRun.Of("check -o json", control)).Text);
        Assert.Equal(DumpTests.LongProblems, json.RootElement.EnumerateArray().Where(f => f.GetProperty("subject").GetString() == "services").Select(f => f.GetProperty("detail").GetString()));
    }

    private static FakeControl Healthy()
    {
        var control = SampleNode.Create();
        control.Endpoints.RemoveAt(1);
        return control;
    }
}
