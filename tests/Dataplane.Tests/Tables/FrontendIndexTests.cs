using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Tables;
using Dataplane.Testing;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Tables;

/// <summary>The index of frontends against a dictionary, through many changes.</summary>
public sealed class FrontendIndexTests
{
    private readonly Random _random = new(1);
    private uint _id;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(5000)]
    public void FindsWhatADictionaryFinds(int count)
    {
        var expected = new Dictionary<(IPv4Address, byte, ushort), Frontend<IPv4Address>>();
        while (expected.Count < count) Add(expected, expected);
        var index = FrontendIndex<IPv4Address>.Build(expected.Values, out _);
        MustHold(index!, expected);
    }

    [Fact]
    public void FindsWhatADictionaryFindsAfterEveryChange()
    {
        var expected = new Dictionary<(IPv4Address, byte, ushort), Frontend<IPv4Address>>();
        var index = FrontendIndex<IPv4Address>.Empty;
        for (int round = 0; round < 120; round++)
        {
            // Grows to thousands, then shrinks to nothing, so that it is spread anew both ways.
            var removed = expected.Values.Where(_ => _random.Next(round < 60 ? 20 : 3) == 0).ToList();
            if (round > 100) removed = [.. expected.Values];
            foreach (var gone in removed) expected.Remove((gone.Address, gone.Protocol, gone.Port));
            var added = new Dictionary<(IPv4Address, byte, ushort), Frontend<IPv4Address>>();
            for (int i = _random.Next(round < 60 ? 300 : 10); i > 0; i--) Add(added, expected);
            index = index.With(removed, added.Values, out _)!;
            foreach (var (key, frontend) in added) expected.Add(key, frontend);
            MustHold(index, expected);
        }
    }

    [Fact]
    public void RefusesASecondFrontendAtAPlaceAndStaysAsItWas()
    {
        Frontend<IPv4Address> first = At(1, 80), second = At(1, 80), other = At(2, 80);
        Assert.Null(FrontendIndex<IPv4Address>.Build([first, second], out _));
        var index = FrontendIndex<IPv4Address>.Build([first], out _)!;

        Assert.Null(index.With([], [other, second], out var clash));

        Assert.Same(second.Service, clash.Service);
        Assert.False(index.TryFind(other.Address, IpProtocol.Tcp, 80, out _));
        Assert.Equal(1, index.Count);
        // In one change one may take the place of another.
        Assert.True(index.With([first], [second], out _)!.TryFind(first.Address, IpProtocol.Tcp, 80, out var found));
        Assert.Same(second.Service, found.Service);
    }

    [Fact]
    public void AnAddressStaysAClusterAddressWhileAnyOfItsPortsIsLeft()
    {
        Frontend<IPv4Address> http = At(1, 80), https = At(1, 443);
        var index = FrontendIndex<IPv4Address>.Build([http, https], out _)!;
        index = index.With([http], [], out _)!;
        Assert.True(index.HasClusterAddress(http.Address));
        index = index.With([https], [], out _)!;
        Assert.False(index.HasClusterAddress(http.Address));
    }

    /// <summary>One change among 30,000 frontends copies the shards it touches and the list of shards, and no more.</summary>
    [Fact]
    public void AChangeCostsLittleAmongMany()
    {
        var all = Enumerable.Range(0, 30_000).Select(i => At((uint)i, 80)).ToList();
        var index = FrontendIndex<IPv4Address>.Build(all, out _)!;
        Frontend<IPv4Address>[] removed = [all[7]], added = [At(7, 80)];
        index.With(removed, added, out _);

        long bytes = Allocations.Least(() => index.With(removed, added, out _));

        Assert.InRange(bytes, 1, 64 * 1024);
    }

    private void MustHold(FrontendIndex<IPv4Address> index, Dictionary<(IPv4Address, byte, ushort), Frontend<IPv4Address>> expected)
    {
        Assert.Equal(expected.Count, index.Count);
        foreach (var (key, frontend) in expected)
        {
            Assert.True(index.TryFind(key.Item1, key.Item2, key.Item3, out var found));
            Assert.Equal(frontend, found);
        }
        var addresses = expected.Values.Where(f => f.Kind == FrontendKind.ClusterIp).Select(f => f.Address).ToHashSet();
        for (int i = 0; i < 1000; i++)
        {
            var (address, protocol, port) = Key();
            Assert.Equal(expected.ContainsKey((address, protocol, port)), index.TryFind(address, protocol, port, out _));
            Assert.Equal(addresses.Contains(address), index.HasClusterAddress(address));
        }
    }

    private void Add(Dictionary<(IPv4Address, byte, ushort), Frontend<IPv4Address>> to, Dictionary<(IPv4Address, byte, ushort), Frontend<IPv4Address>> unlessIn)
    {
        var key = Key();
        if (unlessIn.ContainsKey(key)) return;
        to[key] = new Frontend<IPv4Address>(key.Address, key.Protocol, key.Port, (FrontendKind)(1 + _random.Next(5)), Make());
    }

    private Frontend<IPv4Address> At(uint address, ushort port) => new(IPv4Address.FromHost(0x0a600000 + address), IpProtocol.Tcp, port, FrontendKind.ClusterIp, Make());

    private Service<IPv4Address> Make() => new() { Id = ++_id, Cluster = SampleNode.Set(), Local = SampleNode.Set() };

    // Few addresses, ports and protocols, so that keys share parts; and all node ports share their address.
    private (IPv4Address Address, byte Protocol, ushort Port) Key() =>
        (_random.Next(3) == 0 ? default : IPv4Address.FromHost(0x0a600000 + (uint)_random.Next(4000)),
        _random.Next(2) == 0 ? IpProtocol.Tcp : IpProtocol.Udp, (ushort)(_random.Next(2) == 0 ? 80 + _random.Next(8) : 30000 + _random.Next(2768)));
}
