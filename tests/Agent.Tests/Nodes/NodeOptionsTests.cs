using System.Text.Json;
using Dataplane.Agent.Nodes;
using Xunit;

namespace Dataplane.Agent.Tests.Nodes;

/// <summary>What the dataplane is told from a Node object.</summary>
public class NodeOptionsTests
{
    private static NodeOptions? Read(string spec, string addresses, out string missing)
    {
        using var node = JsonDocument.Parse($$$"""{"metadata":{"name":"n1"},"spec":{{{spec}}},"status":{"addresses":[{{{addresses}}}]}}""");
        return NodeOptions.Read(node.RootElement, out missing);
    }

    private static string Address(string type, string address) => $$"""{"type":"{{type}}","address":"{{address}}"}""";

    [Fact]
    public void Name_internal_address_and_pod_prefix_become_lines_of_the_configuration_file()
    {
        var options = Read(
            """{"podCIDR":"10.244.1.0/24","podCIDRs":["10.244.1.0/24"]}""",
            $"{Address("Hostname", "n1")},{Address("ExternalIP", "198.51.100.1")},{Address("InternalIP", "192.168.1.10")}",
            out _);
        Assert.Equal("node-name: n1\nnode-ip: 192.168.1.10\npod-cidr: 10.244.1.0/24\n", options?.ToYaml());
    }

    [Fact]
    public void An_older_server_has_podCIDR_alone()
    {
        var options = Read("""{"podCIDR":"10.244.1.0/24"}""", Address("InternalIP", "192.168.1.10"), out _);
        Assert.Equal(["10.244.1.0/24"], options?.PodCidrs);
    }

    [Fact]
    public void Two_families_come_with_IPv4_first_whatever_the_order_of_the_object()
    {
        var options = Read(
            """{"podCIDRs":["fd00:10:244:1::/64","10.244.1.0/24"]}""",
            $"{Address("InternalIP", "fd00::10")},{Address("InternalIP", "192.168.1.10")},{Address("InternalIP", "192.168.2.10")}",
            out _);
        Assert.Equal("node-name: n1\nnode-ip: 192.168.1.10,fd00::10\npod-cidr: 10.244.1.0/24,fd00:10:244:1::/64\n", options?.ToYaml());
    }

    [Fact]
    public void An_address_of_a_family_that_pods_do_not_have_is_left_out()
    {
        var options = Read("""{"podCIDRs":["10.244.1.0/24"]}""", $"{Address("InternalIP", "192.168.1.10")},{Address("InternalIP", "fd00::10")}", out _);
        Assert.Equal(["192.168.1.10"], options?.Addresses);
    }

    [Fact]
    public void What_is_not_there_yet_is_named()
    {
        Assert.Null(Read("{}", Address("InternalIP", "192.168.1.10"), out string missing));
        Assert.StartsWith("spec.podCIDR", missing, StringComparison.Ordinal);
        Assert.Null(Read("""{"podCIDRs":["10.244.1.0/24"]}""", Address("Hostname", "n1"), out missing));
        Assert.StartsWith("status.addresses", missing, StringComparison.Ordinal);
        Assert.Null(Read("""{"podCIDRs":["10.244.1.0/24","fd00:10:244:1::/64"]}""", Address("InternalIP", "192.168.1.10"), out missing));
        Assert.Contains("fd00:10:244:1::/64", missing, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_named_with_what_to_do()
    {
        using var error = new RecordingWriter();
        using var stop = new CancellationTokenSource();
        var run = NodeOptionsCommand.RunAsync(
            new ApiServerAccess { Server = new Uri("http://127.0.0.1:1") }, "n1", TextWriter.Null, new Log(error), stop.Token);
        while (!error.Holds("\n"))
            await Task.Delay(10);
        await stop.CancelAsync();
        Assert.Equal(1, await run);
        Assert.Contains(
            "node n1 cannot be read from http://127.0.0.1:1/: Connection refused (127.0.0.1:1) (see that this node reaches that address, which must need no service, "
            + "or give another: --api-server https://ADDRESS:6443); it is tried again and again",
            error.Text,
            StringComparison.Ordinal);
    }
}
