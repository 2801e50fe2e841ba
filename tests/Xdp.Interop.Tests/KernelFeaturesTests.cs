using Dataplane.Testing;
using Xunit;
using Xunit.Abstractions;

namespace Xdp.Interop.Tests;

public sealed class KernelFeaturesTests(ITestOutputHelper output)
{
    [Fact]
    public void ProbeNamesEachFeatureOnceAndItsFallback()
    {
        var features = KernelFeatures.Probe();
        foreach (var feature in features)
            output.WriteLine($"{feature.Name,-22} {(feature.Available ? "yes" : "no"),-4} {feature.Detail}; without: {feature.Fallback}");
        Assert.Equal(features.Count, features.Select(f => f.Name).Distinct().Count());
        Assert.All(features, f => Assert.NotEmpty(f.Detail));
        Assert.Equal(["af-xdp"], features.Where(f => !f.IsOptional && f.Name != "xdp-frags").Select(f => f.Name));
    }

    [RequiresRootFact]
    public void SocketsGetWhatTheProbePromises()
    {
        var found = KernelFeatures.Probe().ToDictionary(f => f.Name, f => f.Available);
        using var bed = new PortBed(1);
        var socket = bed.OpenPort(0);
        Assert.True(found["af-xdp"]);
        Assert.Equal(found["multi-buffer"], socket.MultiBuffer);
        Assert.Equal(found["tx-metadata"], socket.TxMetadata);
        Assert.Equal(found["tx-budget"] ? 2048u : 32u, socket.TxBudget);
        Assert.Equal(found["xdp-frags"], bed.Program.SupportsFrags);
        Assert.True(found["xdp-frags"] || !found["multi-buffer"]); // the older of the two
        Assert.False(socket.ZeroCopy); // veth has none
    }
}
