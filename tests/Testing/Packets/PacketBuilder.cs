using System.Buffers.Binary;
using Dataplane.Headers;
using Dataplane.Packets;

namespace Dataplane.Testing.Packets;

/// <summary>
/// Writes frames byte by byte, with none of the product's code for headers and checksums, so that both can be wrong only in
/// different ways. Numbers are host order; what is not said is what an ordinary sender would write. What only IPv6 has is in
/// <see cref="IPv6Packets"/>.
/// </summary>
public sealed class PacketBuilder
{
    private readonly bool _isV6;
    private readonly byte[] _source, _destination;
    private readonly ExtensionHeaders _extensions = new();
    private MacAddress _destinationMac = SampleNode.GatewayMac;
    private MacAddress _sourceMac = SampleNode.MacOf(SampleNode.PodA);
    private ushort? _etherType;
    private byte[]? _arp;
    private byte _version, _timeToLive = 64, _typeOfService, _protocol = 253; // RFC 3692: for experiments
    private uint _identification = 0x1234, _flowLabel;
    private ushort _fragment; // of IPv4
    private byte[] _ipOptions = [];
    private int? _totalLength, _headerWords, _transportLength;
    private byte[] _transport = [];
    private int _checksumOffset = -1;
    private byte[] _payload = [];
    private ChecksumKind _checksum = ChecksumKind.Complete;
    private int _padding;

    private PacketBuilder(byte[] source, byte[] destination)
    {
        (_source, _destination) = (source, destination);
        _isV6 = source.Length == IPv6Address.Size;
        _version = _isV6 ? (byte)6 : (byte)4;
    }

