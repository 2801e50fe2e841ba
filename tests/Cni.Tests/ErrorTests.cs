using System.Text;
using System.Text.Json.Nodes;
using Dataplane.Cni.Tests.Calls;
using Dataplane.Contracts.Grpc;
using Xunit;

namespace Dataplane.Cni.Tests;

/// <summary>Every code of the specification: what leads to it, and what the message names.</summary>
public sealed class ErrorTests
{
    [Theory]
    [InlineData("ADD", "\"0.2.0\"")]
    [InlineData("ADD", "\"2.0.0\"")]
    [InlineData("ADD", "\"\"")]
    [InlineData("CHECK", "\"0.3.1\"")]
    [InlineData("STATUS", "\"1.0.0\"")]
    [InlineData("GC", "\"1.0.0\"")]
    public void Code1_TheVersionIsNotSpokenOrHasNoSuchCommand(string command, string version)
    {
        using var call = new Call(command);
        call.Configuration["cniVersion"] = JsonNode.Parse(version);
        Assert.Contains($"cniVersion={version}", call.Fails(1), StringComparison.Ordinal);
        Assert.Empty(call.Log);
    }

    [Fact]
    public void Code1_NoVersionMeansTheFirst()
    {
        using var call = new Call("ADD");
        call.Configuration.Remove("cniVersion");
        Assert.Equal("cniVersion=(missing, which means 0.1.0): not supported", call.Fails(1));
        Assert.Equal("1.1.0", (string)call.Document["cniVersion"]!);
        Assert.Equal("Supported are 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0.", (string)call.Document["details"]!);
    }

    [Fact]
    public void Code2_AWishOfAPodThatCannotBeFulfilled()
    {
        using var call = new Call("ADD");
        call.Configuration["runtimeConfig"] = new JsonObject { ["mac"] = "c2:11:22:33:44:55" };
        Assert.Equal("runtimeConfig.mac=\"c2:11:22:33:44:55\": not supported", call.Fails(2));
        Assert.Empty(call.Log);
    }

    [Fact]
    public void Code2_ARouteByAnotherGateway()
    {
        using var call = new Call("ADD");
        call.Ipam.Answer = """{"ips":[{"address":"10.244.1.7/24"}],"routes":[{"dst":"0.0.0.0/0"},{"dst":"10.9.0.0/16","gw":"10.244.1.1"},{"dst":"10.8.0.0/16","gw":"10.244.1.9"}]}""";
        Assert.Equal("ipam.routes: 10.8.0.0/16 via 10.244.1.9: not supported", call.Fails(2));
        Assert.Equal(["ipam ADD c1", "AttachEndpoint", "DetachEndpoint shop/web-0 c1", "ipam DEL c1"], call.Log);
    }

    [Fact]
    public void Code3_TheNetworkNamespaceIsNotThere()
    {
        using var call = new Call("ADD");
        call.Variables["CNI_NETNS"] = "/run/netns/gone";
        Assert.Equal("CNI_NETNS=/run/netns/gone: no such network namespace", call.Fails(3));
        Assert.Empty(call.Log);
    }

