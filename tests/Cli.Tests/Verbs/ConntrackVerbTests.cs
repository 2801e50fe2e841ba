using Dataplane.Contracts.V1;
using Xunit;

namespace Dataplane.Cli.Tests.Verbs;

public sealed class ConntrackVerbTests
{
    [Fact]
    public async Task ListHandsTheAddressOn()
    {
        var control = new FakeControl();
        Assert.Equal("", await DpctlRun.Print("ct list --address fd00::7", control));
        Assert.Equal("fd00::7", control.Request<ListConntrackRequest>().Address);
    }

    [Theory]
    [InlineData("ct flush", "")]
    [InlineData("ct flush --address 10.244.1.7", "10.244.1.7")]
    public async Task FlushSaysHowManyWereRemoved(string commandLine, string address)
    {
        var control = new FakeControl { Flushed = new() { Removed = 7 } };
        Assert.Equal("7 flows removed\n", await DpctlRun.Print(commandLine, control));
        Assert.Equal(address, control.Request<FlushConntrackRequest>().Address);
    }
}
