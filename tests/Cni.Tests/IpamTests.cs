using System.Text.Json.Nodes;
using Dataplane.Cni.Tests.Calls;
using Xunit;

namespace Dataplane.Cni.Tests;

/// <summary>Delegation of addresses.</summary>
public sealed class IpamTests
{
    [Fact]
    public void HandsOnTheWholeConfigurationAsItCame()
    {
        using var call = new Call("ADD");
        call.Configuration["args"] = new JsonObject { ["cni"] = new JsonObject { ["ips"] = new JsonArray("10.244.1.7") } };
        call.Succeeds();
        Assert.Equal(call.Configuration.ToJsonString(), call.Ipam.Input!.ToJsonString());
        Assert.Equal(Path.Combine(Path.GetDirectoryName(call.NetworkNamespace)!, "host-local"), call.Ipam.Path);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("""{}""")]
    [InlineData("""{"type":"host-local"}""")]
    [InlineData("""{"type":"host-local","ranges":[]}""")]
    [InlineData("""{"type":"host-local","subnet":"usePodCidr"}""")]
    public void WithoutRangesTheyAreTheNodesPodCidrs(string? ipam)
    {
        using var call = new Call("ADD");
        call.Configuration.Remove("ipam");
        if (ipam is not null) call.Configuration["ipam"] = JsonNode.Parse(ipam);
        call.Dataplane.Config.Options[0].Value = "10.244.1.0/24,fd00:10:244:1::/64";
        call.Succeeds();
        Assert.Equal("GetConfig", call.Log[0]);
        Assert.Equal("host-local", (string)call.Ipam.Input!["ipam"]!["type"]!);
        Assert.Null(call.Ipam.Input["ipam"]!["subnet"]);
        Assert.Equal("""[[{"subnet":"10.244.1.0/24"}],[{"subnet":"fd00:10:244:1::/64"}]]""", call.Ipam.Input["ipam"]!["ranges"]!.ToJsonString());
    }

    [Theory]
    [InlineData("""{"type":"host-local","subnet":"10.9.0.0/24"}""", null)]
    [InlineData("""{"type":"host-local","ranges":[[{"subnet":"10.9.0.0/24"}]]}""", null)]
    [InlineData("""{"type":"host-local"}""", """{"ipRanges":[[{"subnet":"10.9.0.0/24"}]]}""")]
    public void ConfiguredRangesStay(string ipam, string? runtimeConfig)
    {
        using var call = new Call("ADD");
        call.Configuration["ipam"] = JsonNode.Parse(ipam);
        if (runtimeConfig is not null) call.Configuration["runtimeConfig"] = JsonNode.Parse(runtimeConfig);
        call.Succeeds();
        Assert.DoesNotContain("GetConfig", call.Log);
        Assert.Equal(ipam, call.Ipam.Input!["ipam"]!.ToJsonString());
    }

    [Theory]
    [InlineData("ADD")]
    [InlineData("DEL")]
    [InlineData("CHECK")]
    public void IsToldToIgnoreArgumentsThatItDoesNotKnow(string command)
    {
        using var call = new Call(command);
        call.Variables["CNI_ARGS"] = "K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web-0";
        if (command == "CHECK")
            call.Configuration["prevResult"] = JsonNode.Parse("""{"interfaces":[{"name":"eth0","sandbox":"/run/netns/x"}],"ips":[{"address":"10.244.1.7/32","interface":0}]}""");
        call.Succeeds();
        Assert.Equal("IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web-0", call.Ipam.Arguments);
    }

    [Theory]
    [InlineData("K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web-0;IgnoreUnknown=0")]
    [InlineData("IgnoreUnknown=true;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web-0")]
    public void WhatTheCallerSaysOfUnknownArgumentsStays(string arguments)
    {
        using var call = new Call("ADD");
        call.Variables["CNI_ARGS"] = arguments;
        call.Succeeds();
        Assert.Equal(arguments, call.Ipam.Arguments);
    }

    [Fact]
    public void OnlyHostLocalIsGivenRanges()
    {
        using var call = new Call("ADD");
        File.WriteAllText(Path.Combine(Path.GetDirectoryName(call.NetworkNamespace)!, "static"), "");
        call.Configuration["ipam"] = new JsonObject { ["type"] = "static" };
        call.Succeeds();
        Assert.DoesNotContain("GetConfig", call.Log);
        Assert.Equal("""{"type":"static"}""", call.Ipam.Input!["ipam"]!.ToJsonString());
    }

    [Fact]
    public void ReleasingNeedsNoDataplaneToNameTheRanges()
    {
        using var call = new Call("DEL");
        call.Configuration.Remove("ipam");
        call.Succeeds();
        Assert.Equal(["DetachEndpoint shop/web-0 c1", "ipam DEL c1"], call.Log);
        Assert.Equal("""[[{"subnet":"192.0.2.0/24"}]]""", call.Ipam.Input!["ipam"]!["ranges"]!.ToJsonString());
    }

    [Fact]
    public void AnOlderPluginIsAskedInItsOwnVersion()
    {
        using var call = new Call("ADD");
        call.Ipam.Versions.Remove("1.1.0");
        call.Succeeds();
        Assert.Equal(["ipam ADD c1", "ipam ADD c1", "AttachEndpoint", "WaitEndpoint"], call.Log);
        Assert.Equal("1.0.0", (string)call.Ipam.Input!["cniVersion"]!);
        Assert.Equal("1.1.0", (string)call.Document["cniVersion"]!);
    }

    [Fact]
    public void ItsErrorIsOursAndNothingIsAttachedOrReleased()
    {
        using var call = new Call("ADD");
        call.Ipam.Errors["ADD"] = """{"cniVersion":"1.0.0","code":999,"msg":"no IP addresses available in range set","details":"10.244.1.1-10.244.1.254"}""";
        Assert.Equal("host-local: no IP addresses available in range set", call.Fails(999));
        Assert.Equal("10.244.1.1-10.244.1.254", (string)call.Document["details"]!);
        Assert.Equal(["ipam ADD c1"], call.Log);
    }

    [Theory]
    [InlineData("panic: no such device", "host-local: ADD ended with code 1 and the output 'panic: no such device'")]
    [InlineData("", "host-local: ADD ended with code 1 and the output ''")]
    public void WhatIsNoErrorDocumentIsQuoted(string output, string message)
    {
        using var call = new Call("ADD");
        call.Ipam.Errors["ADD"] = output;
        Assert.Equal(message, call.Fails(100));
    }

    [Theory]
    [InlineData("{", "host-local: ADD answered with something that is no JSON")]
    [InlineData("[]", "host-local: ADD answered with something that is no JSON object")]
    [InlineData("""{"ips":[]}""", "host-local: ADD gave no address")]
    [InlineData("""{"ips":[{"address":"10.244.1.7"}]}""", "host-local: ADD result.ips.address=\"10.244.1.7\"")]
    public void AnswersThatAreNoneAreRefused(string answer, string message)
    {
        using var call = new Call("ADD");
        call.Ipam.Answer = answer;
        Assert.StartsWith(message, call.Fails(100), StringComparison.Ordinal);
        Assert.DoesNotContain("AttachEndpoint", call.Log);
    }
}
