using Dataplane.Bench.EndToEnd;
using Dataplane.Bench.EndToEnd.Paths;
using Xunit;

namespace Dataplane.Bench.Tests;

public class OptionsTests
{
    [Fact]
    public void DefaultsAreThreeRoundsOfEverything()
    {
        var options = BenchOptions.Parse([]);

        Assert.Equal((3, 5, "both", "both"), (options.Rounds, options.Seconds, options.Topology, options.Side));
        Assert.Equal(["tcp1", "tcp4", "tcpconn", "connect", "keepalive", "latency", "udp"], options.Only);
        Assert.Equal([0], options.Services);
        Assert.Equal((10, null), (options.Endpoints, options.KernelEndpoints));
    }

    [Fact]
    public void NativeRoutingIsMeasuredWhenAskedFor()
    {
        Assert.False(BenchOptions.Parse(["--quick"]).Native);
        Assert.True(BenchOptions.Parse(["--native", "--quick"]).Native);
    }

    [Fact]
    public void QuickIsOneSecondUnlessSaidOtherwise()
    {
        Assert.Equal(1, BenchOptions.Parse(["--quick"]).Seconds);
        Assert.Equal(2, BenchOptions.Parse(["--seconds", "2", "--quick"]).Seconds);
    }

    [Fact]
    public void ListsAreSeparatedByCommas()
    {
        var options = BenchOptions.Parse(["--only", "udp,tcp1", "--peer", "iptables-legacy,nftables", "--services", "1,1000,10000"]);

        Assert.Equal(["udp", "tcp1"], options.Only);
        Assert.Equal([KernelServices.IptablesLegacy, KernelServices.Nftables], options.Peers);
        Assert.Equal([1, 1000, 10_000], options.Services);
    }

    [Theory]
    [InlineData("--rounds", "0")]
    [InlineData("--rounds", "many")]
    [InlineData("--only", "tcp9")]
    [InlineData("--services", "1,100000")]
    [InlineData("--services", "1,,2")]
    [InlineData("--endpoints", "0")]
    [InlineData("--kernel-endpoints", "51")]
    [InlineData("--json")]
    [InlineData("--nonsense", "1")]
    public void WrongUsageNamesTheOption(params string[] arguments)
    {
        var error = Assert.Throws<BenchException>(() => BenchOptions.Parse(arguments));
        Assert.Contains(arguments[0], error.Message, StringComparison.Ordinal);
    }
}
