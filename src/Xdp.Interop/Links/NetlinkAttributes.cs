using System.Runtime.InteropServices;
using Xdp.Interop.Links.Native;

namespace Xdp.Interop.Links;

/// <summary>
/// Walks a run of attributes: each 4-byte aligned, its length inside what remains. A length that lies throws <see cref="NetlinkException"/>;
/// fewer than 4 trailing bytes are padding and end the walk.
/// </summary>
internal ref struct NetlinkAttributes(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    public NetlinkAttribute Current { get; private set; }

    public readonly NetlinkAttributes GetEnumerator() => this;

    public bool MoveNext()
    {
        if (_rest.Length < NlAttr.Size) return false;
        var head = MemoryMarshal.Read<NlAttr>(_rest);
        if (head.Length < NlAttr.Size || head.Length > _rest.Length)
            throw NetlinkException.Malformed($"attribute {head.Type} claims {head.Length} of {_rest.Length} bytes");

        Current = new NetlinkAttribute((ushort)(head.Type & Nl.NLA_TYPE_MASK), _rest[NlAttr.Size..head.Length]);
        // The last attribute may lack its padding.
        _rest = _rest[Math.Min((head.Length + 3) & ~3, _rest.Length)..];
        return true;
    }
}
