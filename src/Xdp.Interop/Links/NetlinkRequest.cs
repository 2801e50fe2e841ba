using System.Net;
using System.Net.NetworkInformation;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Xdp.Interop.Links.Native;

namespace Xdp.Interop.Links;

/// <summary>
/// Writes one netlink message into a buffer that grows: header, fixed head, attributes, nests. Pooled: <see cref="Begin{T}"/> starts afresh.
/// All integers are host byte order, addresses network byte order.
/// </summary>
internal sealed class NetlinkRequest
{
    private byte[] _buffer = new byte[1024];
    private int _length;

    /// <summary>Starts a message; NLM_F_REQUEST is added to <paramref name="flags"/>.</summary>
    internal NetlinkRequest Begin<T>(ushort type, ushort flags, T head) where T : unmanaged
    {
        _length = 0;
        Append(new NlMsgHdr { Type = type, Flags = (ushort)(flags | Nl.NLM_F_REQUEST) });
        Append(head);
        return this;
    }

    /// <summary>Stamps length and sequence, and returns the finished message.</summary>
    internal ReadOnlySpan<byte> Finish(uint sequence)
    {
        ref var header = ref MemoryMarshal.AsRef<NlMsgHdr>(_buffer.AsSpan());
        header.Length = (uint)_length;
        header.Sequence = sequence;
        return _buffer.AsSpan(0, _length);
    }

    internal NetlinkRequest Add(ushort type, ReadOnlySpan<byte> payload)
    {
        var length = NlAttr.Size + payload.Length;
        Append(new NlAttr { Length = checked((ushort)length), Type = type });
        payload.CopyTo(Reserve(payload.Length));
        return this;
    }

    internal NetlinkRequest AddUInt32(ushort type, uint value) => Add(type, MemoryMarshal.AsBytes(new ReadOnlySpan<uint>(in value)));

    internal NetlinkRequest AddInt32(ushort type, int value) => Add(type, MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in value)));

    /// <summary>UTF-8 with its terminating zero.</summary>
    internal NetlinkRequest AddText(ushort type, string text) => Add(type, Encoding.UTF8.GetBytes(text + '\0'));

    internal NetlinkRequest AddAddress(ushort type, IPAddress address) => Add(type, address.GetAddressBytes());

    internal NetlinkRequest AddMac(ushort type, PhysicalAddress mac) => Add(type, mac.GetAddressBytes());

    /// <summary>Opens a nested attribute; hand the result to <see cref="CloseNest"/>. Without NLA_F_NESTED, as iproute2 does for these families.</summary>
    internal int OpenNest(ushort type)
    {
        var start = _length;
        Append(new NlAttr { Type = type });
        return start;
    }

    internal NetlinkRequest CloseNest(int start)
    {
        MemoryMarshal.AsRef<NlAttr>(_buffer.AsSpan(start)).Length = checked((ushort)(_length - start));
        return this;
    }

    /// <summary>Appends a struct as it lies in memory, padded to 4 bytes.</summary>
    internal void Append<T>(T value) where T : unmanaged => MemoryMarshal.Write(Reserve(Unsafe.SizeOf<T>()), in value);

    private Span<byte> Reserve(int length)
    {
        var padded = (length + 3) & ~3;
        if (_length + padded > _buffer.Length) Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + padded));
        var space = _buffer.AsSpan(_length, padded);
        space[length..].Clear();
        _length += padded;
        return space[..length];
    }
}
