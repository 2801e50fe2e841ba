using Dataplane.Packets;
using Dataplane.Testing.Packets;
using Xunit;

namespace Dataplane.Tests.Packets;

/// <summary>The fast checksum against the one RFC 1071 writes down.</summary>
public sealed class ChecksumTests
{
    private readonly Random _random = new(1);

    [Fact]
    public void IsThatOfThePlainOneForEveryLengthAndOffset()
    {
        var data = new byte[700];
        _random.NextBytes(data);
        for (int offset = 0; offset < 65; offset += offset < 8 ? 1 : 19)
        {
            for (int length = 0; length <= 600; length++)
            {
                var span = data.AsSpan(offset, length);
                Assert.Equal(PlainChecksum.Of(span), Host(Checksum.Compute(span)));
            }
        }
    }

    [Theory]
    [InlineData(0x00)]
    [InlineData(0xff)]
    public void KeepsEveryCarry(byte value)
    {
        var data = new byte[65_535];
        Array.Fill(data, value);
        for (int length = 65_000; length <= data.Length; length++)
            Assert.Equal(PlainChecksum.Of(data.AsSpan(0, length)), Host(Checksum.Compute(data.AsSpan(0, length))));
    }

    [Fact]
    public void AddsUpOverPartsOfEvenLength()
    {
        var data = new byte[9001];
        _random.NextBytes(data);
        ulong sum = Checksum.Add(data.AsSpan(0, 3840), 0);
        sum = Checksum.Add(data.AsSpan(3840, 3840), sum);
        sum = Checksum.Add(data.AsSpan(7680), sum);
        Assert.Equal(Checksum.Compute(data), (ushort)~Checksum.Fold(sum));
    }

    [Theory]
    [InlineData(0ul, 0)]
    [InlineData(0xfffful, 0xffff)]
    [InlineData(0x1_0000ul, 1)]
    [InlineData(0x1_ffff_fffful, 1)]
    [InlineData(0xffff_fffful, 0xffff)]
    [InlineData(0xffff_ffff_0000_0000ul, 0xffff)]
    [InlineData(ulong.MaxValue, 0xffff)]
    [InlineData(ulong.MaxValue - 1, 0xfffe)]
    public void FoldsWithEndAroundCarry(ulong sum, int expected) => Assert.Equal(expected, Checksum.Fold(sum));

    [Fact]
    public void SumsThePseudoHeader()
    {
        for (int i = 0; i < 1000; i++)
        {
            var addresses = new byte[8];
            _random.NextBytes(addresses);
            byte protocol = (byte)_random.Next(256);
            int length = _random.Next(65_536);
            ulong sum = Checksum.PseudoHeader(IPv4Address.Read(addresses), IPv4Address.Read(addresses.AsSpan(4)), protocol, length);
            Assert.Equal(PlainChecksum.PseudoHeader(addresses, protocol, length), Host(Checksum.Fold(sum)));
        }
    }

    /// <summary>RFC 1624: the updated field is that of the changed data, also where the simpler equation of RFC 1141 fails.</summary>
    [Fact]
    public void UpdatesToTheChecksumOfTheChangedData()
    {
        var data = new byte[40];
        for (int i = 0; i < 100_000; i++)
        {
            _random.NextBytes(data);
            if (i % 4 == 0) data.AsSpan(8, 12).Clear();
            if (i % 4 == 1) data.AsSpan(4).Fill(0xff);
            data[0] |= 1; // data of nothing but zeros has two checksums; no header is such
            ushort field = Checksum.Compute(data);
            ulong before = Checksum.Add(data.AsSpan(8, 12), 0);
            if (i % 3 == 0) data.AsSpan(8, 12).Fill((byte)(i % 2 * 0xff));
            else _random.NextBytes(data.AsSpan(8, 12));
            field = Checksum.UpdateComplete(field, Checksum.Delta(before, Checksum.Add(data.AsSpan(8, 12), 0)));
            Assert.Equal(0, (ushort)~Checksum.Fold(Checksum.Add(data, field)));
        }
    }

    [Fact]
    public void UpdatesPartialSumsToThoseOfTheNewAddresses()
    {
        for (int i = 0; i < 100_000; i++)
        {
            ulong before = (ulong)_random.NextInt64(1, 0x3fffc), after = (ulong)_random.NextInt64(1, 0x3fffc), rest = (ulong)_random.NextInt64(1, 0x1ffff);
            ushort updated = Checksum.UpdatePartial(Checksum.Fold(before + rest), Checksum.Delta(before, after));
            Assert.Equal(Checksum.Fold(after + rest), updated);
        }
    }

    private static ushort Host(ushort memory) => Be16.FromRaw(memory).Value;
}
