using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Dataplane.Packets;

/// <summary>An Ethernet address: six bytes in the order in which they stand on the wire.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 2)]
public readonly struct MacAddress : IEquatable<MacAddress>
{
    /// <summary>Bytes in a header.</summary>
    public const int Size = 6;

    private readonly ushort _a;
    private readonly ushort _b;
    private readonly ushort _c;

    /// <summary>Reads the first six bytes of <paramref name="bytes"/>.</summary>
    public MacAddress(ReadOnlySpan<byte> bytes)
    {
        _a = BinaryPrimitives.ReadUInt16LittleEndian(bytes);
        _b = BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]);
        _c = BinaryPrimitives.ReadUInt16LittleEndian(bytes[4..]);
    }

    /// <summary>ff:ff:ff:ff:ff:ff.</summary>
    public static MacAddress Broadcast { get; } = new([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);

    /// <summary>All bytes zero: no address.</summary>
    public bool IsZero => (_a | _b | _c) == 0;

    /// <summary>True for broadcast and multicast addresses.</summary>
    public bool IsGroup => (_a & 1) != 0;

    /// <summary>Writes the address to the first six bytes of <paramref name="destination"/>.</summary>
    public void CopyTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(destination, _a | (uint)_b << 16);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[4..], _c);
    }

    /// <summary>Parses "0e:64:0a:00:00:01"; false when the text is not six hexadecimal bytes.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out MacAddress address)
    {
        address = default;
        if (text.Length != 17) return false;
        Span<byte> bytes = stackalloc byte[Size];
        for (int i = 0; i < Size; i++)
        {
            if (i < 5 && text[i * 3 + 2] != ':') return false;
            if (!byte.TryParse(text.Slice(i * 3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out bytes[i])) return false;
        }
        address = new MacAddress(bytes);
        return true;
    }

    /// <inheritdoc/>
    public bool Equals(MacAddress other) => _a == other._a && _b == other._b && _c == other._c;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is MacAddress other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_a, _b, _c);

    /// <inheritdoc/>
    public override string ToString()
    {
        Span<byte> b = stackalloc byte[Size];
        CopyTo(b);
        return $"{b[0]:x2}:{b[1]:x2}:{b[2]:x2}:{b[3]:x2}:{b[4]:x2}:{b[5]:x2}";
    }

    public static bool operator ==(MacAddress left, MacAddress right) => left.Equals(right);

    public static bool operator !=(MacAddress left, MacAddress right) => !left.Equals(right);
}
