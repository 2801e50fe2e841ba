using System.Buffers.Binary;

namespace Dataplane.Testing.Packets;

/// <summary>Extension headers of an IPv6 packet that is being built, in their order (RFC 8200, section 4). Of each the first byte is filled in.</summary>
internal sealed class ExtensionHeaders
{
    private const byte FragmentType = 44;
    private readonly List<(byte Type, byte[] Bytes)> _headers = [];

    /// <summary>Bytes of all of them.</summary>
    public int Length => _headers.Sum(h => h.Bytes.Length);

    public void Add(byte type, byte[] bytes) => _headers.Add((type, bytes));

    /// <summary>A fragment header; its identification is filled in when it is written.</summary>
    public void AddFragment(int offset, bool more) => Add(FragmentType, [0, 0, (byte)(offset >> 8), (byte)(offset & 0xf8 | (more ? 1 : 0)), 0, 0, 0, 0]);

    /// <summary>What the IP header names as next, when <paramref name="protocol"/> follows these.</summary>
    public byte First(byte protocol) => _headers.Count == 0 ? protocol : _headers[0].Type;

    /// <summary>The chain as it stands behind the IP header.</summary>
    public byte[] Build(byte protocol, uint identification)
    {
        var chain = new List<byte>();
        for (int i = 0; i < _headers.Count; i++)
        {
            var (type, header) = _headers[i];
            byte[] bytes = [.. header];
            bytes[0] = i + 1 < _headers.Count ? _headers[i + 1].Type : protocol;
            if (type == FragmentType) BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(4), identification);
            chain.AddRange(bytes);
        }
        return [.. chain];
    }
}
