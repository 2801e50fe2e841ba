namespace Dataplane.Testing.Packets;

/// <summary>The Internet checksum as RFC 1071 writes it down, two bytes a step: what the product's faster one is held against.</summary>
public static class PlainChecksum
{
    /// <summary>Adds big-endian words to a folded sum; an odd last byte is padded with zero.</summary>
    public static ushort Add(ushort sum, ReadOnlySpan<byte> data)
    {
        uint total = sum;
        for (int i = 0; i < data.Length; i += 2)
        {
            total += (uint)(data[i] << 8 | (i + 1 < data.Length ? data[i + 1] : 0));
            total = (total & 0xffff) + (total >> 16);
        }
        return (ushort)total;
    }

    /// <summary>The checksum field, host byte order, for data whose field is zero; zero again when the field is right.</summary>
    public static ushort Of(ReadOnlySpan<byte> data) => (ushort)~Add(0, data);

    /// <summary>The folded sum of the pseudo-header (RFC 9293, section 3.1; RFC 8200, section 8.1), host byte order.</summary>
    /// <param name="addresses">Source and destination as they stand in the IP header.</param>
    /// <param name="protocol">IP protocol number.</param>
    /// <param name="length">Bytes of transport header and payload, less than 64 kB.</param>
    public static ushort PseudoHeader(ReadOnlySpan<byte> addresses, byte protocol, int length) =>
        Add(Add(0, addresses), [0, protocol, (byte)(length >> 8), (byte)length]);

    /// <summary>CRC32c bit by bit (RFC 9260, appendix A), over data whose own checksum field is zero.</summary>
    public static uint Crc32c(ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in data)
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++) crc = (crc & 1) != 0 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
        }
        return ~crc;
    }
}
