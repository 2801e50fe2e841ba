using System.Runtime.InteropServices;
using Xdp.Interop.Links.Native;

namespace Xdp.Interop.Links;

/// <summary>Walks the messages of one received datagram. A length that lies throws <see cref="NetlinkException"/>.</summary>
internal ref struct NetlinkMessages(ReadOnlySpan<byte> datagram)
{
    private ReadOnlySpan<byte> _rest = datagram;

    /// <summary>The header of the current message.</summary>
    public NlMsgHdr Header { get; private set; }

    /// <summary>What follows the header, without padding.</summary>
    public ReadOnlySpan<byte> Body { get; private set; }

    public bool MoveNext()
    {
        if (_rest.IsEmpty) return false;
        if (_rest.Length < NlMsgHdr.Size)
            throw NetlinkException.Malformed($"{_rest.Length} bytes where a message header is due");

        Header = MemoryMarshal.Read<NlMsgHdr>(_rest);
        if (Header.Length < NlMsgHdr.Size || Header.Length > (uint)_rest.Length)
            throw NetlinkException.Malformed($"message {Header.Type} claims {Header.Length} of {_rest.Length} bytes");

        Body = _rest[NlMsgHdr.Size..(int)Header.Length];
        _rest = _rest[Math.Min(((int)Header.Length + 3) & ~3, _rest.Length)..];
        return true;
    }

    /// <summary>Reads the fixed head of a message body; throws when the body is shorter.</summary>
    internal static T Head<T>(ReadOnlySpan<byte> body) where T : unmanaged =>
        MemoryMarshal.TryRead(body, out T head)
            ? head
            : throw NetlinkException.Malformed($"{body.Length} bytes where {typeof(T).Name} is due");
}
