using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Dataplane.Packets;

/// <summary>
/// The Internet checksum (RFC 1071) and its incremental update (RFC 1624). Sums are kept in memory order throughout: one's
/// complement addition does not mind byte order as long as every operand has the same (RFC 1071, 2B).
/// </summary>
public static class Checksum
{
    /// <summary>Folds a sum to 16 bits with end-around carry.</summary>
    public static ushort Fold(ulong sum)
    {
        sum = (sum & 0xffffffff) + (sum >> 32);
        sum = (sum & 0xffff) + (sum >> 16);
        sum = (sum & 0xffff) + (sum >> 16);
        sum = (sum & 0xffff) + (sum >> 16);
        return (ushort)sum;
    }

    /// <summary>Adds the 16-bit words of <paramref name="data"/> to <paramref name="sum"/>; an odd last byte is padded with zero.</summary>
    public static ulong Add(ReadOnlySpan<byte> data, ulong sum)
    {
        if (data.Length >= 64 && Vector512.IsHardwareAccelerated)
        {
            int vectors = data.Length & ~63;
            sum += AddVectors(data[..vectors]);
            data = data[vectors..];
        }
        while (data.Length >= 8)
        {
            ulong word = MemoryMarshal.Read<ulong>(data);
            sum += (word & 0xffffffff) + (word >> 32);
            data = data[8..];
        }
        if (data.Length >= 4)
        {
            sum += MemoryMarshal.Read<uint>(data);
            data = data[4..];
        }
        if (data.Length >= 2)
        {
            sum += MemoryMarshal.Read<ushort>(data);
            data = data[2..];
        }
        if (data.Length == 1) sum += BitConverter.IsLittleEndian ? data[0] : (uint)data[0] << 8;
        return sum;
    }

    // 64 bytes a step: 32-bit lanes are widened to 64 bits, so no carry is lost however long the data. The span is not passed by
    // reference: whose address is taken lives on the stack, also where no vector is used.
    private static ulong AddVectors(ReadOnlySpan<byte> data)
    {
        var low = Vector512<ulong>.Zero;
        var high = Vector512<ulong>.Zero;
        var mask = Vector512.Create(0xffffffffUL);
        while (data.Length >= 64)
        {
            var v = Vector512.Create(data).AsUInt64();
            low += v & mask;
            high += v >>> 32;
            data = data[64..];
        }
        ulong sum = Vector512.Sum(low) + Vector512.Sum(high);
        return (sum & 0xffffffff) + (sum >> 32);
    }

    /// <summary>The checksum of <paramref name="data"/>: what goes into the field, memory order.</summary>
    public static ushort Compute(ReadOnlySpan<byte> data) => (ushort)~Fold(Add(data, 0));

    /// <summary>
    /// Sum of the pseudo-header, not folded: addresses, protocol and transport length (RFC 793, RFC 8200 section 8.1 adds the
    /// same words in another order).
    /// </summary>
    public static ulong PseudoHeader<TAddress>(TAddress source, TAddress destination, byte protocol, int transportLength)
        where TAddress : unmanaged, IIpAddress<TAddress> =>
        (ulong)source.ChecksumWords + destination.ChecksumWords + Be16.FromHost(protocol).Raw + Be16.FromHost((ushort)transportLength).Raw;

    /// <summary>What replacing <paramref name="oldWords"/> by <paramref name="newWords"/> adds to a complemented sum; folded.</summary>
    public static ushort Delta(ulong oldWords, ulong newWords) => Fold(newWords + (ushort)~Fold(oldWords));

    /// <summary>A complete checksum field after a change of the data by <paramref name="delta"/> (RFC 1624, equation 3).</summary>
    public static ushort UpdateComplete(ushort field, ushort delta) => (ushort)~Fold((ulong)(ushort)~field + delta);

    /// <summary>A field that holds the plain pseudo-header sum after a change of addresses by <paramref name="delta"/>.</summary>
    public static ushort UpdatePartial(ushort field, ushort delta) => Fold((ulong)field + delta);
}
