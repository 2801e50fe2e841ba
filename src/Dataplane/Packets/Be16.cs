using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Dataplane.Packets;

/// <summary>A 16-bit number in network byte order, as it lies in a header; <see cref="Value"/> is host order.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public readonly struct Be16 : IEquatable<Be16>
{
    /// <summary>Bytes in a header.</summary>
    public const int Size = 2;

    /// <summary>The two bytes as they lie in memory: only for copying, comparing and hashing.</summary>
    public readonly ushort Raw;

    private Be16(ushort raw) => Raw = raw;

    /// <summary>The number in host byte order.</summary>
    public ushort Value => BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(Raw) : Raw;

    /// <summary>Makes one from bytes as they lie in memory.</summary>
    public static Be16 FromRaw(ushort raw) => new(raw);

    /// <summary>Makes one from a number in host byte order.</summary>
    public static Be16 FromHost(ushort value) => new(BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(value) : value);

    /// <inheritdoc/>
    public bool Equals(Be16 other) => Raw == other.Raw;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Be16 other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => Raw;

    /// <inheritdoc/>
    public override string ToString() => Value.ToString();

    public static bool operator ==(Be16 left, Be16 right) => left.Raw == right.Raw;

    public static bool operator !=(Be16 left, Be16 right) => left.Raw != right.Raw;
}
