using Dataplane.Bench.EndToEnd;
using Dataplane.Bench.EndToEnd.Report;
using Dataplane.Bench.EndToEnd.Scale;
using Xunit;

namespace Dataplane.Bench.Tests;

public class ScaleTests
{
    private static readonly NumberOption[] s_known = [new("--changes", 50, 2, 100), new("--restarts", 3, 1, 9)];

    [Fact]
    public void WholeStatesAreFoundInTheAgentsLog()
    {
        const string log = """
            2026-01-31T12:00:00.000Z info  reading
            2026-01-31T12:00:01.250Z info  generation 7 synced: nodes 2, services 10000, identities 5 in 312.5 ms
            2026-01-31T12:00:02.000Z info  generation 8 updated: services +1 -0 in 2.0 ms
            2026-01-31T12:00:09.125Z info  generation 9 synced: nodes 2, services 3 in 1.0 ms
            """;

        Assert.Equal(2, SyncLine.Count(log));
        Assert.Equal(new SyncLine(new DateTime(2026, 1, 31, 12, 0, 9, 125, DateTimeKind.Utc), 1.0), SyncLine.Last(log));
        Assert.Null(SyncLine.Last("2026-01-31T12:00:00.000Z info  generation 8 updated: services +1 -0 in 2.0 ms"));
    }

    [Fact]
    public void PercentilesAreValuesThatWereSeen()
    {
        Assert.Equal(new Percentiles(50, 99, 100, 100), Percentiles.Of(Enumerable.Range(1, 100).Reverse().Select(i => (double)i)));
        Assert.Equal(new Percentiles(2, 3, 3, 3), Percentiles.Of([3, 1, 2]));
        Assert.Equal(new Percentiles(5, 5, 5, 1), Percentiles.Of([5]));
    }

    [Fact]
    public void NumbersStandBehindTheirOptions()
    {
        var options = NumberOptions.Parse(["--changes", "7"], s_known);

        Assert.Equal((7, 3), (options["--changes"], options["--restarts"]));
    }

    [Theory]
    [InlineData("--changes", "1")]
    [InlineData("--changes", "101")]
    [InlineData("--changes", "ten")]
    [InlineData("--changes")]
    [InlineData("--nonsense", "1")]
    public void WrongNumbersNameTheirOption(params string[] arguments) =>
        Assert.StartsWith(arguments[0], Assert.Throws<UsageException>(() => NumberOptions.Parse(arguments, s_known)).Message);
}
