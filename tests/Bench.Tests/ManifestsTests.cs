using Dataplane.Agent.Manifests;
using Dataplane.Agent.Model;
using Dataplane.Bench.EndToEnd.Paths;
using Xunit;

namespace Dataplane.Bench.Tests;

public class ManifestsTests
{
    [Fact]
    public void AgentReadsEveryServiceAndSlice()
    {
        var parsed = ManifestParser.Parse("dummies.yaml", Manifests.Services(BenchService.Dummies(300, 3000)));

        Assert.Empty(parsed.Errors);
        Assert.Equal(600, parsed.Objects.Count);
        Assert.Equal(3000, parsed.Objects.Select(o => o.Object).OfType<EndpointSlice>().Sum(s => s.Endpoints.Count));
    }

    [Fact]
    public void ANodePortMakesTheServiceOneOfThatType()
    {
        var port = new BenchServicePort("dns", "udp", 53, 5353) { NodePort = 31_053 };
        var parsed = ManifestParser.Parse("node-port.yaml", Manifests.Service(new BenchService("dns", "10.96.0.9", [port], [])));

        Assert.Empty(parsed.Errors);
        var service = Assert.IsType<Service>(Assert.Single(parsed.Objects).Object);
        Assert.Equal((ServiceType.NodePort, 31_053), (service.Type, service.Ports[0].NodePort));
    }

    [Fact]
    public void ASliceHoldsAHundredEndpointsAtMost()
    {
        var parsed = ManifestParser.Parse("large.yaml", Manifests.Services(BenchService.Dummies(1, 250)));

        Assert.Empty(parsed.Errors);
        var slices = parsed.Objects.Select(o => o.Object).OfType<EndpointSlice>().ToList();
        Assert.Equal([("dummy-0-1", 100), ("dummy-0-2", 100), ("dummy-0-3", 50)], slices.Select(s => (s.Meta.Name, s.Endpoints.Count)));
        Assert.All(slices, s => Assert.Equal("dummy-0", s.ServiceName));
        Assert.Equal(250, slices.SelectMany(s => s.Endpoints).Select(e => e.Address).Distinct().Count());
    }
}
