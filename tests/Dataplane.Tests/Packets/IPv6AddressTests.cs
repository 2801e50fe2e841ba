using System.Net;
using Dataplane.Conntrack;
using Dataplane.Packets;
using Dataplane.Tables;
using Xunit;

namespace Dataplane.Tests.Packets;

/// <summary>IPv6 addresses against the runtime's own, and against plain arithmetic on 128 bits.</summary>
public sealed class IPv6AddressTests
{
    private readonly Random _random = new(1);

    [Theory]
    [InlineData("::", "::")]
    [InlineData("::1", "::1")]
    [InlineData("fd00:10:244:1::a", "fd00:10:244:1::a")]
    [InlineData("FD00:0010:0244:0001:0:0:0:000A", "fd00:10:244:1::a")]
    [InlineData("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1")] // RFC 5952, section 4.2.3: the first of two equal runs
    [InlineData("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1")] // one group of zeros is not shortened
    [InlineData("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8")]
    [InlineData("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("64:ff9b::10.0.0.1", "64:ff9b::a00:1")]
    [InlineData("::ffff:10.244.1.10", "10.244.1.10")] // written as what it stands for
    public void ReadsTextAndWritesItInOneForm(string text, string written)
    {
        Assert.True(IPv6Address.TryParse(text, out var address));
        Assert.Equal(written, address.ToString());
        Assert.Equal(IPAddress.Parse(text).GetAddressBytes(), Bytes(address));
        Assert.Equal(address, IPv6Address.Parse(text));
    }

    [Theory]
    [InlineData("")]
    [InlineData(":")]
    [InlineData(":::")]
    [InlineData("1::2::3")]
    [InlineData("1:2:3:4:5:6:7")]
    [InlineData("1:2:3:4:5:6:7:8:9")]
    [InlineData("12345::")]
    [InlineData("g::")]
    [InlineData("fe80::1%eth0")] // a zone means something on one node only
    [InlineData("fe80::1%1")]
    [InlineData("[::1]")]
    [InlineData("[::1]:80")]
    [InlineData("::1/64")]
    [InlineData(" ::1")]
    [InlineData("::1 ")]
    [InlineData("::ffff:10.0.0")]
    [InlineData("::ffff:10.0.0.256")]
    [InlineData("10.244.1.10")]
    [InlineData("web-0")]
    public void RefusesOtherText(string text)
    {
        Assert.False(IPv6Address.TryParse(text, out _));
        Assert.Contains(text, Assert.Throws<FormatException>(() => IPv6Address.Parse(text)).Message);
    }

    [Fact]
    public void TextAndBytesComeBackAsTheyWere()
    {
        for (int i = 0; i < 20_000; i++)
        {
            var address = Any();
            var runtime = new IPAddress(Bytes(address));
            if (address.TryNarrow(out _)) continue; // has another text
            Assert.Equal(runtime.ToString(), address.ToString());
            Assert.Equal(address, IPv6Address.Parse(address.ToString()));
            Assert.Equal(address, IPv6Address.Read(Bytes(address)));
            Assert.Equal(Number(address), new UInt128(address.Value.High, address.Value.Low));
            Assert.Equal(address, IPv6Address.FromHost(address.Value.High, address.Value.Low));
        }
    }

    /// <summary>The order is that of the numbers, which is that of the bytes.</summary>
    [Fact]
    public void ComparesAsNumbers()
    {
        for (int i = 0; i < 20_000; i++)
        {
            IPv6Address a = Any(), b = _random.Next(4) == 0 ? a : Any();
            int expected = Number(a).CompareTo(Number(b));
            Assert.Equal(expected, Math.Sign(a.CompareTo(b)));
            Assert.Equal(expected, Math.Sign(Bytes(a).AsSpan().SequenceCompareTo(Bytes(b))));
            Assert.Equal((expected < 0, expected > 0, expected <= 0, expected >= 0, expected == 0, expected != 0), ((a < b), (a > b), (a <= b), (a >= b), a == b, a != b));
            Assert.Equal((expected == 0, expected == 0), (a.Equals(b), a.Equals((object)b)));
            if (expected == 0) Assert.Equal(a.GetHashCode(), b.GetHashCode());
        }
    }

    [Fact]
    public void MasksEveryLength()
    {
        for (int i = 0; i < 500; i++)
        {
            var address = Any();
            for (int length = 0; length <= 128; length++)
            {
                var mask = length == 0 ? UInt128.Zero : UInt128.MaxValue << (128 - length);
                Assert.Equal(Number(address) & mask, Number(address.Mask(length)));
            }
        }
    }

    [Fact]
    public void AddsUpItsWords()
    {
        for (int i = 0; i < 10_000; i++)
        {
            var address = Any();
            byte[] bytes = Bytes(address);
            uint sum = 0;
            for (int word = 0; word < 16; word += 2) sum += BitConverter.ToUInt16(bytes, word);
            Assert.Equal(sum, address.ChecksumWords);
        }
        Assert.Equal(8u * 0xffff, IPv6Address.FromHost(ulong.MaxValue, ulong.MaxValue).ChecksumWords);
    }

    [Fact]
    public void WidensIPv4AndFindsItAgain()
    {
        for (int i = 0; i < 20_000; i++)
        {
            var narrow = IPv4Address.FromHost((uint)_random.NextInt64(1, 1L << 32));
            var wide = narrow.Widen();
            Assert.Equal(IPAddress.Parse(narrow.ToString()).MapToIPv6().GetAddressBytes(), Bytes(wide));
            Assert.True(wide.TryNarrow(out var back));
            Assert.Equal((narrow, narrow.ToString()), (back, wide.ToString()));

            var address = Any();
            Assert.Equal(address, address.Widen());
            Assert.Equal(new IPAddress(Bytes(address)).IsIPv4MappedToIPv6, address.TryNarrow(out back));
            if (address.TryNarrow(out back)) Assert.Equal(address, back.Widen());
        }
    }

    /// <summary>A record of nothing stays one of nothing, in either family.</summary>
    [Fact]
    public void NothingIsWidenedToNothing()
    {
        Assert.True(default(IPv4Address).Widen().IsZero);
        Assert.False(default(IPv6Address).TryNarrow(out _));
        var tuple = new FlowTuple<IPv4Address>(new(10, 0, 0, 1), new(10, 0, 0, 2), Be16.FromHost(1), Be16.FromHost(2), 6);
        Assert.Equal(default, default(FlowTuple<IPv4Address>).Widen());
        Assert.Equal("6 10.0.0.1:1 -> 10.0.0.2:2", tuple.Widen().ToString());
    }

    [Theory]
    [InlineData("ff00::", true, false, false)]
    [InlineData("ffff::1", true, false, false)]
    [InlineData("feff::1", false, false, false)]
    [InlineData("fe80::", false, true, true)]
    [InlineData("febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false, true, true)]
    [InlineData("fec0::", false, false, false)]
    [InlineData("fe7f::", false, false, false)]
    [InlineData("::", false, false, true)]
    [InlineData("::1", false, false, true)]
    [InlineData("::2", false, false, false)]
    [InlineData("::ffff:0.0.0.0", false, false, true)]
    [InlineData("::ffff:255.255.255.255", false, false, true)]
    [InlineData("::fffe:1.2.3.4", false, false, false)]
    [InlineData("1::ffff:1.2.3.4", false, false, false)]
    [InlineData("fd00::1", false, false, false)]
    public void KnowsGroupsAndAddressesOfOnePlace(string text, bool group, bool linkLocal, bool nobodysElsewhere)
    {
        var address = IPv6Address.Parse(text);
        Assert.Equal((group, linkLocal, nobodysElsewhere, text == "::"), (address.IsGroup, address.IsLinkLocal, address.IsLoopback, address.IsZero));
    }

    /// <summary>Every bit of either address changes about half of the bits of the result, whatever the seed.</summary>
    [Fact]
    public void MixesEveryBitOfBoth()
    {
        foreach (ulong seed in (ulong[])[0x2545f4914f6cdd1d, 1, ulong.MaxValue, (ulong)_random.NextInt64()])
        {
            for (int bit = 0; bit < 256; bit++)
            {
                int changed = 0;
                const int Rounds = 200;
                for (int i = 0; i < Rounds; i++)
                {
                    UInt128 a = Number(Pod(i)), b = Number(Pod(i * 7 + 1));
                    ulong before = IPv6Address.Mix(Of(a), Of(b), seed);
                    if (bit < 128) a ^= UInt128.One << bit;
                    else b ^= UInt128.One << (bit - 128);
                    changed += (int)ulong.PopCount(before ^ IPv6Address.Mix(Of(a), Of(b), seed));
                }
                Assert.True(changed is > Rounds * 16 and < Rounds * 48, $"bit {bit} changes {(double)changed / Rounds} of 64, seed {seed:x}");
            }
        }
    }

    [Fact]
    public void MixTellsSourceFromDestination() =>
        Assert.NotEqual(IPv6Address.Mix(Pod(1), Pod(2), 5), IPv6Address.Mix(Pod(2), Pod(1), 5));

    /// <summary>What clusters have: neighbouring addresses of few prefixes, talking to few others. Buckets of a table fill as evenly as by chance.</summary>
    [Theory]
    [InlineData(0)] // the last byte differs
    [InlineData(16)]
    [InlineData(32)]
    [InlineData(64)] // the prefix does
    [InlineData(112)]
    public void SpreadsNeighboursEvenly(int shift)
    {
        const int Buckets = 1024, PerBucket = 64;
        foreach (ulong seed in (ulong[])[0x2545f4914f6cdd1d, 0x1234_5678_9abc_def0, (ulong)_random.NextInt64()])
        {
            var low = new int[Buckets];
            var high = new int[Buckets];
            for (int i = 0; i < Buckets * PerBucket; i++)
            {
                var tuple = new FlowTuple<IPv6Address>(Of(Number(Pod(0)) + ((UInt128)i << shift)), Pod(9), Be16.FromHost(40_000), Be16.FromHost(80), 6);
                ulong hash = tuple.Hash(seed);
                low[hash % Buckets]++;
                high[hash >> 54]++;
            }
            // Chi squared of 1,023 degrees of freedom: 1,023 plus or minus 45; eight of those are nobody's chance.
            foreach (var counts in (int[][])[low, high])
                Assert.InRange(counts.Sum(n => (n - PerBucket) * (n - PerBucket) / (double)PerBucket), 1023 - 8 * 45, 1023 + 8 * 45);
        }
    }

    /// <summary>The maps' own seed is known to everybody; what clusters have must be found in few steps all the same.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(64)]
    [InlineData(96)]
    public void AMapOfNeighboursIsAsFastAsAnyOther(int shift)
    {
        var pairs = Enumerable.Range(0, 100_000).Select(i => KeyValuePair.Create(Of(Number(Pod(0)) + ((UInt128)i << shift)), i)).ToList();
        var map = new AddressMap<IPv6Address>(pairs); // would take minutes if they were all in one place
        Assert.Equal(pairs.Count, map.Count);
        Assert.All(pairs, pair => Assert.Equal(pair.Value, map.Find(pair.Key)));
        Assert.Equal(-1, map.Find(Of(Number(Pod(0)) - 1)));
    }

    // Random bits in some of the bytes only, so that special addresses are among them.
    private IPv6Address Any()
    {
        Span<byte> bytes = stackalloc byte[16];
        switch (_random.Next(6))
        {
            case 0: _random.NextBytes(bytes[12..]); break;
            case 1: _random.NextBytes(bytes[..8]); break;
            case 2:
                bytes.Slice(10, 2).Fill(0xff);
                _random.NextBytes(bytes[12..]);
                break;
            case 3:
                bytes.Fill(0xff);
                bytes[_random.Next(16)] = (byte)_random.Next(256);
                break;
            default: _random.NextBytes(bytes); break;
        }
        return IPv6Address.Read(bytes);
    }

    private static IPv6Address Pod(int number) => IPv6Address.FromHost(0xfd00_0010_0244_0001, (ulong)number + 10);

    private static IPv6Address Of(UInt128 number) => IPv6Address.FromHost((ulong)(number >> 64), (ulong)number);

    private static UInt128 Number(IPv6Address address) => System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(Bytes(address));

    private static byte[] Bytes(IPv6Address address)
    {
        var bytes = new byte[16];
        address.CopyTo(bytes);
        return bytes;
    }
}
