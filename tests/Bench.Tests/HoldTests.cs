using Dataplane.Bench.EndToEnd;
using Dataplane.Bench.EndToEnd.Hold;
using Dataplane.Bench.EndToEnd.Parsing;
using Dataplane.Testing;
using Xunit;

namespace Dataplane.Bench.Tests;

public class HoldTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Fact]
    public void AHundredThousandConnectionsFitTheDefaultTableAndTwentyThousandDescriptors()
    {
        var plan = HoldPlan.Of(100_000, 20_000, 262_144);

        Assert.Equal(new HoldPlan(100_000, 3, 6, 75_000, 0), plan);
        Assert.Equal(6, plan.Shares().Count);
        Assert.Equal(100_000, plan.Shares().Sum());
        Assert.InRange(plan.Shares().Max(), 16_666, 16_667);
    }

    [Fact]
    public void MoreConnectionsThanTheDefaultTableHoldsRaiseIt() =>
        Assert.Equal((0, 375_000), (HoldPlan.Of(270_000, 20_000, 262_144).ConntrackEntries, HoldPlan.Of(400_000, 20_000, 262_144).ConntrackEntries));

    [Fact]
    public void TooFewDescriptorsAreSaidSo() =>
        Assert.Contains("ulimit -n", Assert.Throws<BenchException>(() => HoldPlan.Of(1_000_000, 1024, 262_144)).Message);

    [Fact]
    public void OnlyWholeLinesOfAClientCount()
    {
        const string output = "{\"alive\":1}\nlost 3 104 1500 20\nlost 4 0 1510 1\n{\"alive\":2}\n{\"ali";

        Assert.Equal(2, HoldClients.LastReport(output)!["alive"]);
        Assert.Null(HoldClients.LastReport("{\"alive\":1}"));
        Assert.Equal([new LostConnections(3, 104, 1500, 20), new LostConnections(4, 0, 1510, 1)], HoldClients.Parse(output));
        Assert.Single(HoldClients.Parse("lost 3 104 1500 20\nlost 4 0 15"));
    }

    [Fact]
    public void ConnectionsAreHeldAndThoseOfAnEndedServerAreTold()
    {
        const int port = 39_117;
        using var server = Tool("hold-serve", $"{port}", "7");
        server.WaitForOutput("ready", s_patience);
        using var client = Tool("hold-connect", "127.0.0.1", $"{port}", "300", "1000", "1");

        client.WaitUntil(() => HoldClients.LastReport(client.Output) is { } r && r["alive"] == 300 && r["round_answered"] == 300, "hold 300 connections", s_patience);
        Assert.Empty(HoldClients.Parse(client.Output));
        server.Stop(TimeSpan.FromSeconds(5));
        client.WaitUntil(() => HoldClients.LastReport(client.Output)!["alive"] == 0, "lose them", s_patience);

        Assert.Equal(300, HoldClients.Parse(client.Output).Where(l => l.Backend == 7).Sum(l => l.Count));
        var last = HoldClients.LastReport(client.Output)!;
        Assert.Equal((300, 0, 0), (last["opened"], last["failed"], last["misled"]));
    }

    [Fact]
    public void AWatchTellsBackendsAndRefusalsWithTheirTimes()
    {
        const int port = 39_118;
        using var watch = Tool("backend-watch", "127.0.0.1", $"{port}");
        watch.WaitForOutput("refused 111 ", s_patience);
        using var server = Tool("hold-serve", $"{port}", "9");

        watch.WaitForOutput("backend 9 ", s_patience);
    }

    [Fact]
    public void CountersOfTheKernelAreFoundByName()
    {
        var counters = KernelCounters.Parse("Tcp: RtoMin RetransSegs\nTcp: 200 17\nTcpExt: SyncookiesSent ListenOverflows\nTcpExt: 1 2\n");

        Assert.Equal((17, 2), (counters["RetransSegs"], counters["ListenOverflows"]));
    }

    private static BackgroundProcess Tool(params string[] arguments) =>
        BackgroundProcess.Start("dotnet", [typeof(HoldPlan).Assembly.Location, .. arguments]);
}
