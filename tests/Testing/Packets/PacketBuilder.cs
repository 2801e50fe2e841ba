using System.Buffers.Binary;
using Dataplane.Headers;
using Dataplane.Packets;

namespace Dataplane.Testing.Packets;

/// <summary>
/// Writes frames byte by byte, with none of the product's code for headers and checksums, so that both can be wrong only in
/// different ways. Numbers are host order; what is not said is what an ordinary sender would write.
/// </summary>
public sealed class PacketBuilder
{
    private MacAddress _destinationMac = SampleNode.GatewayMac;
    private MacAddress _sourceMac = SampleNode.MacOf(SampleNode.PodA);
    private ushort? _etherType;
    private byte[]? _arp;
    private IPv4Address _source;
    private IPv4Address _destination;
    private byte _version = 4, _timeToLive = 64, _typeOfService, _protocol = 253; // RFC 3692: for experiments
    private ushort _identification = 0x1234, _fragment;
    private byte[] _ipOptions = [];
    private int? _totalLength, _headerWords, _transportLength;
    private byte[] _transport = [];
    private int _checksumOffset = -1;
    private byte[] _payload = [];
    private ChecksumKind _checksum = ChecksumKind.Complete;
    private int _padding;

    private PacketBuilder()
    {
    }

    /// <summary>An IPv4 packet without payload; a transport header is next.</summary>
    public static PacketBuilder IPv4(IPv4Address source, IPv4Address destination) =>
        new() { _source = source, _destination = destination, _sourceMac = SampleNode.MacOf(source) };

    /// <summary>An ARP message, sent to all.</summary>
    public static PacketBuilder Arp(ushort operation, MacAddress senderMac, IPv4Address sender, IPv4Address target)
    {
        var arp = new byte[ArpHeader.Size];
        BinaryPrimitives.WriteUInt64BigEndian(arp, 0x0001_0800_0604_0000UL | operation);
        senderMac.CopyTo(arp.AsSpan(8));
        sender.CopyTo(arp.AsSpan(14));
        target.CopyTo(arp.AsSpan(24));
        return new() { _arp = arp, _etherType = EtherTypes.Arp, _destinationMac = MacAddress.Broadcast, _sourceMac = senderMac };
    }

    public PacketBuilder Ethernet(MacAddress destination, MacAddress source)
    {
        (_destinationMac, _sourceMac) = (destination, source);
        return this;
    }

    public PacketBuilder EtherType(ushort type)
    {
        _etherType = type;
        return this;
    }

    public PacketBuilder TimeToLive(byte hops)
    {
        _timeToLive = hops;
        return this;
    }

    public PacketBuilder TypeOfService(byte value)
    {
        _typeOfService = value;
        return this;
    }

    public PacketBuilder Identification(ushort value)
    {
        _identification = value;
        return this;
    }

    public PacketBuilder DontFragment()
    {
        _fragment |= IPv4Header.DontFragment;
        return this;
    }

    /// <summary>Makes the packet a fragment: what the builder holds as transport and payload stands at <paramref name="offset"/> bytes.</summary>
    public PacketBuilder Fragment(int offset, bool more)
    {
        _fragment |= (ushort)(offset / 8 | (more ? IPv4Header.MoreFragments : 0));
        return this;
    }

    /// <summary>Options of the IP header, a multiple of 4 bytes: no-operations.</summary>
    public PacketBuilder IpOptions(int bytes)
    {
        _ipOptions = new byte[bytes];
        _ipOptions.AsSpan().Fill(1);
        return this;
    }

    /// <summary>A version nibble other than 4.</summary>
    public PacketBuilder IpVersion(byte version)
    {
        _version = version;
        return this;
    }

    /// <summary>A header length that is not the real one, in words of 4 bytes.</summary>
    public PacketBuilder IpHeaderWords(int words)
    {
        _headerWords = words;
        return this;
    }

    /// <summary>A total length that is not the real one.</summary>
    public PacketBuilder TotalLength(int length)
    {
        _totalLength = length;
        return this;
    }

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

