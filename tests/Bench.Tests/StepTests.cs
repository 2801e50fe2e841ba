using Dataplane.Bench.EndToEnd;
using Dataplane.Bench.EndToEnd.Paths;
using Xunit;

namespace Dataplane.Bench.Tests;

public class StepTests
{
    [Fact]
    public void OnlyTheServicesThatAreCalledAreThereUnlessMoreAreAskedFor()
    {
        var step = Assert.Single(Steps("--only", "connect,keepalive", "--topology", "two"));

        Assert.Equal((0, 1), (step.Asked, step.Services));
        Assert.Equal(["web-remote"], step.AllServices(10).Select(s => s.Name));
    }

    [Fact]
    public void NumbersAreOfAllServicesAndEndpointsTogether()
    {
        var steps = Steps("--services", "10,10000");

        Assert.Equal([10, 10_000], steps.Select(s => s.Services));
        var all = steps[1].AllServices(10);
        Assert.Equal(10_000, all.Count);
        Assert.Equal(100_000, all.Sum(s => s.Backends.Count));
        Assert.Equal((10, 11), (all.Except(BenchPlan.Services).Min(s => s.Backends.Count), all.Max(s => s.Backends.Count)));
    }

    [Fact]
    public void OneServiceMeansOneAlsoWhereTwoJourneysAreMeasured()
    {
        var steps = Steps("--services", "1,2", "--only", "connect");

        Assert.Equal([1, 1, 2], steps.Select(s => s.Services));
        Assert.Equal(["web-local", "web-remote", "web-local web-remote"], steps.Select(s => string.Join(' ', s.AllServices(10).Select(x => x.Name))));
        Assert.Equal(["False", "True", "False True"], steps.Select(s => string.Join(' ', s.Journeys)));
    }

    [Fact]
    public void WorkloadsThatNeedTwoServicesHaveThem()
    {
        var steps = Steps("--services", "1", "--only", "connect,udp", "--topology", "one");

        Assert.Equal(2, Assert.Single(steps).Services);
    }

    private static List<BenchStep> Steps(params string[] arguments) => [.. BenchStep.Of(BenchOptions.Parse(arguments))];
}
