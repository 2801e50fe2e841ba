using System.Net;
using Dataplane.Testing;
using Xdp.Interop.Links;
using Xunit;

namespace Xdp.Interop.Tests.Links;

public sealed class NetlinkAddressesTests : IDisposable
{
    private static readonly IPAddress Address = IPAddress.Parse("2001:db8::1");
    private readonly Sandbox? _sandbox;
    private readonly NetlinkSocket _netlink = null!;
    private readonly int _link;

    public NetlinkAddressesTests()
    {
        if (Privileges.MissingForNetworkNamespaces is not null) return;
        _sandbox = new Sandbox();
        _netlink = _sandbox.Own(NetlinkSocket.Open(_sandbox.Left));
        _link = _netlink.Links.CreateVeth(new VethSpec { Name = "eth0", PeerName = "peer", PeerNamespace = _sandbox.Right }).Index;
        _netlink.Links.SetUp(1);
        _netlink.Links.SetUp(_link);
        using var far = NetlinkSocket.Open(_sandbox.Right);
        far.Links.SetUp(far.Links.Get("peer").Index);
    }

    public void Dispose() => _sandbox?.Dispose();

    [RequiresRootFact]
    public void AnAddressOfIPv6IsTentativeUntilItIsKnownThatNobodyElseHasIt()
    {
        _netlink.Addresses.Add(_link, Address, 64);
        var added = Find();
        Assert.Equal((true, false, false), (added.IsTentative, added.IsOptimistic, added.IsUsable));
        Assert.True(SpinWait.SpinUntil(() => !Find().IsTentative, TimeSpan.FromSeconds(10)));
        Assert.True(Find().IsUsable);
    }

    [RequiresRootFact]
    public void AnOptimisticAddressIsUsableWhileItIsTentative()
    {
        Sysctl.Write("ipv6/conf/eth0/optimistic_dad", "1", _sandbox!.Left);
        Sandbox.Exec(_sandbox.Left, $"ip addr add {Address}/64 dev eth0 optimistic");
        var added = Find();
        Assert.Equal((true, true, true), (added.IsTentative, added.IsOptimistic, added.IsUsable));
    }

    [RequiresRootFact]
    public void WithoutDetectionTheAddressIsLocalAMomentLater()
    {
        Assert.False(_netlink.Routes.WaitUntilLocal(Address, TimeSpan.FromMilliseconds(5)));
        _netlink.Addresses.Add(new InterfaceAddress { Interface = _link, Address = Address, PrefixLength = 128, NoDuplicateDetection = true });
        Assert.Equal((false, true, true), (Find().IsTentative, Find().NoDuplicateDetection, Find().IsUsable));
        Assert.True(_netlink.Routes.WaitUntilLocal(Address, TimeSpan.FromSeconds(5)));
        Assert.Equal(RouteType.Local, _netlink.Routes.Get(Address)!.Type);
    }

    private InterfaceAddress Find() => Assert.Single(_netlink.Addresses.List(_link), a => a.Address.Equals(Address));
}
