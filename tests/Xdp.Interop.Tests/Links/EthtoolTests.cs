using Dataplane.Testing;
using Xdp.Interop.Links;
using Xunit;

namespace Xdp.Interop.Tests.Links;

public sealed class EthtoolTests : IDisposable
{
    private readonly Sandbox? _sandbox;
    private readonly Ethtool _ethtool = null!;

    public EthtoolTests()
    {
        if (Privileges.MissingForNetworkNamespaces is not null) return;
        _sandbox = new Sandbox();
        using var netlink = NetlinkSocket.Open(_sandbox.Left);
        netlink.Links.CreateVeth(new VethSpec { Name = "eth0", PeerName = "peer", Queues = 2 });
        _ethtool = _sandbox.Own(Ethtool.Open(_sandbox.Left));
    }

    public void Dispose() => _sandbox?.Dispose();

    [RequiresRootFact]
    public void NamesTheDriverAndTheQueues()
    {
        Assert.Equal("veth", _ethtool.GetDriver("eth0").Driver);
        Assert.Equal((2, 2), (_ethtool.GetChannels("eth0")!.TotalRx, _ethtool.GetChannels("eth0")!.MaxTx));
        Assert.Null(_ethtool.GetRings("eth0"));
    }

    [RequiresRootFact]
    public void ListsTheFeaturesThatEthtoolLists()
    {
        var shown = Sandbox.Exec(_sandbox!.Left, "ethtool -k eth0").Split('\n').Skip(1)
            .Select(line => line.Trim().Split([": ", " "], StringSplitOptions.RemoveEmptyEntries))
            .ToDictionary(w => w[0], w => (On: w[1] == "on", Fixed: w.Contains("[fixed]")));
        var features = _ethtool.GetFeatures("eth0");
        foreach (var name in (string[])["tx-udp-segmentation", "tx-checksum-sctp", "tx-udp_tnl-segmentation", "tx-udp_tnl-csum-segmentation", "tx-gso-partial", "tx-tcp-segmentation"])
            Assert.Equal((name, shown[name].On, !shown[name].Fixed), (name, features[name].Active, features[name].Changeable));
        Assert.Equal(shown["generic-receive-offload"].On, features["rx-gro"].Active);
    }

    [RequiresRootFact]
    public void TurnsFeaturesOffAndOnAgain()
    {
        string[] names = ["tx-udp-segmentation", "tx-checksum-sctp", "tx-udp_tnl-segmentation", "tx-udp_tnl-csum-segmentation"];
        Assert.All(names, n => Assert.True(_ethtool.GetFeatures("eth0")[n].Active, n));

        Assert.Empty(_ethtool.Disable("eth0", names));
        Assert.All(names, n => Assert.False(_ethtool.GetFeatures("eth0")[n].Active, n));
        Assert.True(_ethtool.GetFeatures("eth0")["tx-tcp-segmentation"].Active);
        Assert.Contains("tx-udp-segmentation: off", Sandbox.Exec(_sandbox!.Left, "ethtool -k eth0"), StringComparison.Ordinal);

        Assert.Empty(_ethtool.SetFeatures("eth0", names.ToDictionary(n => n, _ => true)));
        Assert.All(names, n => Assert.True(_ethtool.GetFeatures("eth0")[n].Active, n));
    }

    [RequiresRootFact]
    public void ReportsWhatCouldNotBeChanged()
    {
        var wanted = new Dictionary<string, bool>
        {
            ["rx-vlan-filter"] = true,      // veth cannot
            ["no-such-feature"] = true,     // nobody can
            ["no-such-feature-2"] = false,  // off already
            ["tx-udp-segmentation"] = false,
        };
        Assert.Equal(["no-such-feature", "rx-vlan-filter"], _ethtool.SetFeatures("eth0", wanted).Order());
        Assert.False(_ethtool.GetFeatures("eth0")["tx-udp-segmentation"].Active);
    }

    [RequiresRootFact]
    public void NamesTheInterfaceThatIsMissing()
    {
        var e = Assert.Throws<XdpException>(() => _ethtool.GetFeatures("eth7"));
        Assert.Equal(Errno.ENODEV, e.Errno);
        Assert.Contains("eth7", e.Message, StringComparison.Ordinal);
    }
}
