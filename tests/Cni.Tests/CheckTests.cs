using System.Text.Json.Nodes;
using Dataplane.Cni.Tests.Calls;
using Dataplane.Contracts.Grpc;
using Dataplane.Contracts.V1;
using Xunit;

namespace Dataplane.Cni.Tests;

/// <summary>CHECK, with a dataplane and an IPAM plugin that a test governs.</summary>
public sealed class CheckTests
{
    private const string Previous = """
        {
          "interfaces": [
            {"name": "dp0123456789a"},
            {"name": "eth0", "mac": "0a:58:0a:f4:01:07", "sandbox": "/run/netns/x"},
            {"name": "net1", "mac": "0a:58:0a:f4:01:08", "sandbox": "/run/netns/x"}
          ],
          "ips": [
            {"address": "10.244.1.7/32", "gateway": "10.244.1.1", "interface": 1},
            {"address": "192.168.9.7/24", "gateway": "192.168.9.1", "interface": 2}
          ],
          "routes": [{"dst": "0.0.0.0/0", "gw": "10.244.1.1"}, {"dst": "172.16.0.0/12", "gw": "192.168.9.1"}, {"dst": "192.168.9.0/24"}]
        }
        """;

    [Theory]
    [InlineData("0.4.0")]
    [InlineData("1.0.0")]
    [InlineData("1.1.0")]
    public void ComparesWhatIsOursOfThePreviousResult(string version)
    {
        using var call = Check();
        call.Configuration["cniVersion"] = version;
        call.Succeeds();
        Assert.Equal("", call.Output);
        Assert.Equal(["CheckEndpoint", "ipam CHECK c1"], call.Log);
        Assert.Equal(
            new CheckEndpointRequest
            {
                Namespace = "shop", Pod = "web-0", ContainerId = "c1", Interface = "eth0", Mac = "0a:58:0a:f4:01:07",
                Addresses = { "10.244.1.7" }, Routes = { "0.0.0.0/0" },
            },
            call.Dataplane.Checked);
    }

    [Fact]
    public void SaysAllThatIsWrong()
    {
        using var call = Check();
        call.Dataplane.Problems.AddRange(["interface eth0 of the pod is down", "the pod has no route to 0.0.0.0/0 by eth0"]);
        Assert.Equal("pod shop/web-0: interface eth0 of the pod is down; the pod has no route to 0.0.0.0/0 by eth0", call.Fails(101));
    }

    [Fact]
    public void Code3_ThePodIsNotAttached()
    {
        using var call = Check();
        call.Dataplane.Failure = new RpcException(StatusCode.NotFound, "pod shop/web-0 is not attached by container c1");
        Assert.Equal("dataplane: pod shop/web-0 is not attached by container c1", call.Fails(3));
    }

    [Fact]
    public void HandsOnTheErrorOfTheIpamPlugin()
    {
        using var call = Check();
        call.Ipam.Errors["CHECK"] = """{"code":999,"msg":"Failed to find address added by container c1"}""";
        Assert.Equal("host-local: Failed to find address added by container c1", call.Fails(999));
    }

    [Theory]
    [InlineData(null, "prevResult: missing")]
    [InlineData("""{"interfaces":[{"name":"eth0"}]}""", "prevResult.interfaces=[{\"name\":\"eth0\"}]: the pod's interface eth0 is not among them")]
    [InlineData("""{}""", "prevResult.interfaces: missing")]
    public void Code7_ThereIsNothingToCompareWith(string? previous, string message)
    {
        using var call = Check();
        call.Configuration["prevResult"] = previous is null ? null : JsonNode.Parse(previous);
        Assert.StartsWith(message, call.Fails(7), StringComparison.Ordinal);
        Assert.Empty(call.Log);
    }

    private static Call Check()
    {
        var call = new Call("CHECK");
        call.Configuration["prevResult"] = JsonNode.Parse(Previous);
        return call;
    }
}
