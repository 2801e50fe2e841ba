using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;
using Dataplane.Headers;

namespace Dataplane.Packets;

/// <summary>An IPv6 address: sixteen bytes in network order.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
public readonly struct IPv6Address : IIpAddress<IPv6Address>
{
    /// <summary>Bytes in a header.</summary>
    public const int Size = 16;

    private readonly ulong _high; // the bytes as they lie in memory
    private readonly ulong _low;

    private IPv6Address(ulong high, ulong low)
    {
        _high = high;
        _low = low;
    }

    /// <inheritdoc/>
    public static int ByteLength => Size;

    /// <inheritdoc/>
    public static ushort EtherType => EtherTypes.IPv6;

    /// <inheritdoc/>
    public static byte IcmpProtocol => IpProtocol.IcmpV6;

    /// <inheritdoc/>
    public static bool IcmpCoversAddresses => true;

    /// <inheritdoc/>
    public static int HeaderLength => IPv6Header.Size;

    /// <inheritdoc/>
    public static int LeastMtu => 1280; // RFC 8200, section 5

    /// <inheritdoc/>
    public static bool FragmentsNameProtocol => false;

    /// <inheritdoc/>
    public static int LargestIcmpError => 1280; // RFC 4443, section 2.4 (c)

    /// <summary>The first and the last eight bytes as numbers in host byte order.</summary>
    public (ulong High, ulong Low) Value => (FromBig(_high), FromBig(_low));

    /// <summary>::.</summary>
    public bool IsZero => (_high | _low) == 0;

    /// <summary>ff00::/8.</summary>
    public bool IsGroup => FromBig(_high) >> 56 == 0xff;

    /// <summary>fe80::/10: means something on one link only.</summary>
    public bool IsLinkLocal => FromBig(_high) >> 54 == 0x3fa;

    /// <summary>
    /// ::, ::1, and addresses that wrap an IPv4 address (::ffff:0:0/96), which stacks take for that (RFC 4942, section 2.2); and link-local
    /// ones: beyond the link they are nobody's.
    /// </summary>
    public bool IsLoopback => IsLinkLocal || _high == 0 && (FromBig(_low) <= 1 || FromBig(_low) >> 32 == 0xffff);

    /// <inheritdoc/>
    public uint ChecksumWords => Words(_high) + Words(_low);

    /// <inheritdoc/>
    public static bool IsOfLink(byte icmpType) => icmpType is >= Icmpv6.ListenerQuery and <= Icmpv6.Redirect or Icmpv6.ListenerReportV2;

    /// <inheritdoc/>
    public static int IcmpErrorLength => IPv6Header.Size + IcmpHeader.Size;

    /// <inheritdoc/>
    public static bool IsEcho(byte icmpType) => icmpType is Icmpv6.EchoRequest or Icmpv6.EchoReply;

    /// <inheritdoc/>
    public static bool IsIcmpError(byte icmpType) => icmpType < 128; // RFC 4443, section 2.1: also those that are not known yet

    /// <summary>Makes one from two numbers in host byte order.</summary>
    public static IPv6Address FromHost(ulong high, ulong low) => new(FromBig(high), FromBig(low));

    /// <inheritdoc/>
    public static IPv6Address Read(ReadOnlySpan<byte> bytes) => new(MemoryMarshal.Read<ulong>(bytes), MemoryMarshal.Read<ulong>(bytes[8..]));

    /// <inheritdoc/>
    public void CopyTo(Span<byte> destination)
    {
        MemoryMarshal.Write(destination, in _high);
        MemoryMarshal.Write(destination[8..], in _low);
    }

    /// <inheritdoc/>
    public IPv6Address Widen() => this;

    /// <summary>The IPv4 address that <see cref="Widen"/> has made this of; false when it is a true IPv6 address.</summary>
    public bool TryNarrow(out IPv4Address address)
    {
        address = IPv4Address.FromHost((uint)Value.Low);
        return _high == 0 && Value.Low >> 32 == 0xffff;
    }

    /// <inheritdoc/>
    public IPv6Address Mask(int prefixLength)
    {
        var (high, low) = Value;
        ulong highMask = prefixLength == 0 ? 0 : ulong.MaxValue << Math.Max(0, 64 - prefixLength);
        ulong lowMask = prefixLength <= 64 ? 0 : ulong.MaxValue << (128 - prefixLength);
        return FromHost(high & highMask, low & lowMask);
    }

    /// <inheritdoc/>
    public static ulong Mix(IPv6Address a, IPv6Address b, ulong seed)
    {
        // Multiply and fold, each half with a secret: who does not know the seed cannot prepare addresses that collide.
        ulong high = Math.BigMul(a._high ^ seed, a._low ^ seed * 0x9e3779b97f4a7c15, out ulong low);
        ulong mixed = high ^ low;
        high = Math.BigMul(b._high ^ mixed, b._low ^ seed * 0xd6e8feb86659fd93, out low);
        return high ^ low ^ mixed;
    }

    /// <inheritdoc/>
    public static bool TryParseHeader(ReadOnlySpan<byte> bytes, out IpFields<IPv6Address> fields) => IPv6HeaderCodec.TryParse(bytes, out fields);

    /// <inheritdoc/>
    public static void RewriteAddresses(Span<byte> header, IPv6Address source, IPv6Address destination, ushort addressDelta) =>
        IPv6HeaderCodec.RewriteAddresses(header, source, destination);

    /// <inheritdoc/>
    public static void DecrementHopLimit(Span<byte> header) => IPv6HeaderCodec.DecrementHopLimit(header);

    /// <inheritdoc/>
    public static int ReadEcn(ReadOnlySpan<byte> header) => header[1] >> 4 & 3;

    /// <inheritdoc/>
    public static void MarkCongestion(Span<byte> header) => header[1] |= 3 << 4;

    /// <inheritdoc/>
    public static void WriteHeader(Span<byte> destination, int transportLength, byte hopLimit, byte protocol, IPv6Address source, IPv6Address target, ushort identification) =>
        IPv6HeaderCodec.Write(destination, transportLength, hopLimit, protocol, source, target);

    /// <inheritdoc/>
    public static void WriteIcmpError(Span<byte> message, IcmpError error, IPv6Address source, IPv6Address destination, int mtu, ushort identification) =>
        IPv6HeaderCodec.WriteIcmpError(message, error, source, destination, mtu);

    /// <inheritdoc/>
    public static void WriteIcmpChecksum(Span<byte> icmp, IPv6Address source, IPv6Address destination) => IPv6HeaderCodec.WriteIcmpChecksum(icmp, source, destination);

    /// <inheritdoc/>
    public static bool TryReadReportedMtu(ReadOnlySpan<byte> icmp, out ushort mtu)
    {
        mtu = (ushort)Math.Min(BinaryPrimitives.ReadUInt32BigEndian(icmp[4..]), ushort.MaxValue);
        return icmp[0] == Icmpv6.PacketTooBig;
    }

    /// <inheritdoc/>
    public static void FinishSegment(Span<byte> header, int totalLength, int index) => IPv6HeaderCodec.FinishSegment(header, totalLength);

    /// <summary>Never called: only senders fragment (RFC 8200, section 5).</summary>
    public static void FinishFragment(Span<byte> header, int totalLength, int offset, bool last)
    {
    }

    /// <inheritdoc/>
    public static bool SameForAllSegments(ReadOnlySpan<byte> first, ReadOnlySpan<byte> next) => IPv6HeaderCodec.SameForAllSegments(first, next);

    /// <summary>Parses text (RFC 4291, section 2.2) without a zone; false otherwise.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out IPv6Address address)
    {
        address = default;
        if (text.ContainsAny('%', '[', '/') || !IPAddress.TryParse(text, out var parsed)) return false;
        Span<byte> bytes = stackalloc byte[Size];
        if (!parsed.TryWriteBytes(bytes, out int written) || written != Size) return false;
        address = Read(bytes);
        return true;
    }

    /// <summary>Parses text; for constants in code and tests.</summary>
    /// <exception cref="FormatException">The text is not an IPv6 address.</exception>
    public static IPv6Address Parse(string text) => TryParse(text, out var a) ? a : throw new FormatException($"'{text}' is not an IPv6 address");

    /// <inheritdoc/>
    public bool Equals(IPv6Address other) => _high == other._high && _low == other._low;

    /// <summary>The order of addresses as numbers.</summary>
    public int CompareTo(IPv6Address other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is IPv6Address other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_high, _low);

    /// <summary>Text by RFC 5952; a mapped IPv4 address as IPv4 has it.</summary>
    public override string ToString()
    {
        if (TryNarrow(out var mapped)) return mapped.ToString();
        Span<byte> bytes = stackalloc byte[Size];
        CopyTo(bytes);
        return new IPAddress(bytes).ToString();
    }

    public static bool operator <(IPv6Address left, IPv6Address right) => left.CompareTo(right) < 0;

    public static bool operator >(IPv6Address left, IPv6Address right) => left.CompareTo(right) > 0;

    public static bool operator <=(IPv6Address left, IPv6Address right) => left.CompareTo(right) <= 0;

    public static bool operator >=(IPv6Address left, IPv6Address right) => left.CompareTo(right) >= 0;

    public static bool operator ==(IPv6Address left, IPv6Address right) => left.Equals(right);

    public static bool operator !=(IPv6Address left, IPv6Address right) => !left.Equals(right);

    private static ulong FromBig(ulong value) => BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(value) : value;

    private static uint Words(ulong raw) => (uint)(raw & 0xffff) + (uint)(raw >> 16 & 0xffff) + (uint)(raw >> 32 & 0xffff) + (uint)(raw >> 48);
}
