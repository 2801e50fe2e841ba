using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace Dataplane.Kubernetes;

/// <summary>An IPv4 or IPv6 address as a number, so that prefixes are arithmetic; one type carries both families.</summary>
/// <param name="Value">The address in host order; an IPv4 address is its low 32 bits.</param>
/// <param name="IsIPv6">The family; part of equality, so 0.0.0.1 and ::1 differ.</param>
public readonly record struct IpAddress(UInt128 Value, bool IsIPv6) : IComparable<IpAddress>
{
    /// <summary>Bits of the address: 32 or 128.</summary>
    public int Width => IsIPv6 ? 128 : 32;

    /// <summary>The prefix that holds this address only.</summary>
    public IpPrefix AsPrefix => new(Value, (byte)Width, IsIPv6);

    /// <summary>
    /// Why the address can be neither a frontend nor an endpoint, in the words of a message: "a loopback address"; null for
    /// an ordinary address.
    /// </summary>
    public string? Special => this switch
    {
        { Value: var value } when value == UInt128.Zero => "the unspecified address",
        { IsIPv6: false, Value: var value } => (uint)(value >> 24) switch
        {
            127 => "a loopback address",
            >= 224 and < 240 => "a multicast address",
            169 when (uint)(value >> 16) == 0xa9fe => "a link-local address",
            255 when (uint)value == uint.MaxValue => "the broadcast address",
            _ => null,
        },
        { Value: var value } when value == UInt128.One => "a loopback address",
        { Value: var value } when value >> 120 == 0xff => "a multicast address",
        { Value: var value } when value >> 118 == 0x3fa => "a link-local address",
        _ => null,
    };

    /// <summary>
    /// Parses what the API server takes: four decimal parts without leading zeros, or IPv6 text without a zone.
    /// IPAddress.Parse alone would read "10.1" and octal "010.0.0.1", which other components understand otherwise.
    /// </summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out IpAddress address)
    {
        address = default;
        if (text is null)
            return false;
        if (!text.Contains(':'))
            return TryParseIPv4(text, out address);
        if (text.Contains('%') || text.Contains('[') || text.Contains('/')
            || !IPAddress.TryParse(text, out var parsed)
            || parsed.AddressFamily != AddressFamily.InterNetworkV6 || parsed.IsIPv4MappedToIPv6)
            return false;
        Span<byte> bytes = stackalloc byte[16];
        parsed.TryWriteBytes(bytes, out _);
        address = new IpAddress(BinaryPrimitives.ReadUInt128BigEndian(bytes), true);
        return true;
    }

    private static bool TryParseIPv4(string text, out IpAddress address)
    {
        address = default;
        uint value = 0, part = 0;
        int digits = 0, parts = 0;
        foreach (var c in text)
        {
            if (c == '.')
            {
                if (digits == 0 || ++parts > 3)
                    return false;
                value = (value << 8) | part;
                part = 0;
                digits = 0;
            }
            else
            {
                if (!char.IsAsciiDigit(c) || (digits == 1 && part == 0))
                    return false;
                part = part * 10 + (uint)(c - '0');
                if (++digits > 3 || part > 255)
                    return false;
            }
        }
        if (parts != 3 || digits == 0)
            return false;
        address = new IpAddress((value << 8) | part, false);
        return true;
    }

    /// <inheritdoc/>
    public int CompareTo(IpAddress other) =>
        IsIPv6 != other.IsIPv6 ? IsIPv6.CompareTo(other.IsIPv6) : Value.CompareTo(other.Value);

    /// <summary>The canonical text: dotted quad, or RFC 5952 for IPv6.</summary>
    public override string ToString()
    {
        if (!IsIPv6)
        {
            var v = (uint)Value;
            return $"{v >> 24}.{(v >> 16) & 255}.{(v >> 8) & 255}.{v & 255}";
        }
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, Value);
        return new IPAddress(bytes).ToString();
    }

    /// <summary>Orders IPv4 before IPv6, then by value.</summary>
    public static bool operator <(IpAddress left, IpAddress right) => left.CompareTo(right) < 0;

    /// <summary>Orders IPv4 before IPv6, then by value.</summary>
    public static bool operator >(IpAddress left, IpAddress right) => left.CompareTo(right) > 0;

    /// <summary>Orders IPv4 before IPv6, then by value.</summary>
    public static bool operator <=(IpAddress left, IpAddress right) => left.CompareTo(right) <= 0;

    /// <summary>Orders IPv4 before IPv6, then by value.</summary>
    public static bool operator >=(IpAddress left, IpAddress right) => left.CompareTo(right) >= 0;
}