    [Theory]
    [InlineData("ADD", "CNI_CONTAINERID CNI_NETNS CNI_IFNAME CNI_PATH")]
    [InlineData("CHECK", "CNI_CONTAINERID CNI_NETNS CNI_IFNAME CNI_PATH")]
    [InlineData("DEL", "CNI_CONTAINERID CNI_IFNAME CNI_PATH")]
    [InlineData("STATUS", "CNI_PATH")]
    [InlineData("GC", "CNI_PATH")]
    public void Code4_NamesAllVariablesThatAreMissing(string command, string required)
    {
        using var call = new Call(command);
        foreach (string name in required.Split(' ')) call.Variables.Remove(name);
        Assert.StartsWith(required.Replace(" ", ", ", StringComparison.Ordinal) + ": not set", call.Fails(4), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("CNI_COMMAND", "")]
    [InlineData("CNI_COMMAND", "add")]
    [InlineData("CNI_CONTAINERID", "../../etc")]
    [InlineData("CNI_CONTAINERID", "-x")]
    [InlineData("CNI_IFNAME", "..")]
    [InlineData("CNI_IFNAME", "eth 0")]
    [InlineData("CNI_IFNAME", "sixteen-bytes-is")]
    [InlineData("CNI_ARGS", "K8S_POD_NAME")]
    [InlineData("CNI_ARGS", "K8S_POD_NAME=web-0")]
    [InlineData("CNI_ARGS", "")]
    public void Code4_NamesTheVariableThatIsBad(string name, string value)
    {
        using var call = new Call("ADD");
        call.Variables[name] = value;
        Assert.StartsWith(name, call.Fails(4), StringComparison.Ordinal);
        Assert.Empty(call.Log);
    }

    [Fact]
    public void Code5_TheConfigurationCannotBeRead()
    {
        using var call = new Call("ADD") { Input = new UnreadableStream() };
        Assert.Equal("standard input: Input/output error", call.Fails(5));
    }

    [Fact]
    public void Code5_NobodyReadsTheResultAndSoItIsUndone()
    {
        using var call = new Call("ADD") { BrokenOutput = new UnreadableStream() };
        Assert.Equal(1, call.Run());
        Assert.Contains("standard output: Broken pipe", call.Error, StringComparison.Ordinal);
        Assert.Equal(["ipam ADD c1", "AttachEndpoint", "WaitEndpoint", "DetachEndpoint shop/web-0 c1", "ipam DEL c1"], call.Log);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("""{"cniVersion":"1.0.0"} trailing""")]
    [InlineData("""{"cniVersion":"1.0.0","cniVersion":"1.0.0"}""")]
    public void Code6_TheConfigurationIsNoJsonObject(string text)
    {
        using var call = new Call("ADD") { Input = new MemoryStream(Encoding.UTF8.GetBytes(text)) };
        Assert.StartsWith("standard input: the network configuration is no JSON", call.Fails(6), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("name", null, "name: missing")]
    [InlineData("name", "\"../x\"", "name=\"../x\"")]
    [InlineData("name", "7", "name=7")]
    [InlineData("control", "\"/run/x.sock\"", "control=\"/run/x.sock\"")]
    [InlineData("policyTimeout", "-1", "policyTimeout=-1")]
    [InlineData("policyTimeout", "\"10s\"", "policyTimeout=\"10s\"")]
    [InlineData("onPolicyTimeout", "\"wait\"", "onPolicyTimeout=\"wait\"")]
    [InlineData("ipam", "\"host-local\"", "ipam=\"host-local\"")]
    [InlineData("ipam", """{"type":"../sh"}""", "ipam.type=\"../sh\"")]
    [InlineData("ipam", """{"type":"dhcp"}""", "ipam.type=\"dhcp\": no such plugin in CNI_PATH")]
    [InlineData("dns", "[]", "dns=[]")]
    [InlineData("prevResult", """{"ips":[{"address":"10.0.0.7"}]}""", "prevResult.ips.address=\"10.0.0.7\"")]
    [InlineData("prevResult", """{"ips":[{"address":"10.0.0.7/24"}]}""", "prevResult: there is a plugin before this one")]
    public void Code7_NamesKeyAndValue(string key, string? value, string message)
    {
        using var call = new Call("ADD");
        if (value is null) call.Configuration.Remove(key);
        else call.Configuration[key] = JsonNode.Parse(value);
        Assert.StartsWith(message, call.Fails(7), StringComparison.Ordinal);
        Assert.Empty(call.Log);
    }

    [Fact]
    public void Code7_TheDataplaneCannotUseAnAddress()
    {
        using var call = new Call("ADD");
        call.Dataplane.Refusal = new RpcException(StatusCode.InvalidArgument, "addresses[0] 'fd00::7': is IPv6, which this node does not carry");
        Assert.Equal("dataplane: addresses[0] 'fd00::7': is IPv6, which this node does not carry", call.Fails(7));
    }

    [Fact]
    public void Code11_TheDataplaneIsDown()
    {
        using var call = new Call("ADD");
        call.Dataplane.Failure = new RpcException(StatusCode.Unavailable, "connect /run/dataplane/control.sock: no such socket; is the dataplane running?");
        Assert.Equal("dataplane: connect /run/dataplane/control.sock: no such socket; is the dataplane running?", call.Fails(11));
        Assert.Equal(["ipam ADD c1", "AttachEndpoint", "DetachEndpoint shop/web-0 c1", "DetachEndpoint shop/web-0 c1", "ipam DEL c1"], call.Log);
    }

    [Fact]
    public void Code100_TheDataplaneFails()
    {
        using var call = new Call("ADD");
        call.Dataplane.Refusal = new RpcException(StatusCode.Internal, "make veth: ENOMEM");
        Assert.Equal("dataplane: make veth: ENOMEM", call.Fails(100));
    }
}
