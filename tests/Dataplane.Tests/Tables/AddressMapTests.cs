using System.Buffers.Binary;
using Dataplane.Packets;
using Dataplane.Tables;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Tables;

/// <summary>Maps and prefixes against a dictionary and a scan.</summary>
public abstract class AddressMapTests<TAddress> : FamilyTests<TAddress>
    where TAddress : unmanaged, IIpAddress<TAddress>
{
    private static readonly int Bits = 8 * TAddress.ByteLength;
    private static readonly TAddress ServiceRange = Address("10.96.0.0", "fd00:10:96::");
    private readonly Random _random = new(1);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(1000)]
    [InlineData(100_000)]
    public void FindsWhatADictionaryFinds(int count)
    {
        var pairs = new List<KeyValuePair<TAddress, int>>();
        for (int i = 0; i < count; i++) pairs.Add(new(Address(), i));
        var expected = new Dictionary<TAddress, int>();
        foreach (var (key, value) in pairs) expected[key] = value; // a later pair replaces an earlier one
        var map = new AddressMap<TAddress>(pairs);
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
        var pairs = Enumerable.Range(0, 65_536).Select(i => KeyValuePair.Create(Family<TAddress>.After(ServiceRange, i), i)).ToList();
        var map = new AddressMap<TAddress>(pairs);
        foreach (var (key, value) in pairs) Assert.Equal(value, map.Find(key));
        Assert.Equal(-1, map.Find(Family<TAddress>.After(ServiceRange, 65_536)));
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
            var entries = new List<PrefixEntry<TAddress>>();
            for (int i = 0; i < count; i++) entries.Add(new(Address(), _random.Next(Bits + 1), i));
            var table = new PrefixTable<TAddress>(entries);
            for (int i = 0; i < 1000; i++)
            {
                // Near a prefix's edge, or anywhere.
                var address = count == 0 || i % 4 == 0 ? Address() : Near(entries[_random.Next(count)]);
                int expected = -1, longest = -1;
                foreach (var entry in entries)
                {
                    if (entry.Length < longest || !address.Mask(entry.Length).Equals(entry.Address.Mask(entry.Length))) continue;
                    (longest, expected) = (entry.Length, entry.Value);
                }
                Assert.Equal(expected, table.Find(address));
            }
        }
    }

    [Fact]
    public void CountsPrefixesOnce()
    {
        var table = new PrefixTable<TAddress>([new(Ten(1), 8, 1), new(Ten(9), 8, 2), new(Ten(0), 9, 3)]);
        Assert.Equal((2, 2), (table.Count, table.Find(Address("10.200.0.0", "fdc0::"))));
    }

    [Fact]
    public void IdentityOfWhatNoPrefixHoldsIsTheWorld()
    {
        var cache = new IpCache<TAddress>([new(Ten(0), 8, 77)]);
        Assert.Equal((77u, Identities.World), (cache.Find(Ten(7)), cache.Find(World)));
    }

    [Fact]
    public void EndpointsAreFoundByAddressAndByPort()
    {
        var table = new EndpointTable<TAddress>([new(Ten(1), 7, default, 0, 0), new(Ten(2), 3, default, 0, 0)]);
        Assert.Equal((0, 1, -1), (table.Find(Ten(1)), table.Find(Ten(2)), table.Find(Ten(3))));
        Assert.Equal((0, 1, -1, -1), (table.OfPort(7), table.OfPort(3), table.OfPort(5), table.OfPort(60_000)));
    }

    private static TAddress Ten(int number) => Family<TAddress>.After(Address("10.0.0.0", "fd00::"), number);

    // Few bits differ, so that keys repeat; in IPv6 they are spread over both halves.
    private TAddress Address()
    {
        uint bits = (uint)_random.Next(1 << 18) * 0x4001;
        return Of(IsV6 ? (UInt128)bits << 80 | bits : bits);
    }

    private TAddress Near(PrefixEntry<TAddress> entry)
    {
        var size = entry.Length == 0 && IsV6 ? 0 : UInt128.One << (Bits - entry.Length); // of ::/0 it wraps to zero
        var start = Number(entry.Address.Mask(entry.Length));
        var random = new UInt128((ulong)_random.NextInt64(), (ulong)_random.NextInt64());
        return Of(_random.Next(5) switch { 0 => start, 1 => start - 1, 2 => start + size - 1, 3 => start + size, _ => start + (size == 0 ? random : random % size) });
    }

    private static TAddress Of(UInt128 number)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, number);
        return TAddress.Read(bytes[^TAddress.ByteLength..]);
    }

    private static UInt128 Number(TAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.CopyTo(bytes[^TAddress.ByteLength..]);
        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }
}
