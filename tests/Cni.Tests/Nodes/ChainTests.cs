using System.Text.Json.Nodes;
using Dataplane.Testing;
using Dataplane.Testing.Cni;
using Xunit;

namespace Dataplane.Cni.Tests.Nodes;

/// <summary>The standard plugins after ours, as they are in the lists of clusters that come from another CNI plugin.</summary>
[Collection(CniBedCollection.Name)]
public sealed class ChainTests(CniBed bed)
{
    private const int HostPort = 28080;

    [RequiresRootFact]
    public void S1_PortmapAndTuningWorkFromOurResultAndLeaveNothing()
    {
        int descriptors = bed.NamespaceDescriptors();
        var runtime = bed.NewRuntime(
            change: null,
            new JsonObject { ["type"] = "portmap", ["snat"] = true, ["capabilities"] = new JsonObject { ["portMappings"] = true } },
            new JsonObject { ["type"] = "tuning", ["sysctl"] = new JsonObject { ["net.core.somaxconn"] = "500" } });
        runtime.List["cniVersion"] = "1.0.0"; // the last that Debian's plugins know
        bed.ApplyPod("mapped", $"{{containerPort: 80, hostPort: {HostPort}}}");
        var container = bed.NewContainer("mapped") with { PortMappings = $$"""[{"hostPort":{{HostPort}},"containerPort":80,"protocol":"tcp"}]""" };
        var result = runtime.Add(container);
        string address = ((string)result["ips"]![0]!["address"]!).Split('/')[0];
        Assert.Equal("1.0.0", (string)result["cniVersion"]!);
        Assert.Contains($"--to-destination {address}:80", bed.Node.Net.Run("iptables-save", "-t", "nat").Output, StringComparison.Ordinal);
        Assert.Equal("500", container.Net.Run("cat", "/proc/sys/net/core/somaxconn").Output.Trim());
        runtime.Check(container, passedOver: "portmap"); // its CHECK (1.1) looks into ip6tables for pods without IPv6, too

        // The dataplane serves the port itself, whatever portmap has written.
        bed.ApplyPod("mapped", $"{{containerPort: 80, hostPort: {HostPort}}}", address);
        using (var server = container.Net.Start(Installed.Python, "-m", "http.server", "80"))
        {
            var other = bed.Cluster.Nodes[1].Net;
            server.WaitUntil(() => other.Try(Command.DefaultTimeout, "curl", "-sS", "-o", "/dev/null", "--max-time", "2", $"http://{bed.Node.Address}:{HostPort}/").Succeeded, "answer at the host port", TimeSpan.FromSeconds(10));
        }
        runtime.Del(container);
        bed.Cluster.Manifests.Delete("pod-default-mapped");
        Assert.DoesNotContain(address, bed.Node.Net.Run("iptables-save", "-t", "nat").Output, StringComparison.Ordinal);
        bed.AssertNothingIsLeft(descriptors);
    }

    [RequiresRootFact]
    public void AfterAnotherPluginThatMadeTheInterfaceItRefuses()
    {
        var bridge = new JsonObject
        {
            ["type"] = "bridge", ["bridge"] = "cni-test", ["ipam"] = new JsonObject { ["type"] = "host-local", ["subnet"] = "10.99.0.0/24", ["dataDir"] = Path.Combine(bed.Cluster.Topology.Folder, "bridge") },
        };
        var runtime = bed.NewRuntime();
        runtime.List["cniVersion"] = "1.0.0";
        ((JsonArray)runtime.List["plugins"]!).Insert(0, bridge);
        var container = bed.NewContainer("second");
        try
        {
            var failure = Assert.Throws<PluginException>(() => runtime.Add(container));
            Assert.Equal(7, failure.Code);
            Assert.StartsWith("prevResult: there is a plugin before this one", failure.Text, StringComparison.Ordinal);
        }
        finally
        {
            runtime.Del(container);
            bed.Node.Net.Ip("link del cni-test");
        }
    }
}
