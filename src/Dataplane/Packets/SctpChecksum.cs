using System.Numerics;

namespace Dataplane.Packets;

/// <summary>
/// The CRC32c of SCTP (RFC 9260, appendix A) and its change. A CRC is linear: that of a changed packet differs from the old one by
/// the CRC of the difference, whatever else the packet holds. So a translated port needs the packet's length, not its bytes, and a
/// packet that was damaged on the way stays recognisable as such.
/// </summary>
public static class SctpChecksum
{
    /// <summary>The field of a packet whose first four bytes, the ports, have changed.</summary>
    /// <param name="field">The checksum field as it lies in memory, little endian.</param>
    /// <param name="oldPorts">Both ports before, as they lie in memory.</param>
    /// <param name="newPorts">Both ports after.</param>
    /// <param name="length">Bytes of the SCTP packet, header included; at least 12.</param>
    public static uint UpdatePorts(uint field, uint oldPorts, uint newPorts, int length)
    {
        // The difference is four bytes, and zeros to the end.
        uint crc = BitOperations.Crc32C(0, oldPorts ^ newPorts);
        int zeros = length - sizeof(uint);
        for (; zeros >= sizeof(ulong); zeros -= sizeof(ulong)) crc = BitOperations.Crc32C(crc, 0UL);
        for (; zeros > 0; zeros--) crc = BitOperations.Crc32C(crc, (byte)0);
        return field ^ crc;
    }

    /// <summary>The checksum of a whole packet whose field is zero, as it goes into the field.</summary>
    public static uint Compute(ReadOnlySpan<byte> packet)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in packet) crc = BitOperations.Crc32C(crc, b);
        return ~crc;
    }
}