    public PacketBuilder Udp(int sourcePort, int destinationPort)
    {
        var udp = new byte[UdpHeader.Size];
        BinaryPrimitives.WriteUInt16BigEndian(udp, (ushort)sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(udp.AsSpan(2), (ushort)destinationPort);
        return Transport(IpProtocol.Udp, udp, UdpHeader.ChecksumOffset);
    }

    /// <summary>A UDP length that is not the real one.</summary>
    public PacketBuilder UdpLength(int length)
    {
        _transportLength = length;
        return this;
    }

    /// <summary>SCTP with its CRC32c.</summary>
    public PacketBuilder Sctp(int sourcePort, int destinationPort)
    {
        var sctp = new byte[SctpHeader.Size];
        BinaryPrimitives.WriteUInt16BigEndian(sctp, (ushort)sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(sctp.AsSpan(2), (ushort)destinationPort);
        return Transport(IpProtocol.Sctp, sctp, -1);
    }

    /// <summary>ICMP: the last four bytes of the header, <paramref name="rest"/>, are identifier and sequence number, or MTU.</summary>
    public PacketBuilder Icmp(byte type, byte code = 0, uint rest = 0)
    {
        var icmp = new byte[IcmpHeader.Size];
        icmp[0] = type;
        icmp[1] = code;
        BinaryPrimitives.WriteUInt32BigEndian(icmp.AsSpan(4), rest);
        return Transport(IpProtocol.Icmp, icmp, 2);
    }

    /// <summary>Another IP protocol, without a header known to us.</summary>
    public PacketBuilder Protocol(byte protocol) => Transport(protocol, [], -1);

    public PacketBuilder Payload(ReadOnlySpan<byte> bytes)
    {
        _payload = bytes.ToArray();
        return this;
    }

    /// <summary>A payload in which every byte differs from its neighbours and every run from the others.</summary>
    public PacketBuilder Payload(int length)
    {
        _payload = new byte[length];
        for (int i = 0; i < length; i++) _payload[i] = (byte)(i * 7 + (i >> 8) * 13 + 1);
        return this;
    }

    /// <summary>What a pod's stack leaves to its device: the field holds the pseudo-header's sum.</summary>
    public PacketBuilder PartialChecksum() => With(ChecksumKind.Partial);

    /// <summary>A field of zero.</summary>
    public PacketBuilder NoChecksum() => With(ChecksumKind.None);

    /// <summary>A checksum that is not right.</summary>
    public PacketBuilder WrongChecksum() => With(ChecksumKind.Wrong);

    /// <summary>Zeros after the IP packet, as short frames have them on a wire.</summary>
    public PacketBuilder Padding(int bytes)
    {
        _padding = bytes;
        return this;
    }

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
        int headerLength = IPv4Header.Size + _ipOptions.Length;
        int transportLength = _transport.Length + _payload.Length;
        var ip = new byte[headerLength + transportLength];
        ip[0] = (byte)(_version << 4 | (_headerWords ?? headerLength / 4));
        ip[1] = _typeOfService;
        BinaryPrimitives.WriteUInt16BigEndian(ip.AsSpan(2), (ushort)(_totalLength ?? ip.Length));
        BinaryPrimitives.WriteUInt16BigEndian(ip.AsSpan(4), _identification);
        BinaryPrimitives.WriteUInt16BigEndian(ip.AsSpan(6), _fragment);
        ip[8] = _timeToLive;
        ip[9] = _protocol;
        _source.CopyTo(ip.AsSpan(12));
        _destination.CopyTo(ip.AsSpan(16));
        _ipOptions.CopyTo(ip, IPv4Header.Size);
        BinaryPrimitives.WriteUInt16BigEndian(ip.AsSpan(10), PlainChecksum.Of(ip.AsSpan(0, headerLength)));

        var transport = ip.AsSpan(headerLength);
        _transport.CopyTo(transport);
        _payload.CopyTo(transport[_transport.Length..]);
        if (_protocol == IpProtocol.Udp && _transport.Length >= UdpHeader.Size)
            BinaryPrimitives.WriteUInt16BigEndian(transport[4..], (ushort)(_transportLength ?? transportLength));
        if (_protocol == IpProtocol.Sctp && _transport.Length >= SctpHeader.Size) BinaryPrimitives.WriteUInt32LittleEndian(transport[8..], PlainChecksum.Crc32c(transport));
        if (_checksumOffset >= 0) BinaryPrimitives.WriteUInt16BigEndian(transport[_checksumOffset..], ChecksumOf(ip, transport));
        return [.. Link(), .. ip, .. new byte[_padding]];
    }

    private ushort ChecksumOf(ReadOnlySpan<byte> ip, ReadOnlySpan<byte> transport)
    {
        ushort pseudo = _protocol == IpProtocol.Icmp ? (ushort)0 : PlainChecksum.PseudoHeader(ip[12..20], _protocol, transport.Length);
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

    private PacketBuilder Transport(byte protocol, byte[] header, int checksumOffset)
    {
        (_protocol, _transport, _checksumOffset) = (protocol, header, checksumOffset);
        return this;
    }

    private PacketBuilder With(ChecksumKind kind)
    {
        _checksum = kind;
        return this;
    }

    private byte[] Link()
    {
        var link = new byte[EthernetHeader.Size];
        _destinationMac.CopyTo(link);
        _sourceMac.CopyTo(link.AsSpan(6));
        BinaryPrimitives.WriteUInt16BigEndian(link.AsSpan(12), _etherType ?? EtherTypes.IPv4);
        return link;
    }
}
