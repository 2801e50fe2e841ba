using Dataplane.Bench.EndToEnd.Measure;
using Dataplane.Bench.EndToEnd.Report;
using Xunit;

namespace Dataplane.Bench.Tests;

public class ReportTests
{
    private static readonly MachineFacts s_machine = new("6.18", "a cpu", 2, 8, "none", ".NET", "", 0);

    [Fact]
    public void MedianAndRangeIgnoreWhatFailed()
    {
        Assert.Equal(new Series(2, 1, 3, 3), Series.Of([3, double.NaN, 1, 2]));
        Assert.Equal(new Series(2.5, 1, 4, 4), Series.Of([4, 1, 2, 3]));
        Assert.Null(Series.Of([double.NaN]));
    }

    [Fact]
    public void RatiosCompareTheSameRound()
    {
        var rows = Summary.Of([Udp(1, "kernel", 100), Udp(1, "ours", 50), Udp(2, "ours", 30), Udp(2, "kernel", 20), Udp(3, "ours", 9)]);

        Assert.Equal(["ours", "kernel"], rows.Select(r => r.Contender));
        Assert.Equal(new Series(1.0, 0.5, 1.5, 2), rows[1].OursToThis);
        Assert.Equal(new Series(0.5, 0.5, 0.5, 2), rows[1].CpuPerWork);
    }

    [Fact]
    public void NumbersOfServicesAreComparedEachWithItsOwnRounds()
    {
        var measured = new[] { Udp(1, "ours", 100, 10_000), Udp(1, "kernel", 25, 10_000), Udp(1, "ours", 99, 1), Udp(1, "kernel", 110, 1) };
        BuildReport[] builds = [new(1, 2, "ours", 0.25, new Dictionary<string, long>()), new(10_000, 100_000, "ours", 4.5, new Dictionary<string, long>()), new(10_000, 100_000, "kernel", 90, new Dictionary<string, long>())];
        var text = new StringWriter();
        ServicesTable.Write(text, Summary.Of(measured), builds);

        var lines = text.ToString().Split('\n').Select(l => string.Join(' ', l.Split(' ', StringSplitOptions.RemoveEmptyEntries))).ToList();
        Assert.Contains("1 99 110 0.90 (0.90 - 0.90)", lines);
        Assert.Contains("10000 100 25 4.00 (4.00 - 4.00)", lines);
        Assert.Contains("1 0.25 (2)", lines);
        Assert.Contains("10000 4.50 (100000) 90.00 (100000)", lines);
    }

    [Fact]
    public void FailureIsShownAndNotCounted()
    {
        var failed = Udp(1, "ours", 0) with { Values = new Dictionary<string, double>(), Cpu = null, Error = "no answer" };
        var measured = new[] { failed, Udp(1, "kernel", 100) };
        var text = new StringWriter();
        TableReport.Write(text, s_machine, Summary.Of(measured), measured);

        Assert.Contains("FAILED: no answer", text.ToString(), StringComparison.Ordinal);
        Assert.Contains("100.0", text.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void ProcessNameWithBlanksAndParenthesesDoesNotShiftTheFields()
    {
        var text = "12 (a (b) c) S 7 12 12 0 -1 0 0 0 0 0 100 20 3 4 20 0 1 0 500 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0";

        Assert.Equal(new ProcStat(7, 120, 7, 1), ProcStat.Parse(text));
    }

    [Fact]
    public void CoreTimesLeaveOutIdleAndTheTotalLine()
    {
        var times = CpuTimes.Parse(["cpu  9 9 9 9 9 9 9 9 0 0", "cpu0 10 1 20 999 888 2 30 5 0 0", "intr 1"]);

        Assert.Equal([new CpuTimes(63, 30, 5)], times);
    }

    private static Measurement Udp(int round, string contender, double value, int services = 4) => new(
        services, round, "one node", "udp", contender, new Dictionary<string, double> { ["kpps"] = value }, null, 2, "1M packets",
        new CpuUse(1, 1, 0.5, 0, 0.25, 0, [0.5, 0.5], []), 0, null);
}
