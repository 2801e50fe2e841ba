using System.Buffers.Binary;
using System.Net;
using Dataplane.Headers;
using Dataplane.Packets;

namespace Xdp.Interop.Tests;

/// <summary>
/// Ethernet, IPv6, extension headers in the order of the calls, and 8 bytes or more above them. Nothing is checked or summed: the uplink's program reads
/// headers only.
/// </summary>
internal sealed class Frame6(IPAddress source, IPAddress destination)
{
    public const int Ethernet = 14, Ip = 40;

    /// <summary>To whom frames are.</summary>
    public static readonly MacAddress Mac = new([2, 0, 0, 0, 0, 1]);

    private readonly List<(byte Type, byte[] Header)> _extensions = [];
    private byte _version = 6, _protocol = 59; // no next header
    private byte[] _upper = [];

    public Frame6 Version(byte version)
    {
        _version = version;
        return this;
    }

    /// <summary>An options header of some bytes, a multiple of 8: hop-by-hop, or for the destination.</summary>
    public Frame6 Options(byte type, int bytes = 8) => Extension(type, new byte[bytes], bytes / 8 - 1);

    /// <summary>An authentication header, whose length counts words of 4 bytes.</summary>
    public Frame6 Authentication() => Extension(IPv6Header.Authentication, new byte[24], 4);

    public Frame6 Fragment(int offset, bool more, uint id)
    {
        var header = new byte[8];
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(2), (ushort)(offset | (more ? 1 : 0)));
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(4), id);
        return Extension(IPv6Header.Fragment, header, 0);
    }

    public Frame6 Tcp(int from, int to, int payload = 0, byte flags = TcpHeader.Ack)
    {
        Upper(IpProtocol.Tcp, from, to, 20 + payload);
        (_upper[12], _upper[13]) = (5 << 4, flags);
        return this;
    }

    public Frame6 Udp(int from, int to, int payload = 0) => Upper(IpProtocol.Udp, from, to, 8 + payload);

    public Frame6 Sctp(int from, int to) => Upper(IpProtocol.Sctp, from, to, 12);

    /// <summary>What is above the headers, whatever it is.</summary>
    public Frame6 Payload(byte protocol, byte[] bytes)
    {
        (_protocol, _upper) = (protocol, bytes);
        return this;
    }

    public Frame6 Icmp(byte type, ushort identifier = 0, byte[]? quote = null)
    {
        (_protocol, _upper) = (IpProtocol.IcmpV6, [type, 0, 0, 0, (byte)(identifier >> 8), (byte)identifier, 0, 1, .. quote ?? []]);
        return this;
    }

    /// <summary>The packet as errors quote it.</summary>
    public byte[] BuildIp() => Build()[Ethernet..];

    public byte[] Build()
    {
        byte[] above = [.. _extensions.SelectMany(extension => extension.Header), .. _upper];
        int at = 0;
        for (int i = 0; i < _extensions.Count; at += _extensions[i++].Header.Length) above[at] = i + 1 < _extensions.Count ? _extensions[i + 1].Type : _protocol;
        var ip = new byte[Ip];
        ip[0] = (byte)(_version << 4);
        BinaryPrimitives.WriteUInt16BigEndian(ip.AsSpan(4), (ushort)above.Length);
        ip[6] = _extensions.Count > 0 ? _extensions[0].Type : _protocol;
        ip[7] = 64;
        source.TryWriteBytes(ip.AsSpan(8), out _);
        destination.TryWriteBytes(ip.AsSpan(24), out _);
        return [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9, 0x86, 0xdd, .. ip, .. above];
    }

    private Frame6 Extension(byte type, byte[] header, int length)
    {
        if (type != IPv6Header.Fragment) header[1] = (byte)length;
        _extensions.Add((type, header));
        return this;
    }

    private Frame6 Upper(byte protocol, int from, int to, int length)
    {
        (_protocol, _upper) = (protocol, new byte[length]);
        BinaryPrimitives.WriteUInt16BigEndian(_upper, (ushort)from);
        BinaryPrimitives.WriteUInt16BigEndian(_upper.AsSpan(2), (ushort)to);
        return this;
    }
}
