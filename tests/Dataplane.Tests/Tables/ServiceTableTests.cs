using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Tables;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Tables;

/// <summary>Which frontend a packet is for: its address's own, or that of the node's ports.</summary>
public sealed class ServiceTableTests
{
    private static readonly IPv4Address Vip = new(10, 96, 0, 10), Local = new(192, 168, 0, 1), Remote = new(192, 168, 0, 2), Stranger = new(192, 168, 0, 9);
    private static readonly Service<IPv4Address> One = Make(1), Two = Make(2), Three = Make(3);

    private readonly ServiceTable<IPv4Address> _table = new(
        FrontendIndex<IPv4Address>.Build(
        [
            new(Vip, IpProtocol.Tcp, 80, FrontendKind.ClusterIp, One), new(default, IpProtocol.Tcp, 30080, FrontendKind.NodePort, One),
            new(default, IpProtocol.Tcp, 8080, FrontendKind.HostPort, Two), new(Local, IpProtocol.Tcp, 30080, FrontendKind.ExternalIp, Three),
        ], out _)!,
        new AddressMap<IPv4Address>([new(Local, (int)NodeAddressKind.Local), new(Remote, (int)NodeAddressKind.Remote)]),
        new PrefixTable<IPv4Address>([new(new(10, 96, 0, 0), 16, 0), new(new(10, 100, 0, 0), 30, 0)]));

    [Fact]
    public void FindsTheAddressesOwnFrontendBeforeTheNodesPort()
    {
        Assert.Equal(One, Find(Vip, 80));
        Assert.Equal(Three, Find(Local, 30080));
        Assert.Equal(One, Find(Remote, 30080));
    }

    [Fact]
    public void K8_NodePortsAreOnEveryNodesAddressesAndNowhereElse()
    {
        Assert.Equal(One, Find(Remote, 30080));
        Assert.Null(Find(Stranger, 30080));
        Assert.Null(Find(Vip, 30080));
        Assert.Null(Find(default, 30080, IpProtocol.Udp));
    }

    [Fact]
    public void K38_HostPortsAreOnThisNodeOnly()
    {
        Assert.Equal(Two, Find(Local, 8080));
        Assert.Null(Find(Remote, 8080));
    }

    [Fact]
    public void KnowsWhichAddressesOnlyServicesUse()
    {
        Assert.True(_table.InServiceRange(new(10, 96, 255, 255)));
        Assert.True(_table.InServiceRange(new(10, 100, 0, 3)));
        Assert.False(_table.InServiceRange(new(10, 97, 0, 0)));
        Assert.False(_table.InServiceRange(new(10, 100, 0, 4)));
    }

    [Fact]
    public void K6_KnowsClusterAddressesWhateverThePort()
    {
        Assert.True(_table.HasClusterAddress(Vip));
        Assert.False(_table.HasClusterAddress(Local)); // an external IP: its other ports are somebody else's
    }

    private Service<IPv4Address>? Find(IPv4Address address, ushort port, byte protocol = IpProtocol.Tcp) =>
        _table.TryFind(address, protocol, port, out var frontend) ? frontend.Service : null;

    private static Service<IPv4Address> Make(uint id) => new() { Id = id, Cluster = SampleNode.Set(), Local = SampleNode.Set() };
}
