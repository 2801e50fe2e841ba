using System.Text.Json.Nodes;
using Dataplane.Cni.Tests.Calls;
using Dataplane.Contracts.Grpc;
using Dataplane.Contracts.V1;
using Xunit;

namespace Dataplane.Cni.Tests;

/// <summary>ADD, with a dataplane and an IPAM plugin that a test governs.</summary>
public sealed class AddTests
{
    [Fact]
    public void AsksForAnAddressThenForAnInterfaceAndThenWaitsForThePolicy()
    {
        using var call = new Call("ADD").Succeeds();
        Assert.Equal(["ipam ADD c1", "AttachEndpoint", "WaitEndpoint"], call.Log);
        Assert.Equal(
            new AttachEndpointRequest { Namespace = "shop", Pod = "web-0", Addresses = { "10.244.1.7" }, Netns = call.NetworkNamespace, Interface = "eth0", ContainerId = "c1", Uid = "u1" },
            call.Dataplane.Attached);
        Assert.Equal("unix:///run/dataplane/control.sock", call.Address);
    }

    [Fact]
    public void TakesTheNetworkNamespaceOfAProcess()
    {
        using var call = new Call("ADD");
        call.Variables["CNI_NETNS"] = "/proc/self/ns/net";
        call.Succeeds();
        Assert.Equal("/proc/self/ns/net", call.Dataplane.Attached!.Netns);
    }

    [Fact]
    public void AttachesAnAddressOfEachFamily()
    {
        using var call = new Call("ADD");
        call.Ipam.Answer = """{"ips":[{"address":"10.244.1.7/24"},{"address":"fd00:10:244:1::7/64"}]}""";
        call.Succeeds();
        Assert.Equal(["10.244.1.7", "fd00:10:244:1::7"], call.Dataplane.Attached!.Addresses);
        Assert.Equal(
            """[{"address":"10.244.1.7/32","gateway":"10.244.1.1","interface":1},{"address":"fd00:10:244:1::7/128","gateway":"fd00:10:244:1::1","interface":1}]""",
            call.Document["ips"]!.ToJsonString());
        Assert.Equal(
            """[{"dst":"0.0.0.0/0","gw":"10.244.1.1","mtu":1450},{"dst":"::/0","gw":"fd00:10:244:1::1","mtu":1450}]""",
            call.Document["routes"]!.ToJsonString());
    }

    [Fact]
    public void UnknownKeysAreNoError()
    {
        using var call = new Call("ADD");
        call.Configuration["mtu"] = 9000;
        call.Configuration["args"] = new JsonObject { ["labels"] = new JsonArray("x") };
        call.Configuration["runtimeConfig"] = new JsonObject { ["portMappings"] = new JsonArray() };
        call.Succeeds();
    }

    [Fact]
    public void P27_FailsAndUndoesItWhenThePolicyDoesNotCome()
    {
        using var call = new Call("ADD");
        call.Dataplane.PoliciesCome = false;
        call.Configuration["policyTimeout"] = 0.05;
        Assert.Equal("pod shop/web-0: its policy did not come within 0.05 s", call.Fails(11));
        Assert.Equal(["ipam ADD c1", "AttachEndpoint", "WaitEndpoint", "DetachEndpoint shop/web-0 c1", "ipam DEL c1"], call.Log);
        Assert.Empty(call.Dataplane.Endpoints);
    }

    [Fact]
    public void P27_GoesOnWithoutThePolicyWhenItIsToldTo()
    {
        using var call = new Call("ADD");
        call.Dataplane.PoliciesCome = false;
        call.Configuration["policyTimeout"] = 0.05;
        call.Configuration["onPolicyTimeout"] = "continue";
        call.Succeeds();
        Assert.Equal("dataplane-cni: pod shop/web-0: its policy did not come within 0.05 s; it starts without connectivity\n", call.Error);
        Assert.Single(call.Dataplane.Endpoints);
    }

    [Fact]
    public void DoesNotWaitWithATimeoutOfZero()
    {
        using var call = new Call("ADD");
        call.Configuration["policyTimeout"] = 0;
        call.Succeeds();
        Assert.Equal(["ipam ADD c1", "AttachEndpoint"], call.Log);
    }

    [Fact]
    public void ANewContainerOfAPodTakesThePlaceOfTheOlderOne()
    {
        using var call = new Call("ADD");
        call.Dataplane.Endpoints.Add(new EndpointEntry { Namespace = "shop", Pod = "web-0", ContainerId = "c0", Interface = "eth0" });
        call.Succeeds();
        Assert.Equal(["ipam ADD c1", "AttachEndpoint", "ListEndpoints", "DetachEndpoint shop/web-0 c0", "AttachEndpoint", "WaitEndpoint"], call.Log);
        Assert.Equal("c1", Assert.Single(call.Dataplane.Endpoints).ContainerId);
    }

    [Fact]
    public void AnAddressOfAnotherPodIsNotTakenFromIt()
    {
        using var call = new Call("ADD");
        call.Dataplane.Endpoints.Add(new EndpointEntry { Namespace = "shop", Pod = "other", ContainerId = "c0", Interface = "eth0" });
        call.Dataplane.Refusal = new RpcException(StatusCode.AlreadyExists, "address 10.244.1.7 belongs to pod shop/other; delete that first");
        Assert.Equal("dataplane: address 10.244.1.7 belongs to pod shop/other; delete that first", call.Fails(100));
        Assert.Single(call.Dataplane.Endpoints);
    }

    [Fact]
    public void WhatDpctlAttachedStays()
    {
        using var call = new Call("ADD");
        call.Dataplane.Endpoints.Add(new EndpointEntry { Namespace = "shop", Pod = "web-0" });
        Assert.Equal("dataplane: pod shop/web-0 is attached; delete it first", call.Fails(100));
        Assert.Equal("", Assert.Single(call.Dataplane.Endpoints).ContainerId);
    }

    [Fact]
    public void TheConfigurationsDnsComesBeforeThatOfTheIpamPlugin()
    {
        using var call = new Call("ADD");
        call.Ipam.Answer = """{"ips":[{"address":"10.244.1.7/24"}],"dns":{"nameservers":["10.0.0.1"]}}""";
        Assert.Equal("""{"nameservers":["10.0.0.1"]}""", call.Succeeds().Document["dns"]!.ToJsonString());
        using var other = new Call("ADD");
        other.Ipam.Answer = call.Ipam.Answer;
        other.Configuration["dns"] = new JsonObject { ["nameservers"] = new JsonArray("10.96.0.10"), ["search"] = new JsonArray("cluster.local") };
        Assert.Equal("""{"nameservers":["10.96.0.10"],"search":["cluster.local"]}""", other.Succeeds().Document["dns"]!.ToJsonString());
    }
}
