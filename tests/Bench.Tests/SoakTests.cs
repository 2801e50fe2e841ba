using Dataplane.Bench.EndToEnd.Soak;
using Xunit;

namespace Dataplane.Bench.Tests;

public class SoakTests
{
    private const int Mega = 1 << 20;

    [Fact]
    public void ARunInWhichNothingGrowsHolds()
    {
        var verdicts = SoakCriteria.Of(Run()).ToList();

        Assert.All(verdicts, v => Assert.True(v.Holds, v.ToString()));
        Assert.Equal(7, verdicts.Count);
    }

    [Theory]
    [InlineData("conntrack")]
    [InlineData("memory of dataplane is")]
    [InlineData("memory of dataplane-agent")]
    [InlineData("descriptors of dataplane stay")]
    [InlineData("descriptors of dataplane-agent")]
    [InlineData("packets allocate")]
    [InlineData("nothing is dropped")]
    public void EachCriterionFailsAlone(string criterion)
    {
        var run = Run().ConvertAll(s => criterion switch
        {
            "conntrack" => s with { Entries = s.Phase == SoakPhase.After ? 4 : s.Entries },
            "memory of dataplane is" => s with { DataplaneBytes = s.DataplaneBytes + s.Seconds / 60 * 0.9 * Mega },
            "memory of dataplane-agent" => s with { AgentBytes = s.AgentBytes + s.Seconds / 60 * 0.6 * Mega },
            "descriptors of dataplane stay" => s with { DataplaneFiles = s.DataplaneFiles + (int)(s.Seconds / 60) },
            "descriptors of dataplane-agent" => s with { AgentFiles = s.AgentFiles + (s.Phase == SoakPhase.After ? 5 : 0) },
            "packets allocate" => s with { Allocated = s.Allocated + (s.Phase == SoakPhase.Load ? (s.Seconds - 20) * 5000 : 0) },
            _ => s with { Drops = new Dictionary<string, double> { ["ArpIgnored"] = 3, ["FramesExhausted"] = s.Seconds > 300 ? 1 : 0 } },
        });

        var failed = Assert.Single(SoakCriteria.Of(run), v => !v.Holds);
        Assert.Contains(criterion, failed.Criterion);
    }

    /// <summary>Two long teeth: the line through them rises by more than half a megabyte per minute, and nothing leaks.</summary>
    [Fact]
    public void ARiseThatTheNextCollectionTakesBackIsNoLeak()
    {
        var run = Run().ConvertAll(s => s with { DataplaneBytes = (270 + s.Seconds % 250 / 250 * 12) * Mega });
        Assert.All(SoakCriteria.Of(run), v => Assert.True(v.Holds, v.ToString()));
    }

    [Fact]
    public void CollectionsAreToldByPhase()
    {
        var lines = SoakCriteria.Collections(Run().ConvertAll(s => s with
        {
            Collections = [s.Phase == SoakPhase.Churn ? 2 + s.Seconds / 100 : 2, 0, 0], States = s.Phase == SoakPhase.Churn ? s.Seconds : 0, Allocated = s.Seconds * 2048,
        })).ToList();

        Assert.Equal(4, lines.Count);
        Assert.StartsWith("n Load      175 s: 0/0/0 collections", lines[1]);
        Assert.StartsWith("n Churn     395 s: 3.95/0/0 collections", lines[2]);
        Assert.Contains("2.0 kB/s allocated, 395 states applied, 0.0 kB each beyond sampling", lines[2]);
    }

    [Fact]
    public void TheSlopeIsThatOfTheLineThroughTheMiddleOfThePoints() =>
        Assert.Equal(2, SoakCriteria.Slope([(0, 1), (1, 2), (2, 6), (3, 7), (1.5, 4)]), 0.3);

    // 20 s of rest, 3 minutes of load, 7 of churn, rest; a sample every 5 s. Memory goes up and down by a collection.
    private static List<SoakSample> Run() => [.. Enumerable.Range(0, 130).Select(i => i * 5).Select(seconds => new SoakSample(
        "n", seconds < 20 ? SoakPhase.Before : seconds < 200 ? SoakPhase.Load : seconds < 600 ? SoakPhase.Churn : SoakPhase.After, seconds,
        (250 + seconds / 5 % 4) * Mega, 90 * Mega, 180 + seconds % 2, 110, [1, 0, 2], seconds * 1000, 0.001, seconds is >= 20 and < 640 ? 5000 : 0, 1,
        new Dictionary<string, double> { ["ArpIgnored"] = 3 }))];
}
