using Dataplane.Cni.Tests.Calls;
using Dataplane.Contracts.Grpc;
using Dataplane.Contracts.V1;
using Xunit;

namespace Dataplane.Cni.Tests;

/// <summary>STATUS, with a dataplane and an IPAM plugin that a test governs.</summary>
public sealed class StatusTests
{
    [Fact]
    public void IsWellWhenDataplaneAndIpamPluginAre()
    {
        using var call = new Call("STATUS").Succeeds();
        Assert.Equal("", call.Output);
        Assert.Equal(["GetStatus", "ipam STATUS c1"], call.Log);
    }

    [Fact]
    public void Code50_TheDataplaneIsNotReady()
    {
        using var call = new Call("STATUS");
        call.Dataplane.Status = new Status { NotReadyReason = "state: none was received yet" };
        Assert.Equal("dataplane: not ready: state: none was received yet", call.Fails(50));
    }

    [Fact]
    public void Code50_TheIpamPluginIsNotThere()
    {
        using var call = new Call("STATUS");
        call.Configuration["ipam"]!["type"] = "dhcp";
        Assert.StartsWith("ipam.type=\"dhcp\": no such plugin in CNI_PATH=", call.Fails(50), StringComparison.Ordinal);
    }

    [Fact]
    public void Code50_TheIpamPluginIsNotAvailable()
    {
        using var call = new Call("STATUS");
        call.Ipam.Errors["STATUS"] = """{"code":50,"msg":"no addresses left"}""";
        Assert.Equal("host-local: no addresses left", call.Fails(50));
    }

    [Theory]
    [InlineData("""{"code":4,"msg":"unknown CNI_COMMAND: STATUS"}""")]
    [InlineData("""{"code":3,"msg":"missing containerID"}""")]
    [InlineData("""{"code":1,"msg":"incompatible CNI versions"}""")]
    public void AnIpamPluginThatDoesNotKnowTheCommandIsNoFault(string error)
    {
        using var call = new Call("STATUS");
        call.Ipam.Errors["STATUS"] = error;
        call.Succeeds();
    }

    [Fact]
    public void Code51_NoDataplaneRunsAndSoNoPodHasConnectivity()
    {
        using var call = new Call("STATUS");
        call.Dataplane.Failure = new RpcException(StatusCode.Unavailable, "connect x: no such socket");
        Assert.Equal("dataplane: connect x: no such socket", call.Fails(51));
    }
}
