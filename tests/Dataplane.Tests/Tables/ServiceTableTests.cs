using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Tables;
using Xunit;

namespace Dataplane.Tests.Tables;

/// <summary>Frontends and backends against a dictionary.</summary>
public sealed class ServiceTableTests
{
    private readonly Random _random = new(1);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(5000)]
    public void FindsWhatADictionaryFinds(int count)
    {
        var expected = new Dictionary<(IPv4Address, byte, ushort), int>();
        var services = new List<ServiceBackends>();
        var backends = new List<Backend<IPv4Address>>();
        while (expected.Count < count)
        {
            if (!expected.TryAdd(Key(), services.Count)) continue;
            int own = _random.Next(4);
            services.Add(new(backends.Count, own));
            for (int i = 0; i < own; i++) backends.Add(new(IPv4Address.FromHost((uint)services.Count), Be16.FromHost((ushort)i)));
        }
        var table = new ServiceTable<IPv4Address>(
            [.. expected.Select(e => new Frontend<IPv4Address>(e.Key.Item1, e.Key.Item2, e.Key.Item3, e.Value))], [.. services], [.. backends], [new(new(10, 96, 0, 0), 16, 0)]);

        Assert.Equal((count, backends.Count), (table.Count, table.BackendCount));
        var addresses = expected.Keys.Select(k => k.Item1).ToHashSet();
        foreach (var (key, service) in expected)
        {
            Assert.Equal(service, table.Find(key.Item1, key.Item2, key.Item3));
            Assert.Equal(backends.GetRange(services[service].First, services[service].Count), table.BackendsOf(service).ToArray());
        }
        for (int i = 0; i < 10_000; i++)
        {
            var key = Key();
            Assert.Equal(expected.GetValueOrDefault(key, -1), table.Find(key.Item1, key.Item2, key.Item3));
            Assert.Equal(addresses.Contains(key.Item1), table.HasAddress(key.Item1));
        }
    }

    [Fact]
    public void KnowsWhichAddressesOnlyServicesUse()
    {
        var table = new ServiceTable<IPv4Address>([], [], [], [new(new(10, 96, 0, 0), 16, 0), new(new(10, 100, 0, 0), 30, 0)]);
        Assert.True(table.InServiceRange(new(10, 96, 255, 255)));
        Assert.True(table.InServiceRange(new(10, 100, 0, 3)));
        Assert.False(table.InServiceRange(new(10, 97, 0, 0)));
        Assert.False(table.InServiceRange(new(10, 100, 0, 4)));
    }

    // Few addresses, ports and protocols, so that keys share parts.
    private (IPv4Address Address, byte Protocol, ushort Port) Key() =>
        (IPv4Address.FromHost(0x0a600000 + (uint)_random.Next(4000)), _random.Next(2) == 0 ? IpProtocol.Tcp : IpProtocol.Udp, (ushort)(80 + _random.Next(8)));
}
