using Dataplane.Agent.Manifests;
using Dataplane.Bench.EndToEnd.Paths;
using Xunit;

namespace Dataplane.Bench.Tests;

public class ManifestsTests
{
    [Fact]
    public void AgentReadsEveryServiceAndSlice()
    {
        var parsed = ManifestParser.Parse("dummies.yaml", Manifests.Services([.. BenchService.Dummies(300)]));

        Assert.Empty(parsed.Errors);
        Assert.Equal(600, parsed.Objects.Count);
    }

    [Fact]
    public void ServicePortsAreCountedInTheListOfDpctl()
    {
        Assert.Equal(2, Manifests.CountServicePorts("""[{"name":"a"},{"name":"b"}]"""));
        Assert.Equal(0, Manifests.CountServicePorts("no connection"));
    }
}
