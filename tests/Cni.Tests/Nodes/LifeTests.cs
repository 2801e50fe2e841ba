using System.Text.Json.Nodes;
using Dataplane.Testing;
using Dataplane.Testing.Cni;
using Xunit;

namespace Dataplane.Cni.Tests.Nodes;

/// <summary>Pods made and removed by the plugin, with the real host-local: rows S1, P27 and P28.</summary>
[Collection(CniBedCollection.Name)]
public sealed class LifeTests(CniBed bed)
{
    [RequiresRootFact]
    public void S1_TwoPodsMadeByThePluginPingEachOtherAndTheirResultsAreTrue()
    {
        using var pods = new MadePods(bed, "life-a", "life-b");
        foreach (var (container, result) in pods)
        {
            var ip = result["ips"]![0]!;
            string address = ((string)ip["address"]!)[..^3];
            Assert.StartsWith("10.244.1.", address, StringComparison.Ordinal);
            Assert.Equal($"{address}/32", (string)ip["address"]!);
            Assert.Equal("10.244.1.1", (string)ip["gateway"]!);
            var pod = (JsonObject)result["interfaces"]![(int)ip["interface"]!]!;
            Assert.Equal(container.Net.Path, (string)pod["sandbox"]!);
            Assert.Equal(Mac(container.Net), (string)pod["mac"]!);
            Assert.Contains((string)result["interfaces"]![0]!["name"]!, bed.Veths());
            Assert.Contains(address, bed.Reserved());
            bed.Runtime.Check(container);
        }
        Ping(pods[0].Container.Net, pods.Address(1));
        Ping(pods[1].Container.Net, pods.Address(0));
    }

    [RequiresRootFact]
    public void S1_AddingAContainerTwiceIsRefusedAndHarmsNothing()
    {
        using var pods = new MadePods(bed, "twice-a", "twice-b");
        var reserved = bed.Reserved();
        var failure = Assert.Throws<PluginException>(() => bed.Runtime.Add(pods[0].Container));
        Assert.Contains("host-local", failure.Text, StringComparison.Ordinal);
        Assert.Contains("duplicate allocation is not allowed", failure.Text, StringComparison.Ordinal);
        Assert.Equal(reserved, bed.Reserved());
        Ping(pods[0].Container.Net, pods.Address(1));
        bed.Runtime.Check(pods[0].Container);
    }

    [RequiresRootFact]
    public void P27_AddReturnsWhenThePolicyIsInForceAndNotBefore()
    {
        using var pods = new MadePods(bed, "early");
        var late = bed.NewContainer("late");
        try
        {
            var add = Task.Run(() => bed.Runtime.Add(late));
            Eventually(() => bed.StateOf("late") == "waiting-for-policy", "attached");
            Assert.False(add.Wait(TimeSpan.FromSeconds(1)));
            bed.ApplyPod("late");
            Assert.True(add.Wait(TimeSpan.FromSeconds(9)));
            Assert.Equal("ready", bed.StateOf("late"));
            Ping(late.Net, pods.Address(0)); // the first packet
        }
        finally
        {
            Remove(late);
        }
    }

    [RequiresRootFact]
    public void P28_ANewPodWaitsForItsOwnPolicyAndNotThatOfAnOlderPodOfItsName()
    {
        using var pods = new MadePods(bed, "witness");
        bed.ApplyPod("renewed", uid: "old");
        var renewed = bed.NewContainer("renewed") with { Uid = "new" };
        try
        {
            var add = Task.Run(() => bed.Runtime.Add(renewed));
            Eventually(() => bed.StateOf("renewed") == "waiting-for-policy", "attached");
            Assert.False(add.Wait(TimeSpan.FromSeconds(1)));
            var early = renewed.Net.Try(Command.DefaultTimeout, "ping", "-c", "2", "-i", "0.05", "-W", "1", pods.Address(0));
            Assert.Contains("2 packets transmitted, 0 received", early.Output, StringComparison.Ordinal);
            bed.ApplyPod("renewed", uid: "new");
            Assert.True(add.Wait(TimeSpan.FromSeconds(8)));
            Ping(renewed.Net, pods.Address(0));
        }
        finally
        {
            Remove(renewed);
        }
    }

