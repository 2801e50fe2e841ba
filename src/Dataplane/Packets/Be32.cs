using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Dataplane.Packets;

/// <summary>A 32-bit number in network byte order, as it lies in a header; <see cref="Value"/> is host order.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public readonly struct Be32 : IEquatable<Be32>
{
    /// <summary>Bytes in a header.</summary>
    public const int Size = 4;

    /// <summary>The four bytes as they lie in memory: only for copying, comparing and hashing.</summary>
    public readonly uint Raw;

    private Be32(uint raw) => Raw = raw;

    /// <summary>The number in host byte order.</summary>
    public uint Value => BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(Raw) : Raw;

    /// <summary>Makes one from bytes as they lie in memory.</summary>
    public static Be32 FromRaw(uint raw) => new(raw);

    /// <summary>Makes one from a number in host byte order.</summary>
    public static Be32 FromHost(uint value) => new(BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(value) : value);

    /// <inheritdoc/>
    public bool Equals(Be32 other) => Raw == other.Raw;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Be32 other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => (int)Raw;

    /// <inheritdoc/>
    public override string ToString() => Value.ToString();

    public static bool operator ==(Be32 left, Be32 right) => left.Raw == right.Raw;

    public static bool operator !=(Be32 left, Be32 right) => left.Raw != right.Raw;
}
