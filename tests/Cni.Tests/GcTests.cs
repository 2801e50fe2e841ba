using System.Text.Json.Nodes;
using Dataplane.Cni.Tests.Calls;
using Dataplane.Contracts.Grpc;
using Dataplane.Contracts.V1;
using Xunit;

namespace Dataplane.Cni.Tests;

/// <summary>GC, with a dataplane and an IPAM plugin that a test governs.</summary>
public sealed class GcTests
{
    [Fact]
    public void DetachesWhatIsNotListedAndReleasesItsAddress()
    {
        using var call = Gc("""[{"containerID":"c1","ifname":"eth0"},{"containerID":"c3","ifname":"net1"}]""").Succeeds();
        Assert.Equal(
            ["ListEndpoints", "DetachEndpoint shop/web-2 c2", "ipam DEL c2", "DetachEndpoint shop/web-3 c3", "ipam DEL c3", "ipam GC"], call.Log);
        Assert.Equal(["web-1", "by-hand"], call.Dataplane.Endpoints.Select(e => e.Pod));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("null")]
    public void AnEmptyListMeansThatNothingIsInUse(string list)
    {
        using var call = Gc(list).Succeeds();
        Assert.Equal("by-hand", Assert.Single(call.Dataplane.Endpoints).Pod);
    }

    [Theory]
    [InlineData(null, "cni.dev/valid-attachments: missing")]
    [InlineData("""["c1"]""", "cni.dev/valid-attachments[0]=\"c1\"")]
    [InlineData("""[{"containerID":"c1"}]""", "cni.dev/valid-attachments[0].ifname: missing")]
    public void Code7_WithoutAListNothingIsRemoved(string? list, string message)
    {
        using var call = Gc(list ?? "[]");
        if (list is null) call.Configuration.Remove("cni.dev/valid-attachments");
        Assert.StartsWith(message, call.Fails(7), StringComparison.Ordinal);
        Assert.Empty(call.Log);
    }

    [Fact]
    public void P28_AnAddressThatIsStillInUseIsNotReleased()
    {
        using var call = Gc("""[{"containerID":"c1","ifname":"eth0"}]""");
        call.Dataplane.Refusal = new RpcException(StatusCode.Internal, "delete dp1: EBUSY");
        Assert.Equal("2 failures, the first: dataplane: delete dp1: EBUSY", call.Fails(100));
        Assert.Equal(["ListEndpoints", "DetachEndpoint shop/web-2 c2", "DetachEndpoint shop/web-3 c3"], call.Log);
    }

    [Fact]
    public void ReleasesAddressesWhenTheDataplaneIsDown()
    {
        using var call = Gc("[]");
        call.Dataplane.Failure = new RpcException(StatusCode.Unavailable, "connect x: no such socket");
        call.Succeeds();
        Assert.Equal(["ListEndpoints", "ipam GC"], call.Log);
    }

    [Fact]
    public void AnIpamPluginThatDoesNotKnowTheCommandIsNoFault()
    {
        using var call = Gc("[]");
        call.Ipam.Versions.Remove("1.1.0");
        call.Succeeds();
    }

    private static Call Gc(string valid)
    {
        var call = new Call("GC");
        call.Variables.Remove("CNI_CONTAINERID");
        call.Variables.Remove("CNI_NETNS");
        call.Variables.Remove("CNI_IFNAME");
        call.Configuration["cni.dev/valid-attachments"] = JsonNode.Parse(valid);
        foreach (var (pod, container) in ((string, string)[])[("web-1", "c1"), ("web-2", "c2"), ("web-3", "c3"), ("by-hand", "")])
            call.Dataplane.Endpoints.Add(new EndpointEntry { Namespace = "shop", Pod = pod, ContainerId = container, Interface = "eth0" });
        return call;
    }
}
