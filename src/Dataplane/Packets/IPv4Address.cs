using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using Dataplane.Headers;

namespace Dataplane.Packets;

/// <summary>An IPv4 address: four bytes in network order.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
public readonly struct IPv4Address : IIpAddress<IPv4Address>
{
    /// <summary>Bytes in a header.</summary>
    public const int Size = 4;

    private readonly uint _raw; // the bytes as they lie in memory

    private IPv4Address(uint raw) => _raw = raw;

    /// <summary>The address a.b.c.d.</summary>
    public IPv4Address(byte a, byte b, byte c, byte d) => _raw = FromHost((uint)a << 24 | (uint)b << 16 | (uint)c << 8 | d)._raw;

    /// <inheritdoc/>
    public static int ByteLength => Size;

    /// <inheritdoc/>
    public static ushort EtherType => 0x0800;

    /// <inheritdoc/>
    public static byte IcmpProtocol => 1;

    /// <summary>The number in host byte order: 10.0.0.1 is 0x0a000001.</summary>
    public uint Value => BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(_raw) : _raw;

    /// <summary>0.0.0.0.</summary>
    public bool IsZero => _raw == 0;

    /// <summary>224.0.0.0/4, and what lies above: broadcast, and 240.0.0.0/4, which nobody has.</summary>
    public bool IsGroup => Value >= 0xe0000000;

    /// <inheritdoc/>
    public static bool IcmpCoversAddresses => false;

    /// <inheritdoc/>
    public static int LeastMtu => 552; // net.ipv4.route.min_pmtu

    /// <inheritdoc/>
    public static bool FragmentsNameProtocol => true;

    /// <inheritdoc/>
    public static int LargestIcmpError => 576; // RFC 1812, section 4.3.2.3

    /// <inheritdoc/>
    public static bool IsIcmpError(byte icmpType) =>
        icmpType is IcmpHeader.DestinationUnreachable or IcmpHeader.TimeExceeded or IcmpHeader.ParameterProblem or IcmpHeader.SourceQuench or IcmpHeader.Redirect;

    /// <inheritdoc/>
    public static int ReadEcn(ReadOnlySpan<byte> header) => header[1] & 3;

    /// <inheritdoc/>
    public static void MarkCongestion(Span<byte> header) => IPv4HeaderCodec.MarkCongestion(header);

    /// <inheritdoc/>
    public static void WriteIcmpChecksum(Span<byte> icmp, IPv4Address source, IPv4Address destination) => IPv4HeaderCodec.WriteIcmpChecksum(icmp);

    /// <inheritdoc/>
    public static bool IsOfLink(byte icmpType) => false;

    /// <inheritdoc/>
    public static bool IsEcho(byte icmpType) => icmpType is IcmpHeader.EchoRequest or IcmpHeader.EchoReply;

    /// <inheritdoc/>
    public bool IsLoopback => Value >> 24 is 0 or 127;

    /// <inheritdoc/>
    public uint ChecksumWords => (_raw & 0xffff) + (_raw >> 16);

    /// <summary>Makes one from a number in host byte order.</summary>
    public static IPv4Address FromHost(uint value) => new(BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(value) : value);

    /// <inheritdoc/>
    public static IPv4Address Read(ReadOnlySpan<byte> bytes) => new(MemoryMarshal.Read<uint>(bytes));

    /// <inheritdoc/>
    public void CopyTo(Span<byte> destination) => MemoryMarshal.Write(destination, in _raw);

    /// <inheritdoc/>
    public IPv6Address Widen() => IsZero ? default : IPv6Address.FromHost(0, 0xffff_0000_0000UL | Value);

    /// <inheritdoc/>
    public IPv4Address Mask(int prefixLength) => prefixLength == 0 ? default : FromHost(Value & uint.MaxValue << (32 - prefixLength));

    /// <inheritdoc/>
    public static ulong Mix(IPv4Address a, IPv4Address b, ulong seed) => (a._raw | (ulong)b._raw << 32) ^ seed;

    /// <inheritdoc/>
    public static bool TryParseHeader(ReadOnlySpan<byte> bytes, out IpFields<IPv4Address> fields) => IPv4HeaderCodec.TryParse(bytes, out fields);

    /// <inheritdoc/>
    public static void RewriteAddresses(Span<byte> header, IPv4Address source, IPv4Address destination, ushort addressDelta) =>
        IPv4HeaderCodec.RewriteAddresses(header, source, destination, addressDelta);

    /// <inheritdoc/>
    public static void DecrementHopLimit(Span<byte> header) => IPv4HeaderCodec.DecrementTimeToLive(header);

    /// <inheritdoc/>
    public static int HeaderLength => IPv4Header.Size;

    /// <inheritdoc/>
    public static void WriteHeader(Span<byte> destination, int transportLength, byte hopLimit, byte protocol, IPv4Address source, IPv4Address target, ushort identification) =>
        IPv4HeaderCodec.Write(destination, IPv4Header.Size + transportLength, identification, hopLimit, protocol, source, target);

    /// <inheritdoc/>
    public static int IcmpErrorLength => IPv4Header.Size + IcmpHeader.Size;

    /// <inheritdoc/>
    public static void WriteIcmpError(Span<byte> message, IcmpError error, IPv4Address source, IPv4Address destination, int mtu, ushort identification) =>
        IPv4HeaderCodec.WriteIcmpError(message, error, source, destination, mtu, identification);

    /// <inheritdoc/>
    public static bool TryReadReportedMtu(ReadOnlySpan<byte> icmp, out ushort mtu)
    {
        var header = MemoryMarshal.Read<IcmpHeader>(icmp);
        mtu = header.Sequence.Value; // RFC 1191
        return header is { Type: IcmpHeader.DestinationUnreachable, Code: IcmpHeader.FragmentationNeeded };
    }

    /// <inheritdoc/>
    public static void FinishSegment(Span<byte> header, int totalLength, int index) => IPv4HeaderCodec.FinishSegment(header, totalLength, index);

    /// <inheritdoc/>
    public static void FinishFragment(Span<byte> header, int totalLength, int offset, bool last) => IPv4HeaderCodec.FinishFragment(header, totalLength, offset, last);

    /// <inheritdoc/>
    public static bool SameForAllSegments(ReadOnlySpan<byte> first, ReadOnlySpan<byte> next) => IPv4HeaderCodec.SameForAllSegments(first, next);

    /// <summary>Parses dotted decimal with four parts; false otherwise.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out IPv4Address address)
    {
        address = default;
        uint value = 0;
        for (int part = 0; part < 4; part++)
        {
            int end = part < 3 ? text.IndexOf('.') : text.Length;
            if (end is < 1 or > 3) return false;
            if (!byte.TryParse(text[..end], NumberStyles.None, CultureInfo.InvariantCulture, out byte b)) return false;
            value = value << 8 | b;
            text = part < 3 ? text[(end + 1)..] : text[end..];
        }
        if (!text.IsEmpty) return false;
        address = FromHost(value);
        return true;
    }

    /// <summary>Parses dotted decimal; for constants in code and tests.</summary>
    /// <exception cref="FormatException">The text is not an IPv4 address.</exception>
    public static IPv4Address Parse(string text) => TryParse(text, out var a) ? a : throw new FormatException($"'{text}' is not an IPv4 address");

    /// <inheritdoc/>
    public bool Equals(IPv4Address other) => _raw == other._raw;

    /// <summary>The order of addresses as numbers.</summary>
    public int CompareTo(IPv4Address other) => Value.CompareTo(other.Value);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is IPv4Address other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => (int)_raw;

    /// <inheritdoc/>
    public override string ToString() => $"{Value >> 24}.{Value >> 16 & 0xff}.{Value >> 8 & 0xff}.{Value & 0xff}";

    public static bool operator <(IPv4Address left, IPv4Address right) => left.Value < right.Value;

    public static bool operator >(IPv4Address left, IPv4Address right) => left.Value > right.Value;

    public static bool operator <=(IPv4Address left, IPv4Address right) => left.Value <= right.Value;

    public static bool operator >=(IPv4Address left, IPv4Address right) => left.Value >= right.Value;

    public static bool operator ==(IPv4Address left, IPv4Address right) => left._raw == right._raw;

    public static bool operator !=(IPv4Address left, IPv4Address right) => left._raw != right._raw;
}
