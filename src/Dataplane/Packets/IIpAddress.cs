namespace Dataplane.Packets;

/// <summary>
/// An IP address and, through its static members, its family. The packet path is generic over it, so that the JIT makes one
/// copy of the code per family and neither pays for the other.
/// </summary>
public interface IIpAddress<TSelf> : IEquatable<TSelf>
    where TSelf : unmanaged, IIpAddress<TSelf>
{
    /// <summary>Bytes of an address: 4 or 16.</summary>
    static abstract int ByteLength { get; }

    /// <summary>EtherType of the family, host byte order.</summary>
    static abstract ushort EtherType { get; }

    /// <summary>IP protocol number of the family's ICMP: 1 or 58.</summary>
    static abstract byte IcmpProtocol { get; }

    /// <summary>Reads an address from the first <see cref="ByteLength"/> bytes.</summary>
    static abstract TSelf Read(ReadOnlySpan<byte> bytes);

    /// <summary>Writes the address to the first <see cref="ByteLength"/> bytes.</summary>
    void CopyTo(Span<byte> destination);

    /// <summary>The address with all bits after <paramref name="prefixLength"/> cleared.</summary>
    TSelf Mask(int prefixLength);

    /// <summary>Mixes two addresses into 64 well-spread bits; <paramref name="seed"/> keeps attackers from choosing collisions.</summary>
    static abstract ulong Mix(TSelf a, TSelf b, ulong seed);

    /// <summary>Sum of the address's 16-bit words in memory order, not folded: what it adds to an Internet checksum.</summary>
    uint ChecksumWords { get; }
}
