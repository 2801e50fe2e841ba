using Dataplane.Cni.Tests.Calls;
using Dataplane.Contracts;
using Dataplane.Contracts.Grpc;
using Dataplane.Contracts.V1;
using Xunit;

namespace Dataplane.Cni.Tests;

/// <summary>DEL, with a dataplane and an IPAM plugin that a test governs.</summary>
public sealed class DelTests
{
    [Fact]
    public void P28_DetachesBeforeItReleasesTheAddress()
    {
        using var call = new Call("DEL").Succeeds();
        Assert.Equal(["DetachEndpoint shop/web-0 c1", "ipam DEL c1"], call.Log);
        Assert.Equal("", call.Output);
    }

    [Fact]
    public void NeedsNoNetworkNamespace()
    {
        using var call = new Call("DEL");
        call.Variables.Remove("CNI_NETNS");
        call.Succeeds();
        Assert.Equal(["DetachEndpoint shop/web-0 c1", "ipam DEL c1"], call.Log);
    }

    [Fact]
    public void FindsThePodByItsContainerWhereNoNameIsGiven()
    {
        using var call = new Call("DEL");
        call.Variables.Remove("CNI_ARGS");
        call.Dataplane.Endpoints.Add(new EndpointEntry { Namespace = "shop", Pod = "other", ContainerId = "c0", Interface = "eth0" });
        call.Dataplane.Endpoints.Add(new EndpointEntry { Namespace = "shop", Pod = "web-0", ContainerId = "c1", Interface = "eth0" });
        call.Succeeds();
        Assert.Equal(["ListEndpoints", "DetachEndpoint shop/web-0 c1", "ipam DEL c1"], call.Log);
        Assert.Equal("c0", Assert.Single(call.Dataplane.Endpoints).ContainerId);
    }

    [Fact]
    public void ALateDelOfAnOlderContainerLeavesTheNewOneAlone()
    {
        using var call = new Call("DEL");
        call.Dataplane.Endpoints.Add(new EndpointEntry { Namespace = "shop", Pod = "web-0", ContainerId = "c2" });
        call.Succeeds();
        Assert.Equal("c2", Assert.Single(call.Dataplane.Endpoints).ContainerId);
    }

    [Fact]
    public void ReleasesTheAddressWhenTheDataplaneIsDown()
    {
        using var call = new Call("DEL");
        call.Dataplane.Failure = new RpcException(StatusCode.Unavailable, "connect x: no such socket");
        call.Succeeds();
        // The second time in case that a process has started meanwhile, and read the note before it was deleted.
        Assert.Equal(["DetachEndpoint shop/web-0 c1", "DetachEndpoint shop/web-0 c1", "ipam DEL c1"], call.Log);
        Assert.Equal("dataplane-cni: dataplane: connect x: no such socket; only the address is released\n", call.Error);
    }

    [Theory]
    [InlineData("eth0", false)]
    [InlineData("net1", true)]
    public void LetsTheNextProcessForgetThePod_ButNotForAnotherInterfaceOfIt(string noted, bool stays)
    {
        using var call = new Call("DEL");
        string folder = Directory.CreateTempSubdirectory("del").FullName;
        call.Configuration["control"] = $"unix://{folder}/control.sock";
        string note = EndpointNotes.PathOf($"{folder}/control.sock", "c1");
        Directory.CreateDirectory(Path.GetDirectoryName(note)!);
        File.WriteAllText(note, $$"""{ "pod": "web-0", "interface": "{{noted}}" }""");
        call.Dataplane.Failure = new RpcException(StatusCode.Unavailable, "connect x: no such socket");
        call.Succeeds();
        Assert.Equal(stays, File.Exists(note));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void LeavesAnotherInterfaceOfTheContainerAlone()
    {
        using var call = new Call("DEL");
        call.Variables["CNI_IFNAME"] = "net1";
        call.Dataplane.Endpoints.Add(new EndpointEntry { Namespace = "shop", Pod = "web-0", ContainerId = "c1", Interface = "eth0" });
        call.Succeeds();
        Assert.Single(call.Dataplane.Endpoints);
    }

    [Fact]
    public void P28_KeepsTheAddressWhenADataplaneThatRunsDoesNotDetach()
    {
        using var call = new Call("DEL");
        call.Dataplane.Refusal = new RpcException(StatusCode.Internal, "delete dp1: EBUSY");
        Assert.Equal("dataplane: delete dp1: EBUSY", call.Fails(100));
        Assert.Equal(["DetachEndpoint shop/web-0 c1"], call.Log);
    }

    [Fact]
    public void HandsOnTheErrorOfTheIpamPlugin()
    {
        using var call = new Call("DEL");
        call.Ipam.Errors["DEL"] = """{"code":5,"msg":"disk full"}""";
        Assert.Equal("host-local: disk full", call.Fails(5));
    }

    [Theory]
    [InlineData("runtimeConfig", """{"mac":"c2:11:22:33:44:55"}""")]
    [InlineData("prevResult", """{"ips":[{"address":"nonsense"}]}""")]
    public void IsNotHeldUpByWhatOnlyAddReads(string key, string value)
    {
        using var call = new Call("DEL");
        call.Configuration[key] = System.Text.Json.Nodes.JsonNode.Parse(value);
        call.Succeeds();
    }
}
