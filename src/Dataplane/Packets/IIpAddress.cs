namespace Dataplane.Packets;

/// <summary>
/// An IP address and, through its static members, its family. The packet path is generic over it, so that the JIT makes one
/// copy of the code per family and neither pays for the other.
/// </summary>
public interface IIpAddress<TSelf> : IEquatable<TSelf>, IComparable<TSelf>
    where TSelf : unmanaged, IIpAddress<TSelf>
{
    /// <summary>Bytes of an address: 4 or 16.</summary>
    static abstract int ByteLength { get; }

    /// <summary>EtherType of the family, host byte order.</summary>
    static abstract ushort EtherType { get; }

    /// <summary>IP protocol number of the family's ICMP: 1 or 58.</summary>
    static abstract byte IcmpProtocol { get; }

    /// <summary>True when the ICMP checksum is over a pseudo-header too: not in IPv4 (RFC 792), but in IPv6 (RFC 4443, section 2.3).</summary>
    static abstract bool IcmpCoversAddresses { get; }

    /// <summary>Smallest MTU, bytes, that a report about a path is believed to be.</summary>
    static abstract int LeastMtu { get; }

    /// <summary>
    /// True when every fragment names the protocol of its packet (RFC 791). In IPv6 only that in the first counts, and the others need not
    /// be the same (RFC 8200, section 4.5).
    /// </summary>
    static abstract bool FragmentsNameProtocol { get; }

    /// <summary>Bytes of the longest ICMP error, IP header included.</summary>
    static abstract int LargestIcmpError { get; }

    /// <summary>True for the ICMP types that quote the packet they are about.</summary>
    static abstract bool IsIcmpError(byte icmpType);

    /// <summary>The two bits of explicit congestion notification in a header (RFC 3168).</summary>
    static abstract int ReadEcn(ReadOnlySpan<byte> header);

    /// <summary>Sets both bits of explicit congestion notification, and what depends on them.</summary>
    static abstract void MarkCongestion(Span<byte> header);

    /// <summary>Computes the checksum of an ICMP message between two addresses anew and writes it.</summary>
    static abstract void WriteIcmpChecksum(Span<byte> icmp, TSelf source, TSelf destination);

    /// <summary>True for the ICMP types that concern one link only: neighbour and listener discovery, which IPv4 does by other means.</summary>
    static abstract bool IsOfLink(byte icmpType);

    /// <summary>True for the ICMP types of echo request and reply, whose identifier takes the place of ports.</summary>
    static abstract bool IsEcho(byte icmpType);

    /// <summary>True for addresses of groups: multicast, and in IPv4 broadcast.</summary>
    bool IsGroup { get; }

    /// <summary>An address that means a host itself, and has no business outside of it: 127.0.0.0/8, 0.0.0.0/8, ::1, ::.</summary>
    bool IsLoopback { get; }

    /// <summary>Parses text; false for anything else, the other family's addresses included.</summary>
    static abstract bool TryParse(ReadOnlySpan<char> text, out TSelf address);

    /// <summary>Reads an address from the first <see cref="ByteLength"/> bytes.</summary>
    static abstract TSelf Read(ReadOnlySpan<byte> bytes);

    /// <summary>Writes the address to the first <see cref="ByteLength"/> bytes.</summary>
    void CopyTo(Span<byte> destination);

    /// <summary>The address as IPv6 has it: an IPv4 address mapped (RFC 4291, section 2.5.5.2), but for 0.0.0.0, which becomes ::.</summary>
    IPv6Address Widen();

    /// <summary>The address with all bits after <paramref name="prefixLength"/> cleared.</summary>
    TSelf Mask(int prefixLength);

    /// <summary>Mixes two addresses into 64 well-spread bits; <paramref name="seed"/> keeps attackers from choosing collisions.</summary>
    static abstract ulong Mix(TSelf a, TSelf b, ulong seed);

    /// <summary>Sum of the address's 16-bit words in memory order, not folded: what it adds to an Internet checksum.</summary>
    uint ChecksumWords { get; }

    /// <summary>
    /// Reads the family's header at the start of <paramref name="bytes"/>; false when it is cut short or contradicts itself.
    /// Whether the packet is as long as it says is for the caller to check.
    /// </summary>
    static abstract bool TryParseHeader(ReadOnlySpan<byte> bytes, out IpFields<TSelf> fields);

    /// <summary>
    /// Writes both addresses and brings the header's own checksum up to date, where the family has one.
    /// <paramref name="addressDelta"/> is <see cref="Checksum.Delta"/> of the change.
    /// </summary>
    static abstract void RewriteAddresses(Span<byte> header, TSelf source, TSelf destination, ushort addressDelta);

    /// <summary>Takes one from the TTL or hop limit, which must not be zero.</summary>
    static abstract void DecrementHopLimit(Span<byte> header);

    /// <summary>Bytes of a header without options: 20 or 40.</summary>
    static abstract int HeaderLength { get; }

    /// <summary>Writes a header without options before <paramref name="transportLength"/> bytes.</summary>
    static abstract void WriteHeader(Span<byte> destination, int transportLength, byte hopLimit, byte protocol, TSelf source, TSelf target, ushort identification);

    /// <summary>Bytes that <see cref="WriteIcmpError"/> puts before the quoted packet.</summary>
    static abstract int IcmpErrorLength { get; }

    /// <summary>
    /// Writes an IP and an ICMP header for an error about the packet that is quoted after them.
    /// <paramref name="message"/> starts <see cref="IcmpErrorLength"/> bytes before the quote and ends with it.
    /// </summary>
    static abstract void WriteIcmpError(Span<byte> message, IcmpError error, TSelf source, TSelf destination, int mtu, ushort identification);

    /// <summary>Reads the MTU, bytes, that an ICMP error reports for the packet it quotes; false for other errors.</summary>
    static abstract bool TryReadReportedMtu(ReadOnlySpan<byte> icmp, out ushort mtu);

    /// <summary>
    /// Makes a copy of a header right for segment <paramref name="index"/> of its packet: length, identification, own checksum.
    /// </summary>
    static abstract void FinishSegment(Span<byte> header, int totalLength, int index);

    /// <summary>
    /// Makes a copy of a header right for the fragment of its packet that begins <paramref name="offset"/> bytes behind the header. Only of
    /// packets without <see cref="PacketFlags.DontFragment"/>.
    /// </summary>
    static abstract void FinishFragment(Span<byte> header, int totalLength, int offset, bool last);

    /// <summary>True when two headers differ only in what segments of one packet may differ in: length, identification, checksum.</summary>
    static abstract bool SameForAllSegments(ReadOnlySpan<byte> first, ReadOnlySpan<byte> next);
}
