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
            ok    frames: 12288 of 16384 free
            ok    endpoints: 1 ready
            ok    nodes: 2 known

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
        control.Status.Frames.Free = control.Status.Frames.Fill = 0;
        control.Nodes[1].State = "unresolved";
        var run = await DpctlRun.Of("check", control);
        Assert.Equal(1, run.ExitCode);
        Assert.Equal(["dataplane", "state", "ports", "conntrack", "frames", "endpoints", "nodes"],
            run.Text.TrimEnd('\n').Split('\n').Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is ["FAIL", var subject, ..] ? subject.TrimEnd(':') : line));
        Assert.Contains("no host port", run.Text, StringComparison.Ordinal);
        Assert.Contains("default/job-x: no connectivity until", run.Text, StringComparison.Ordinal);
    }
}
