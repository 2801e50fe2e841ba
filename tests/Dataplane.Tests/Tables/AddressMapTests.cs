using Dataplane.Packets;
using Dataplane.Tables;
using Xunit;

namespace Dataplane.Tests.Tables;

/// <summary>Maps and prefixes against a dictionary and a scan.</summary>
public sealed class AddressMapTests
{
    private readonly Random _random = new(1);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(1000)]
    [InlineData(100_000)]
    public void FindsWhatADictionaryFinds(int count)
    {
        var pairs = new List<KeyValuePair<IPv4Address, int>>();
        for (int i = 0; i < count; i++) pairs.Add(new(Address(), i));
        var expected = new Dictionary<IPv4Address, int>();
        foreach (var (key, value) in pairs) expected[key] = value; // a later pair replaces an earlier one
        var map = new AddressMap<IPv4Address>(pairs);
        Assert.Equal(expected.Count, map.Count);
        foreach (var (key, value) in expected) Assert.Equal(value, map.Find(key));
        for (int i = 0; i < 10_000; i++)
        {
            var key = Address();
            Assert.Equal(expected.GetValueOrDefault(key, -1), map.Find(key));
        }
    }

    /// <summary>Neighbouring addresses are what clusters have.</summary>
    [Fact]
    public void FindsNeighbours()
    {
        var pairs = Enumerable.Range(0, 65_536).Select(i => KeyValuePair.Create(IPv4Address.FromHost(0x0a600000 + (uint)i), i)).ToList();
        var map = new AddressMap<IPv4Address>(pairs);
        foreach (var (key, value) in pairs) Assert.Equal(value, map.Find(key));
        Assert.Equal(-1, map.Find(IPv4Address.FromHost(0x0a5fffff)));
        Assert.Equal(-1, map.Find(default));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(10)]
    [InlineData(300)]
    public void FindsTheLongestPrefix(int count)
    {
        for (int round = 0; round < 20; round++)
        {
            var entries = new List<PrefixEntry<IPv4Address>>();
            for (int i = 0; i < count; i++) entries.Add(new(Address(), _random.Next(33), i));
            var table = new PrefixTable<IPv4Address>(entries);
            for (int i = 0; i < 1000; i++)
            {
                // Near a prefix's edge, or anywhere.
                var address = count == 0 || i % 4 == 0 ? Address() : Near(entries[_random.Next(count)]);
                int expected = -1, longest = -1;
                foreach (var entry in entries)
                {
                    if (entry.Length < longest || address.Mask(entry.Length) != entry.Address.Mask(entry.Length)) continue;
                    (longest, expected) = (entry.Length, entry.Value);
                }
                Assert.Equal(expected, table.Find(address));
            }
        }
    }

    [Fact]
    public void CountsPrefixesOnce()
    {
        var table = new PrefixTable<IPv4Address>([new(new(10, 0, 0, 1), 8, 1), new(new(10, 9, 9, 9), 8, 2), new(new(10, 0, 0, 0), 9, 3)]);
        Assert.Equal((2, 2), (table.Count, table.Find(new(10, 200, 0, 0))));
    }

    [Fact]
    public void IdentityOfWhatNoPrefixHoldsIsTheWorld()
    {
        var cache = new IpCache<IPv4Address>([new(new(10, 0, 0, 0), 8, 77)]);
        Assert.Equal((77u, Identities.World), (cache.Find(new(10, 1, 1, 1)), cache.Find(new(11, 1, 1, 1))));
    }

    [Fact]
    public void EndpointsAreFoundByAddressAndByPort()
    {
        var table = new EndpointTable<IPv4Address>([new(new(10, 0, 0, 1), 7, default, 0, 0), new(new(10, 0, 0, 2), 3, default, 0, 0)]);
        Assert.Equal((0, 1, -1), (table.Find(new(10, 0, 0, 1)), table.Find(new(10, 0, 0, 2)), table.Find(new(10, 0, 0, 3))));
        Assert.Equal((0, 1, -1, -1), (table.OfPort(7), table.OfPort(3), table.OfPort(5), table.OfPort(60_000)));
    }

    // Few bits differ, so that keys repeat.
    private IPv4Address Address() => IPv4Address.FromHost((uint)_random.Next(1 << 18) * 0x4001);

    private IPv4Address Near(PrefixEntry<IPv4Address> entry)
    {
        uint size = entry.Length == 0 ? 0 : 1u << (32 - entry.Length);
        uint start = entry.Address.Mask(entry.Length).Value;
        return IPv4Address.FromHost(_random.Next(5) switch { 0 => start, 1 => start - 1, 2 => start + size - 1, 3 => start + size, _ => start + (uint)_random.NextInt64(Math.Max(1, size)) });
    }
}
