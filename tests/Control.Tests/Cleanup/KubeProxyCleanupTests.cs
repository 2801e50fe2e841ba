using System.Net;
using Dataplane.Control.Cleanup;
using Dataplane.Control.Tests.Apply;
using Dataplane.Testing;
using Xdp.Interop.Links;
using Xunit;

namespace Dataplane.Control.Tests.Cleanup;

/// <summary>The real tools, in a namespace. All of it is K37.</summary>
public sealed class KubeProxyCleanupTests : IDisposable
{
    private static readonly string[] Tools = ["iptables-nft", "iptables-legacy", "ip6tables-nft", "ip6tables-legacy"];
    private readonly ApplySandbox? _box = Privileges.MissingForNetworkNamespaces is null ? new ApplySandbox() : null;
    private readonly string _folder = Directory.CreateTempSubdirectory("dpt-cleanup-").FullName;

    private ApplySandbox Box => _box!;

    public void Dispose()
    {
        _box?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [RequiresRootFact]
    public void K37_OnANodeThatNeverHadItNothingIsFound()
    {
        var (ok, text) = Clean();
        Assert.True(ok, text);
        Assert.Equal("nothing of kube-proxy was found", Assert.Single(text.Split('\n', StringSplitOptions.RemoveEmptyEntries)));
        Assert.Equal("", Save("iptables-legacy")); // looking has not made the kernel load tables
        Assert.Equal("", ApplySandbox.Exec(Box.Node, "nft", "list", "ruleset"));
    }

    [RequiresRootTheory]
    [InlineData("iptables-nft")]
    [InlineData("iptables-legacy")]
    [InlineData("ip6tables-nft")]
    [InlineData("ip6tables-legacy")]
    public void K37_IptablesRulesGoAndThoseOfOthersStayByteForByte(string tool)
    {
        bool six = tool.StartsWith("ip6", StringComparison.Ordinal);
        Restore(tool, KubeProxyRules.Foreign(six), "--counters");
        string before = Save(tool);
        if (tool != "ip6tables-nft") Assert.Contains("[5:500]", before, StringComparison.Ordinal); // whose restore (1.8.9) forgets counters
        Restore(tool, KubeProxyRules.Iptables(six, services: 20), "--noflush", "--counters");
        Assert.Contains("KUBE-SVC-", Save(tool), StringComparison.Ordinal);

        var (ok, text) = Clean();
        Assert.True(ok, text);
        Assert.Equal(before, Save(tool));
        Assert.Equal(
            [$"removed {tool}: table filter: 6 chains, and 9 rules that led to them", $"removed {tool}: table mangle: 1 chain, and 0 rules that led to them",
             $"removed {tool}: table nat: 105 chains, and 3 rules that led to them"],
            text.Split('\n').Where(line => line.StartsWith("removed", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        Assert.Equal("nothing of kube-proxy was found\n", Clean().Text);
    }

    [RequiresRootFact]
    public void K37_RulesOfAllModesAndBackendsGoAtOnce()
    {
        foreach (string tool in Tools)
        {
            Restore(tool, KubeProxyRules.Foreign(tool.StartsWith("ip6", StringComparison.Ordinal)), "--counters");
        }
        Nft("table inet mine { chain kube-proxy { type filter hook input priority 0; tcp dport 22 accept; }; }\ntable ip kube-proxy-of-mine { }\n");
        string before = Everything();
        foreach (string tool in Tools) Restore(tool, KubeProxyRules.Ipvs, "--noflush");
        foreach (string tool in Tools) Restore(tool, KubeProxyRules.Iptables(tool.StartsWith("ip6", StringComparison.Ordinal), 3), "--noflush");
        Nft(KubeProxyRules.Nftables("ip") + KubeProxyRules.Nftables("ip6"));
        Assert.NotEqual(before, Everything());

        var (ok, text) = Clean();
        Assert.True(ok, text);
        Assert.Contains("removed nft: table ip kube-proxy\n", text, StringComparison.Ordinal);
        Assert.Contains("removed nft: table ip6 kube-proxy\n", text, StringComparison.Ordinal);
        Assert.Contains("connections through services that were open are gone", text, StringComparison.Ordinal);
        Assert.Equal(before, Everything());
    }

    [RequiresRootFact]
    public void K37_TensOfThousandsOfRulesAreNoTrouble()
    {
        Restore("iptables-nft", KubeProxyRules.Iptables(six: false, services: 3000), "--noflush");
        var (ok, text) = Clean();
        Assert.True(ok, text);
        Assert.Contains("table nat: 15005 chains, and 3 rules that led to them", text, StringComparison.Ordinal);
        Assert.DoesNotContain("KUBE-", Save("iptables-nft"), StringComparison.Ordinal);
    }

    [RequiresRootTheory]
    [InlineData("iptables-nft")]
    [InlineData("iptables-legacy")]
    public void AChainThatAForeignRuleUsesStaysAndIsReported(string tool)
    {
        Restore(tool, KubeProxyRules.Iptables(six: false, services: 1), "--noflush");
        ApplySandbox.Exec(Box.Node, tool, "-t", "nat", "-A", "PREROUTING", "-p", "tcp", "--dport", "8080", "-j", "KUBE-MARK-MASQ");
        var (ok, text) = Clean();
        Assert.True(ok, text);
        Assert.Contains($"{tool}: left in place: nat: chain KUBE-MARK-MASQ, which somebody else uses: -A PREROUTING -p tcp -m tcp --dport 8080 -j KUBE-MARK-MASQ", text, StringComparison.Ordinal);
        string[] left = [.. Save(tool).Split('\n').Where(line => line.Contains("KUBE", StringComparison.Ordinal)).Select(line => line[(line.IndexOf(']') + 1)..].Trim())];
        Assert.Equal([":KUBE-MARK-MASQ -", "-A PREROUTING -p tcp -m tcp --dport 8080 -j KUBE-MARK-MASQ", "-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000"], left);
    }

    [RequiresRootFact]
    public void K37_IpvsServicesOfKubeProxyGoWithTheirDeviceAndSets()
    {
        // This kernel may lack ipvs and sets, so their tools are stand-ins that write down how they are called; the device is real.
        Box.Netlink.Links.CreateVeth(new VethSpec { Name = "kube-ipvs0", PeerName = "other" });
        var device = Box.Netlink.Links.Get("kube-ipvs0");
        Box.Netlink.Addresses.Add(device.Index, IPAddress.Parse("10.96.0.1"), 32);
        Box.Netlink.Addresses.Add(new InterfaceAddress { Interface = device.Index, Address = IPAddress.Parse("fd00:96::1"), PrefixLength = 128, NoDuplicateDetection = true });
        Box.Netlink.Addresses.Add(Box.Netlink.Links.Get("other").Index, IPAddress.Parse("192.0.2.1"), 24);
        string calls = Path.Combine(_folder, "calls");
        StandIn("ipvsadm", $"""
            echo "ipvsadm $*" >> {calls}
            [ "$1" = --save ] && cat <<LIST
            -A -t 10.96.0.1:443 -s rr
            -a -t 10.96.0.1:443 -r 192.0.2.1:6443 -m -w 1
            -A -u 10.96.0.1:53 -s rr
            -A -t [fd00:96::1]:443 -s rr
            -A -t 192.0.2.1:30080 -s rr
            -A -t 192.0.2.1:80 -s wlc
            -A -t 203.0.113.7:80 -s wlc
            -A -f 1 -s wlc
            LIST
            exit 0
            """);
        StandIn("ipset", $"""
            echo "ipset $*" >> {calls}
            [ "$1" = list ] && printf 'mine\nKUBE-CLUSTER-IP\nKUBE-6-LOOP-BACK\n'
            exit 0
            """);
        var (ok, text) = Clean();
        Assert.True(ok, text);
        Assert.Equal(
            ["ipvsadm --save --numeric", "ipvsadm --delete-service -t 10.96.0.1:443", "ipvsadm --delete-service -u 10.96.0.1:53", "ipvsadm --delete-service -t [fd00:96::1]:443",
             "ipvsadm --delete-service -t 192.0.2.1:30080", "ipset list -name", "ipset destroy KUBE-CLUSTER-IP", "ipset destroy KUBE-6-LOOP-BACK"], File.ReadAllLines(calls));
        Assert.Contains("removed ipvs: 4 virtual services", text, StringComparison.Ordinal);
        Assert.Contains("removed ipvs: device kube-ipvs0 with 2 addresses", text, StringComparison.Ordinal);
        Assert.Contains("removed ipset: 2 sets", text, StringComparison.Ordinal);
        Assert.Null(Box.Netlink.Links.Find("kube-ipvs0"));
    }

    [RequiresRootFact]
    public void AToolThatFailsIsReportedAndTheRestDone()
    {
        StandIn("iptables-legacy-save", "echo broken >&2; exit 3");
        Nft(KubeProxyRules.Nftables("ip"));
        var (ok, text) = Clean();
        Assert.False(ok);
        Assert.Contains("iptables-legacy: iptables-legacy-save", text, StringComparison.Ordinal);
        Assert.Contains("broken", text, StringComparison.Ordinal);
        Assert.Contains("removed nft: table ip kube-proxy", text, StringComparison.Ordinal);
    }

    [RequiresRootFact]
    public void WithoutAToolNothingIsKnown_AndThatIsNoSuccess()
    {
        using var output = new StringWriter();
        Assert.False(Box.Node.Run(() => new KubeProxyCleanup(output, _folder).Run()));
        Assert.Contains("neither iptables nor nft is here", output.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("nothing of kube-proxy was found", output.ToString(), StringComparison.Ordinal);
    }

    private (bool Ok, string Text) Clean()
    {
        var output = new StringWriter();
        string path = $"{_folder}:{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/sbin"; // stand-ins first
        bool ok = Box.Node.Run(() => new KubeProxyCleanup(output, path).Run());
        return (ok, output.ToString());
    }

    private void StandIn(string name, string script)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, "#!/bin/sh\n" + script + "\n");
        Command.Run("chmod", "755", path);
    }

    private void Restore(string tool, string rules, params string[] options)
    {
        string file = Path.Combine(_folder, "rules");
        File.WriteAllText(file, rules);
        ApplySandbox.Exec(Box.Node, ["sh", "-c", $"{tool}-restore {string.Join(' ', options)} < {file}"]);
    }

    private void Nft(string rules)
    {
        string file = Path.Combine(_folder, "rules");
        File.WriteAllText(file, rules);
        ApplySandbox.Exec(Box.Node, "nft", "-f", file);
    }

    /// <summary>With the counters of rules; without those of policies, which iptables-legacy zeroes with every change, and the time of day.</summary>
    private string Save(string tool) => string.Join('\n', ApplySandbox.Exec(Box.Node, tool + "-save", "--counters").Split('\n')
        .Where(line => !line.StartsWith('#')).Select(line => line.StartsWith(':') ? line.Split(" [")[0] : line));

    private string Everything() => string.Join('\n', Tools.Select(Save).Append(ApplySandbox.Exec(Box.Node, "nft", "list", "ruleset")));
}