    /// <summary>A packet of either family without payload; a transport header is next.</summary>
    public static PacketBuilder Ip<TAddress>(TAddress source, TAddress destination)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        byte[] from = new byte[TAddress.ByteLength], to = new byte[TAddress.ByteLength];
        source.CopyTo(from);
        destination.CopyTo(to);
        return new(from, to) { _sourceMac = SampleNode.MacOf(source) };
    }

    /// <inheritdoc cref="Ip"/>
    public static PacketBuilder IPv4(IPv4Address source, IPv4Address destination) => Ip(source, destination);

    /// <inheritdoc cref="Ip"/>
    public static PacketBuilder IPv6(IPv6Address source, IPv6Address destination) => Ip(source, destination);

    /// <summary>An ARP message, sent to all.</summary>
    public static PacketBuilder Arp(ushort operation, MacAddress senderMac, IPv4Address sender, IPv4Address target)
    {
        var arp = new byte[ArpHeader.Size];
        BinaryPrimitives.WriteUInt64BigEndian(arp, 0x0001_0800_0604_0000UL | operation);
        senderMac.CopyTo(arp.AsSpan(8));
        sender.CopyTo(arp.AsSpan(14));
        target.CopyTo(arp.AsSpan(24));
        return new([], []) { _arp = arp, _etherType = EtherTypes.Arp, _destinationMac = MacAddress.Broadcast, _sourceMac = senderMac };
    }

    public PacketBuilder Ethernet(MacAddress destination, MacAddress source)
    {
        (_destinationMac, _sourceMac) = (destination, source);
        return this;
    }

    public PacketBuilder EtherType(ushort type) => With(ref _etherType, type);

    /// <summary>TTL or hop limit.</summary>
    public PacketBuilder TimeToLive(byte hops) => With(ref _timeToLive, hops);

    /// <summary>Type of service or traffic class.</summary>
    public PacketBuilder TypeOfService(byte value) => With(ref _typeOfService, value);

    /// <summary>20 bits, of IPv6.</summary>
    public PacketBuilder FlowLabel(uint value) => With(ref _flowLabel, value);

    /// <summary>Of the IPv4 header, or of the fragment header.</summary>
    public PacketBuilder Identification(uint value) => With(ref _identification, value);

    /// <summary>In IPv6 always so, and written nowhere.</summary>
    public PacketBuilder DontFragment() => With(ref _fragment, (ushort)(_fragment | IPv4Header.DontFragment));

    /// <summary>
    /// Makes the packet a fragment: what the builder holds as transport and payload stands at <paramref name="offset"/> bytes. In IPv6 a
    /// fragment header follows the extension headers that are there.
    /// </summary>
    public PacketBuilder Fragment(int offset, bool more)
    {
        if (_isV6) _extensions.AddFragment(offset, more);
        else _fragment |= (ushort)(offset / 8 | (more ? IPv4Header.MoreFragments : 0));
        return this;
    }

    /// <summary>Options that say nothing, a multiple of 4 bytes; in IPv6 they are the receiver's, and a multiple of 8.</summary>
    public PacketBuilder IpOptions(int bytes)
    {
        if (_isV6) return bytes == 0 ? this : this.DestinationOptions((bytes + 7) & ~7);
        _ipOptions = new byte[bytes];
        _ipOptions.AsSpan().Fill(1);
        return this;
    }

    /// <summary>An extension header of IPv6; its first byte is filled in.</summary>
    public PacketBuilder Extension(byte type, byte[] header)
    {
        _extensions.Add(type, header);
        return this;
    }

    /// <summary>Another version nibble.</summary>
    public PacketBuilder IpVersion(byte version) => With(ref _version, version);

    /// <summary>A header length of IPv4 that is not the real one, in words of 4 bytes.</summary>
    public PacketBuilder IpHeaderWords(int words) => With(ref _headerWords, words);

    /// <summary>A length of the whole IP packet that is not the real one.</summary>
    public PacketBuilder TotalLength(int length) => With(ref _totalLength, length);

    public PacketBuilder Tcp(int sourcePort, int destinationPort, int flags = TcpHeader.Ack, uint sequence = 1000, uint acknowledgment = 2000, int options = 0, int window = 0x7210, byte[]? optionBytes = null)
    {
        if (optionBytes is not null) options = (optionBytes.Length + 3) & ~3;
        var tcp = new byte[TcpHeader.Size + options];
        BinaryPrimitives.WriteUInt16BigEndian(tcp, (ushort)sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(tcp.AsSpan(2), (ushort)destinationPort);
        BinaryPrimitives.WriteUInt32BigEndian(tcp.AsSpan(4), sequence);
        BinaryPrimitives.WriteUInt32BigEndian(tcp.AsSpan(8), acknowledgment);
        tcp[12] = (byte)(tcp.Length / 4 << 4);
        tcp[13] = (byte)flags;
        BinaryPrimitives.WriteUInt16BigEndian(tcp.AsSpan(14), (ushort)window);
        tcp.AsSpan(TcpHeader.Size).Fill(1);
        optionBytes?.CopyTo(tcp, TcpHeader.Size);
        return Transport(IpProtocol.Tcp, tcp, TcpHeader.ChecksumOffset);
    }

    /// <summary>A TCP header length that is not the real one, in words of 4 bytes.</summary>
    public PacketBuilder TcpHeaderWords(int words)
    {
        _transport[12] = (byte)(words << 4);
        return this;
    }

    public PacketBuilder Udp(int sourcePort, int destinationPort) => Transport(IpProtocol.Udp, Ports(sourcePort, destinationPort, UdpHeader.Size), UdpHeader.ChecksumOffset);

    /// <summary>A UDP length that is not the real one.</summary>
    public PacketBuilder UdpLength(int length) => With(ref _transportLength, length);

    /// <summary>SCTP with its CRC32c.</summary>
    public PacketBuilder Sctp(int sourcePort, int destinationPort) => Transport(IpProtocol.Sctp, Ports(sourcePort, destinationPort, SctpHeader.Size), -1);

    /// <summary>The family's ICMP: the last four bytes of the header, <paramref name="rest"/>, are identifier and sequence number, or MTU.</summary>
    public PacketBuilder Icmp(byte type, byte code = 0, uint rest = 0)
    {
        var icmp = new byte[IcmpHeader.Size];
        icmp[0] = type;
        icmp[1] = code;
        BinaryPrimitives.WriteUInt32BigEndian(icmp.AsSpan(4), rest);
        return Transport(_isV6 ? IpProtocol.IcmpV6 : IpProtocol.Icmp, icmp, 2);
    }

    public PacketBuilder EchoRequest(int identifier = 7) => Icmp(IcmpNumbers.EchoRequest(_isV6), 0, (uint)identifier << 16 | 1);

    public PacketBuilder EchoReply(int identifier = 7) => Icmp(IcmpNumbers.EchoReply(_isV6), 0, (uint)identifier << 16 | 1);

    /// <summary>An error; the payload is to be what it quotes.</summary>
    public PacketBuilder Error(IcmpError error, int mtu = 0)
    {
        var (type, code) = IcmpNumbers.Of(error, _isV6);
        return Icmp(type, code, (uint)mtu);
    }

    /// <summary>Another IP protocol, without a header known to us.</summary>
    public PacketBuilder Protocol(byte protocol) => Transport(protocol, [], -1);

    public PacketBuilder Payload(ReadOnlySpan<byte> bytes) => With(ref _payload, bytes.ToArray());

    /// <summary>A payload in which every byte differs from its neighbours and every run from the others.</summary>
    public PacketBuilder Payload(int length)
    {
        _payload = new byte[length];
        for (int i = 0; i < length; i++) _payload[i] = (byte)(i * 7 + (i >> 8) * 13 + 1);
        return this;
    }

    /// <summary>What a pod's stack leaves to its device: the field holds the pseudo-header's sum.</summary>
    public PacketBuilder PartialChecksum() => With(ref _checksum, ChecksumKind.Partial);

    /// <summary>A field of zero.</summary>
    public PacketBuilder NoChecksum() => With(ref _checksum, ChecksumKind.None);

    /// <summary>A checksum that is not right.</summary>
    public PacketBuilder WrongChecksum() => With(ref _checksum, ChecksumKind.Wrong);

    /// <summary>Zeros after the IP packet, as short frames have them on a wire.</summary>
    public PacketBuilder Padding(int bytes) => With(ref _padding, bytes);

    /// <summary>The IP packet without its Ethernet header, as ICMP errors quote it.</summary>
    public byte[] BuildIp() => Build()[EthernetHeader.Size..];

    /// <summary>The frame in a VXLAN tunnel, as the remote node sends it to this one.</summary>
    public PacketBuilder InVxlan(uint vni = SampleNode.Vni, IPv4Address? from = null, IPv4Address? to = null, byte flags = VxlanHeader.VniFlag)
    {
        var inner = Ethernet(SampleNode.VtepMac, SampleNode.RemoteVtepMac).Build();
        var payload = new byte[VxlanHeader.Size + inner.Length];
        payload[0] = flags;
        BinaryPrimitives.WriteUInt32BigEndian(payload.AsSpan(4), vni << 8);
        inner.CopyTo(payload, VxlanHeader.Size);
        return IPv4(from ?? SampleNode.RemoteNode, to ?? SampleNode.NodeAddress)
            .Ethernet(SampleNode.UplinkMac, SampleNode.NextHopMac).Udp(51_000, SampleNode.VxlanPort).NoChecksum().Payload(payload);
    }

    /// <summary>The frame.</summary>
    public byte[] Build()
    {
        if (_arp is not null) return [.. Link(), .. _arp, .. new byte[_padding]];
        byte[] transport = [.. _transport, .. _payload];
        if (_protocol == IpProtocol.Udp && _transport.Length >= UdpHeader.Size)
            BinaryPrimitives.WriteUInt16BigEndian(transport.AsSpan(4), (ushort)(_transportLength ?? transport.Length));
        if (_protocol == IpProtocol.Sctp && _transport.Length >= SctpHeader.Size) BinaryPrimitives.WriteUInt32LittleEndian(transport.AsSpan(8), PlainChecksum.Crc32c(transport));
        if (_checksumOffset >= 0) BinaryPrimitives.WriteUInt16BigEndian(transport.AsSpan(_checksumOffset), ChecksumOf(transport));
        return [.. Link(), .. _isV6 ? HeaderV6(transport.Length) : HeaderV4(transport.Length), .. transport, .. new byte[_padding]];
    }

    private byte[] HeaderV4(int transportLength)
    {
        var ip = new byte[20 + _ipOptions.Length];
        ip[0] = (byte)(_version << 4 | (_headerWords ?? ip.Length / 4));
        ip[1] = _typeOfService;
        BinaryPrimitives.WriteUInt16BigEndian(ip.AsSpan(2), (ushort)(_totalLength ?? ip.Length + transportLength));
        BinaryPrimitives.WriteUInt16BigEndian(ip.AsSpan(4), (ushort)_identification);
        BinaryPrimitives.WriteUInt16BigEndian(ip.AsSpan(6), _fragment);
        (ip[8], ip[9]) = (_timeToLive, _protocol);
        _source.CopyTo(ip, 12);
        _destination.CopyTo(ip, 16);
        _ipOptions.CopyTo(ip, 20);
        BinaryPrimitives.WriteUInt16BigEndian(ip.AsSpan(10), PlainChecksum.Of(ip));
        return ip;
    }

    private byte[] HeaderV6(int transportLength)
    {
        var ip = new byte[40];
        BinaryPrimitives.WriteUInt32BigEndian(ip, (uint)_version << 28 | (uint)_typeOfService << 20 | _flowLabel);
        BinaryPrimitives.WriteUInt16BigEndian(ip.AsSpan(4), (ushort)(_totalLength - 40 ?? _extensions.Length + transportLength));
        (ip[6], ip[7]) = (_extensions.First(_protocol), _timeToLive);
        _source.CopyTo(ip, 8);
        _destination.CopyTo(ip, 24);
        return [.. ip, .. _extensions.Build(_protocol, _identification)];
    }

    private ushort ChecksumOf(ReadOnlySpan<byte> transport)
    {
        ushort pseudo = _protocol == IpProtocol.Icmp ? (ushort)0 : PlainChecksum.PseudoHeader([.. _source, .. _destination], _protocol, transport.Length);
        ushort complete = (ushort)~PlainChecksum.Add(pseudo, transport);
        if (_protocol == IpProtocol.Udp && complete == 0) complete = 0xffff; // RFC 768
        return _checksum switch
        {
            ChecksumKind.Partial => pseudo,
            ChecksumKind.None => 0,
            ChecksumKind.Wrong => (ushort)(complete ^ 0x0101),
            _ => complete,
        };
    }

    private static byte[] Ports(int source, int destination, int headerLength)
    {
        var header = new byte[headerLength];
        BinaryPrimitives.WriteUInt16BigEndian(header, (ushort)source);
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(2), (ushort)destination);
        return header;
    }

    private PacketBuilder Transport(byte protocol, byte[] header, int checksumOffset)
    {
        (_protocol, _transport, _checksumOffset) = (protocol, header, checksumOffset);
        return this;
    }

    private PacketBuilder With<T>(ref T field, T value)
    {
        field = value;
        return this;
    }

    private byte[] Link()
    {
        var link = new byte[EthernetHeader.Size];
        _destinationMac.CopyTo(link);
        _sourceMac.CopyTo(link.AsSpan(6));
        BinaryPrimitives.WriteUInt16BigEndian(link.AsSpan(12), _etherType ?? (_isV6 ? EtherTypes.IPv6 : EtherTypes.IPv4));
        return link;
    }
}
