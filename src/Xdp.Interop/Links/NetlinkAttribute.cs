using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;
using System.Text;

namespace Xdp.Interop.Links;

/// <summary>One attribute of a netlink message. Getters throw <see cref="NetlinkException"/> when the payload is too short for the type.</summary>
internal readonly ref struct NetlinkAttribute(ushort type, ReadOnlySpan<byte> payload)
{
    /// <summary>The type without the nested and byte-order flags.</summary>
    internal ushort Type { get; } = type;

    internal ReadOnlySpan<byte> Payload { get; } = payload;

    internal byte UInt8 => Require(1)[0];

    internal ushort UInt16 => MemoryMarshal.Read<ushort>(Require(2));

    internal uint UInt32 => MemoryMarshal.Read<uint>(Require(4));

    internal int Int32 => MemoryMarshal.Read<int>(Require(4));

    internal uint BigEndianUInt32 => BinaryPrimitives.ReadUInt32BigEndian(Require(4));

    /// <summary>Text up to the first zero byte.</summary>
    internal string Text
    {
        get
        {
            var end = Payload.IndexOf((byte)0);
            return Encoding.UTF8.GetString(end < 0 ? Payload : Payload[..end]);
        }
    }

    internal IPAddress Address => Payload.Length is 4 or 16
        ? new IPAddress(Payload)
        : throw NetlinkException.Malformed($"attribute {Type}: an address of {Payload.Length} bytes");

    /// <summary>The nested attributes.</summary>
    internal NetlinkAttributes Nested => new(Payload);

    private ReadOnlySpan<byte> Require(int length) => Payload.Length >= length
        ? Payload
        : throw NetlinkException.Malformed($"attribute {Type}: {Payload.Length} bytes where {length} are needed");
}