    [RequiresRootFact]
    public void P27_NoPacketOfANewPodPassesItsPolicy()
    {
        using var pods = new MadePods(bed, "peer");
        bed.Cluster.Manifests.Apply("policy-jailed", """
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {namespace: default, name: jailed}
            spec:
              podSelector: {matchLabels: {app: jailed}}
              policyTypes: [Egress]
            """);
        var jailed = bed.NewContainer("jailed");
        try
        {
            // What a container sends from the first instant on, and while ADD is under way.
            using var early = jailed.Net.Start("bash", "-c", $"while ! ip link show eth0 2>/dev/null | grep -q 'state UP'; do :; done; ping -i 0.01 -W 1 -c 200 {pods.Address(0)}");
            bed.ApplyPod("jailed");
            bed.Runtime.Add(jailed);
            var after = jailed.Net.Try(Command.DefaultTimeout, "ping", "-c", "3", "-i", "0.05", "-W", "1", pods.Address(0));
            Assert.Contains("3 packets transmitted, 0 received", after.Output, StringComparison.Ordinal);
            early.WaitForExit(TimeSpan.FromSeconds(20));
            Assert.Contains(" 0 received", early.Output, StringComparison.Ordinal);
        }
        finally
        {
            Remove(jailed);
            bed.Cluster.Manifests.Delete("policy-jailed");
        }
    }

    [RequiresRootFact]
    public void P27_AddFailsInTimeAndLeavesNothingWhenThePolicyDoesNotCome()
    {
        var unknown = bed.NewContainer("unknown");
        int descriptors = bed.NamespaceDescriptors();
        var failure = Assert.Throws<PluginException>(() => bed.NewRuntime(c => c["policyTimeout"] = 0.3).Add(unknown));
        Assert.Equal(11, failure.Code);
        Assert.Equal("pod default/unknown: its policy did not come within 0.3 s", failure.Text);
        bed.AssertNothingIsLeft(descriptors);
    }

    [RequiresRootFact]
    public void CheckFindsWhatWasChangedBehindItsBack()
    {
        using var pods = new MadePods(bed, "changed");
        var container = pods[0].Container;
        string address = pods.Address(0);
        Broken("address del " + address + "/32 dev eth0", $"interface eth0 of the pod does not have the address {address}");
        container.Net.Ip($"address add {address}/32 dev eth0");
        // The address took the routes along that had it as their source.
        Broken("link set eth0 down", "interface eth0 of the pod is down");
        container.Net.Ip("link set eth0 up");
        Broken("link set eth0 address 02:00:00:00:00:01", "has the Ethernet address 02:00:00:00:00:01, not ");
        Broken("route flush dev eth0", "the pod has no route to 0.0.0.0/0 by eth0");
        Broken("link del eth0", "the pod has no interface eth0");
        bed.Node.Dpctl("endpoint", "delete", "--pod", "default/changed");
        Assert.Equal(3, Assert.Throws<PluginException>(() => bed.Runtime.Check(container)).Code);

        void Broken(string change, string message)
        {
            container.Net.Ip(change);
            var failure = Assert.Throws<PluginException>(() => bed.Runtime.Check(container));
            Assert.Equal(101, failure.Code);
            Assert.Contains(message, failure.Text, StringComparison.Ordinal);
        }
    }

    [RequiresRootFact]
    public void S1_DelOfAnUnknownContainerSucceeds()
    {
        int descriptors = bed.NamespaceDescriptors();
        var never = bed.NewContainer("never");
        bed.Runtime.Del(never);
        bed.Runtime.Del(never, netnsIsGone: true);
        bed.AssertNothingIsLeft(descriptors);
    }

