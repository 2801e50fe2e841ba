using System.Net;
using System.Text.RegularExpressions;
using Xdp.Interop;
using Xdp.Interop.Links;

namespace Dataplane.Control.Cleanup;

/// <summary>
/// Removes what kube-proxy leaves behind when it ends, in all of its modes: iptables chains (both of iptables' backends, both families), nftables tables, and
/// ipvs services with their device and sets. What others have made stays. In the calling thread's network namespace.
/// </summary>
/// <param name="output">Says what was removed and what could not be.</param>
/// <param name="path">Folders of the tools, as in PATH; null for PATH.</param>
internal sealed partial class KubeProxyCleanup(TextWriter output, string? path = null)
{
    private const string IpvsDevice = "kube-ipvs0", NftTable = "kube-proxy", SetPrefix = "KUBE-";
    private const int FirstNodePort = 30000, LastNodePort = 32767;
    private static readonly string[] Backends = ["iptables-nft", "iptables-legacy", "ip6tables-nft", "ip6tables-legacy"];
    private static readonly string[] Unnamed = ["iptables", "ip6tables"]; // where a distribution has only one backend

    private int _removed;
    private int _failed;
    private bool _looked; // there was a tool to ask

    /// <summary>Does it, and prints what was removed and what could not be.</summary>
    /// <returns>True when nothing is left, also when nothing was there.</returns>
    public bool Run()
    {
        foreach (string tool in Backends.Any(name => Find(name + "-save") is not null) ? Backends : Unnamed) Attempt(tool, () => CleanIptables(tool));
        Attempt("nft", CleanNftables);
        Attempt("ipvs", CleanIpvs);
        Attempt("ipset", CleanSets); // last: iptables rules use them
        if (!_looked)
        {
            output.WriteLine("neither iptables nor nft is here, and so it is not known what kube-proxy has left; run it where one is, or `kube-proxy --cleanup` from kube-proxy's image");
            return false;
        }
        if (_removed == 0 && _failed == 0) output.WriteLine("nothing of kube-proxy was found");
        else if (_removed > 0) output.WriteLine("connections through services that were open are gone; new ones are this dataplane's");
        return _failed == 0;
    }

    private void CleanIptables(string tool)
    {
        if (Find(tool + "-save") is not { } save || Find(tool + "-restore") is not { } restore)
        {
            output.WriteLine($"{tool}: not installed, not looked at");
            return;
        }
        _looked = true;
        // Without a table: naming one would make the kernel load it.
        foreach (var table in KubeProxyChains.Find(save.Run([])))
        {
            foreach (string kept in table.Kept) output.WriteLine($"{tool}: left in place: {kept}");
            if (table.ToRestore() is not { } script) continue;
            restore.Run(["--noflush", "--wait=10"], script);
            Removed($"{tool}: table {table.Table}: {Count(table.RemovedChains.Count, "chain")}, and {Count(table.RemovedRules.Count, "rule")} that led to them");
        }
    }

    private void CleanNftables()
    {
        if (Find("nft") is not { } nft)
        {
            output.WriteLine("nft: not installed, not looked at");
            return;
        }
        _looked = true;
        string tables = nft.Run(["list", "tables"]);
        foreach (string family in (string[])["ip", "ip6"])
        {
            if (!tables.Split('\n').Contains($"table {family} {NftTable}")) continue;
            nft.Run(["delete", "table", family, NftTable]);
            Removed($"nft: table {family} {NftTable}");
        }
    }

    private void CleanIpvs()
    {
        using var netlink = NetlinkSocket.Open();
        if (netlink.Links.Find(IpvsDevice) is not { } device) return;
        // The device has every address that is served, so it tells kube-proxy's services from those of others (keepalived).
        var served = netlink.Addresses.List(device.Index).Select(address => address.Address).ToHashSet();
        var local = netlink.Addresses.List().Select(address => address.Address).ToHashSet();
        if (Find("ipvsadm") is { } ipvsadm)
        {
            int services = 0;
            foreach (Match service in IpvsService().Matches(ipvsadm.Run(["--save", "--numeric"])))
            {
                if (!IPEndPoint.TryParse(service.Groups["at"].Value, out var at)) continue;
                if (!served.Contains(at.Address) && !(local.Contains(at.Address) && at.Port is >= FirstNodePort and <= LastNodePort)) continue;
                ipvsadm.Run(["--delete-service", service.Groups["kind"].Value, service.Groups["at"].Value]);
                services++;
            }
            if (services > 0) Removed($"ipvs: {Count(services, "virtual service")}");
        }
        else
        {
            _failed++;
            output.WriteLine("ipvs: there are virtual services, and ipvsadm is not installed; install it and run this again");
            return; // the device is how the next run knows them
        }
        netlink.Links.Delete(device.Index);
        Removed($"ipvs: device {IpvsDevice} with {Count(served.Count, "address", "addresses")}");
    }

    private void CleanSets()
    {
        if (Find("ipset") is not { } ipset) return;
        // Without ip_set in the kernel the tool fails, and there is nothing to remove.
        if (!ipset.TryRun(["list", "-name"], out string names, out _)) return;
        var sets = names.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Where(name => name.StartsWith(SetPrefix, StringComparison.Ordinal)).ToList();
        foreach (string set in sets) ipset.Run(["destroy", set]);
        if (sets.Count > 0) Removed($"ipset: {Count(sets.Count, "set")}");
    }

    private ExternalTool? Find(string tool) => ExternalTool.Find(tool, path);

    private void Attempt(string what, Action action)
    {
        try
        {
            action();
        }
        catch (XdpException e)
        {
            _failed++;
            output.WriteLine($"{what}: {e.Message}");
        }
    }

    private void Removed(string what)
    {
        _removed++;
        output.WriteLine($"removed {what}");
    }

    private static string Count(int count, string one, string? many = null) => $"{count} {(count == 1 ? one : many ?? one + "s")}";

    // "-A -t 10.96.0.1:443 -s rr"; servers of a service are "-a".
    [GeneratedRegex(@"^-A (?<kind>-[tu]|--sctp-service) (?<at>\S+)", RegexOptions.Multiline)]
    private static partial Regex IpvsService();
}
