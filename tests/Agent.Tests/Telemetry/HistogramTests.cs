using Dataplane.Agent.Telemetry;

namespace Dataplane.Agent.Tests.Telemetry;

/// <summary>Values by upper bound.</summary>
public class HistogramTests
{
    [Fact]
    public void A_value_counts_under_every_bound_that_it_does_not_pass()
    {
        var histogram = new Histogram([1, 2, 4]);
        foreach (var value in new[] { 0.5, 1, 1.5, 4, 100 })
            histogram.Observe(value);
        Assert.Equal([(1, 2), (2, 3), (4, 4), (double.PositiveInfinity, 5)], histogram.Read(out var sum));
        Assert.Equal(107, sum);
    }

    [Fact]
    public void O1_the_bounds_of_a_sync_are_kube_proxys()
    {
        var bounds = new ProxyTelemetry(TimeProvider.System).Durations.Read(out _).Select(b => b.Bound).ToList();
        Assert.Equal(
            [0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.024, 2.048, 4.096, 8.192, 16.384, double.PositiveInfinity],
            bounds);
    }

    [Fact]
    public void O2_the_bounds_of_network_programming_are_kube_proxys()
    {
        var bounds = new ProxyTelemetry(TimeProvider.System).ProgrammingLatencies.Read(out _).Select(b => b.Bound).ToList();
        Assert.Equal([0, 0.25, 0.5, 1, 2, 3], bounds.Take(6));
        Assert.Equal([58.0, 59, 60, 65, 70], bounds.Skip(60).Take(5));
        Assert.Equal([110.0, 115, 120, 150, 180, 210, 240, 270, 300, double.PositiveInfinity], bounds.TakeLast(10));
        Assert.Equal(1 + 2 + 59 + 12 + 7 + 1, bounds.Count);
    }
}