    [RequiresRootFact]
    public void S1_DelWorksTwiceAndWhenTheNetworkNamespaceIsGone()
    {
        int descriptors = bed.NamespaceDescriptors();
        bed.ApplyPod("vanished");
        var container = bed.NewContainer("vanished");
        bed.Runtime.Add(container);
        Command.Run("ip", "netns", "del", container.Net.Name);
        bed.Runtime.Del(container, netnsIsGone: true);
        bed.Runtime.Del(container, netnsIsGone: true);
        bed.AssertNothingIsLeft(descriptors);
    }

    [RequiresRootFact]
    public void ANewSandboxOfAPodReplacesOneWhoseDelWasLost()
    {
        int descriptors = bed.NamespaceDescriptors();
        using (var pods = new MadePods(bed, "again", "again-peer"))
        {
            var second = bed.NewContainer("again");
            bed.Runtime.Add(second);
            Ping(second.Net, pods.Address(1));
            bed.Runtime.Del(pods[0].Container); // late, and not about the second
            Ping(second.Net, pods.Address(1));
            bed.Runtime.Check(second);
            bed.Runtime.Del(second);
        }
        bed.AssertNothingIsLeft(descriptors);
    }

    [RequiresRootFact]
    public void S1_GcRemovesTheContainersThatTheRuntimeDoesNotList()
    {
        int descriptors = bed.NamespaceDescriptors();
        using (var pods = new MadePods(bed, "gc-a", "gc-b", "gc-c"))
        {
            bed.Node.Dpctl("endpoint", "add", "--pod", "default/by-hand", "--ip", "10.244.1.250", "--netns", bed.NewContainer("by-hand").Net.Path);
            bed.Runtime.CollectGarbage(pods[1].Container);
            Assert.Null(bed.StateOf("gc-a"));
            Assert.Equal("ready", bed.StateOf("gc-b"));
            Assert.Null(bed.StateOf("gc-c"));
            Assert.NotNull(bed.StateOf("by-hand"));
            Assert.Equal([pods.Address(1)], bed.Reserved());
            bed.Runtime.Check(pods[1].Container);
            bed.Node.Dpctl("endpoint", "delete", "--pod", "default/by-hand");
        }
        bed.AssertNothingIsLeft(descriptors);
    }

    [RequiresRootFact]
    public void StatusIsWell() => bed.Runtime.Status();

    [RequiresRootFact]
    public void APodGetsAnAddressOfEachFamilyFromThePrefixesOfTheNode()
    {
        using var both = CniBed.DualStack();
        using (var pods = new MadePods(both, "dual-a", "dual-b"))
        {
            var ips = pods[0].Result["ips"]!.AsArray();
            Assert.Equal(["/32", "/128"], ips.Select(ip => ((string)ip!["address"]!)[((string)ip["address"]!).IndexOf('/')..]));
            both.Runtime.Check(pods[0].Container);
            foreach (var ip in pods[1].Result["ips"]!.AsArray()) Ping(pods[0].Container.Net, ((string)ip!["address"]!).Split('/')[0]);
            Assert.Equal(4, both.Reserved().Count);
        }
        Assert.Empty(both.Reserved());
    }

    private void Remove(Container container)
    {
        bed.Runtime.Del(container);
        bed.Cluster.Manifests.Delete($"pod-default-{container.Pod}");
    }

    private static void Ping(NetworkNamespace from, string address) => from.Run("ping", "-c", "1", "-W", "2", address);

    private static string Mac(NetworkNamespace pod) =>
        (string)JsonNode.Parse(pod.Run("ip", "-j", "link", "show", "eth0").Output)![0]!["address"]!;

    private static void Eventually(Func<bool> check, string what) =>
        Assert.True(SpinWait.SpinUntil(() => { Thread.Sleep(20); return check(); }, TimeSpan.FromSeconds(10)), $"still not: {what}");
}
