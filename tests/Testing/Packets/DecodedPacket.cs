using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Dataplane.Headers;
using Dataplane.Packets;

namespace Dataplane.Testing.Packets;

/// <summary>A frame in fields, all checksums verified by computing them anew; <see cref="ToString"/> is one line per layer.</summary>
public sealed class DecodedPacket
{
    private byte[] _addresses = [];

    /// <summary>Reads a frame that is well formed as far as it says what it is.</summary>
    public DecodedPacket(ReadOnlySpan<byte> frame)
    {
        DestinationMac = new MacAddress(frame);
        SourceMac = new MacAddress(frame[6..]);
        EtherType = BinaryPrimitives.ReadUInt16BigEndian(frame[12..]);
        Bytes = frame.ToArray();
        var ip = frame[EthernetHeader.Size..];
        if (EtherType == EtherTypes.IPv4) ReadIPv4(ip);
        else if (EtherType == EtherTypes.IPv6) ReadIPv6(ip);
    }

    /// <summary>The frame.</summary>
    public byte[] Bytes { get; }

    public MacAddress DestinationMac { get; }

    public MacAddress SourceMac { get; }

    public ushort EtherType { get; }

    /// <summary>Of an IPv4 packet; <see cref="SourceOf"/> of either.</summary>
    public IPv4Address Source => SourceOf<IPv4Address>();

    public IPv4Address Destination => DestinationOf<IPv4Address>();

    public byte Protocol { get; private set; }

    /// <summary>TTL or hop limit.</summary>
    public byte TimeToLive { get; private set; }

    /// <summary>Type of service or traffic class.</summary>
    public byte TypeOfService { get; private set; }

    /// <summary>Of IPv6, 20 bits.</summary>
    public uint FlowLabel { get; private set; }

    /// <summary>Of the IPv4 header; the low half of that of a fragment header.</summary>
    public ushort Identification { get; private set; }

    /// <summary>Flags and offset as they stand in an IPv4 header; those of a fragment header in the same form.</summary>
    public ushort Fragment { get; private set; }

    /// <summary>Types of extension headers, in order.</summary>
    public List<byte> Extensions { get; } = [];

    /// <summary>Bytes before the transport header, options and extension headers included.</summary>
    public int IpHeaderLength { get; private set; }

    /// <summary>Bytes of the whole IP packet, by its header.</summary>
    public int IpLength { get; private set; }

    /// <summary>True when the IP header's own checksum is right; IPv6 has none.</summary>
    public bool IpChecksumIsRight { get; private set; }

    public ushort SourcePort { get; private set; }

    public ushort DestinationPort { get; private set; }

    public uint Sequence { get; private set; }

    public uint Acknowledgment { get; private set; }

    public byte TcpFlags { get; private set; }

    public byte IcmpType { get; private set; }

    public byte IcmpCode { get; private set; }

    /// <summary>Last four bytes of the ICMP header.</summary>
    public uint IcmpRest { get; private set; }

    /// <summary>State of the checksum of TCP, UDP or ICMP.</summary>
    public ChecksumKind Checksum { get; private set; }

    /// <summary>The checksum field, host order.</summary>
    public ushort ChecksumField { get; private set; }

    /// <summary>What follows the transport header.</summary>
    public byte[] Payload { get; private set; } = [];

    /// <summary>The frame in the tunnel, when this is a VXLAN packet.</summary>
    public DecodedPacket? Inner { get; private set; }

    /// <summary>The VNI, when this is a VXLAN packet.</summary>
    public uint Vni { get; private set; }

    private bool IsLaterFragment => (Fragment & IPv4Header.OffsetMask) != 0;

    private bool IsFragment => (Fragment & (IPv4Header.OffsetMask | IPv4Header.MoreFragments)) != 0;

    /// <summary>Source of a packet of the family.</summary>
    public TAddress SourceOf<TAddress>()
        where TAddress : unmanaged, IIpAddress<TAddress> => At<TAddress>(0);

    /// <summary>Destination of a packet of the family.</summary>
    public TAddress DestinationOf<TAddress>()
        where TAddress : unmanaged, IIpAddress<TAddress> => At<TAddress>(TAddress.ByteLength);

    private TAddress At<TAddress>(int offset)
        where TAddress : unmanaged, IIpAddress<TAddress> => _addresses.Length == 2 * TAddress.ByteLength
            ? TAddress.Read(_addresses.AsSpan(offset))
            : throw new InvalidOperationException($"not a packet of {typeof(TAddress).Name}:\n{this}");

    private void ReadIPv4(ReadOnlySpan<byte> ip)
    {
        IpHeaderLength = (ip[0] & 0xf) * 4;
        TypeOfService = ip[1];
        IpLength = BinaryPrimitives.ReadUInt16BigEndian(ip[2..]);
        Identification = BinaryPrimitives.ReadUInt16BigEndian(ip[4..]);
        Fragment = BinaryPrimitives.ReadUInt16BigEndian(ip[6..]);
        TimeToLive = ip[8];
        Protocol = ip[9];
        _addresses = ip[12..20].ToArray();
        IpChecksumIsRight = PlainChecksum.Of(ip[..IpHeaderLength]) == 0;
        ReadTransport(ip);
    }

    private void ReadIPv6(ReadOnlySpan<byte> ip)
    {
        uint first = BinaryPrimitives.ReadUInt32BigEndian(ip);
        TypeOfService = (byte)(first >> 20);
        FlowLabel = first & 0xfffff;
        IpLength = 40 + BinaryPrimitives.ReadUInt16BigEndian(ip[4..]);
        Protocol = ip[6];
        TimeToLive = ip[7];
        _addresses = ip[8..40].ToArray();
        IpChecksumIsRight = true;
        IpHeaderLength = 40;
        while (!IsLaterFragment && Protocol is IPv6Packets.HopByHopType or IPv6Packets.RoutingType or IPv6Packets.FragmentType or IPv6Packets.AuthenticationType or IPv6Packets.DestinationOptionsType)
        {
            if (IpHeaderLength + 8 > ip.Length) return; // a quote
            var extension = ip[IpHeaderLength..];
            Extensions.Add(Protocol);
            IpHeaderLength += Protocol switch
            {
                IPv6Packets.FragmentType => 8,
                IPv6Packets.AuthenticationType => (extension[1] + 2) * 4,
                _ => (extension[1] + 1) * 8,
            };
            if (Protocol == IPv6Packets.FragmentType)
            {
                ushort offset = BinaryPrimitives.ReadUInt16BigEndian(extension[2..]);
                Fragment = (ushort)(offset >> 3 | ((offset & 1) != 0 ? IPv4Header.MoreFragments : 0));
                Identification = BinaryPrimitives.ReadUInt16BigEndian(extension[6..]);
            }
            Protocol = extension[0];
        }
        ReadTransport(ip);
    }

    private void ReadTransport(ReadOnlySpan<byte> ip)
    {
        if (IpLength > ip.Length) return; // a quote
        var transport = ip[IpHeaderLength..IpLength];
        Payload = transport.ToArray();
        if (IsLaterFragment) return;
        switch (Protocol)
        {
            case IpProtocol.Tcp: ReadTcp(transport); break;
            case IpProtocol.Udp: ReadUdp(transport); break;
            case IpProtocol.Icmp when EtherType == EtherTypes.IPv4:
            case IpProtocol.IcmpV6 when EtherType == EtherTypes.IPv6: ReadIcmp(transport); break;
            case IpProtocol.Sctp: ReadPorts(transport, SctpHeader.Size); break;
        }
    }

    private void ReadTcp(ReadOnlySpan<byte> tcp)
    {
        ReadPorts(tcp, (tcp[12] >> 4) * 4);
        Sequence = BinaryPrimitives.ReadUInt32BigEndian(tcp[4..]);
        Acknowledgment = BinaryPrimitives.ReadUInt32BigEndian(tcp[8..]);
        TcpFlags = tcp[13];
        Checksum = Verify(tcp, TcpHeader.ChecksumOffset);
    }

    private void ReadUdp(ReadOnlySpan<byte> udp)
    {
        ReadPorts(udp, UdpHeader.Size);
        Checksum = Verify(udp, UdpHeader.ChecksumOffset);
        if (DestinationPort != SampleNode.VxlanPort || Payload.Length < VxlanHeader.Size + EthernetHeader.Size) return;
        Vni = BinaryPrimitives.ReadUInt32BigEndian(Payload.AsSpan(4)) >> 8;
        Inner = new DecodedPacket(Payload.AsSpan(VxlanHeader.Size));
    }

    private void ReadIcmp(ReadOnlySpan<byte> icmp)
    {
        IcmpType = icmp[0];
        IcmpCode = icmp[1];
        IcmpRest = BinaryPrimitives.ReadUInt32BigEndian(icmp[4..]);
        Payload = icmp[IcmpHeader.Size..].ToArray();
        ChecksumField = BinaryPrimitives.ReadUInt16BigEndian(icmp[2..]);
        ushort pseudo = EtherType == EtherTypes.IPv6 ? PlainChecksum.PseudoHeader(_addresses, Protocol, icmp.Length) : (ushort)0;
        Checksum = IsFragment ? ChecksumKind.Unknown : (ushort)~PlainChecksum.Add(pseudo, icmp) == 0 ? ChecksumKind.Complete : ChecksumKind.Wrong;
    }

    private void ReadPorts(ReadOnlySpan<byte> transport, int headerLength)
    {
        SourcePort = BinaryPrimitives.ReadUInt16BigEndian(transport);
        DestinationPort = BinaryPrimitives.ReadUInt16BigEndian(transport[2..]);
        Payload = transport[headerLength..].ToArray();
    }

    private ChecksumKind Verify(ReadOnlySpan<byte> transport, int offset)
    {
        ChecksumField = BinaryPrimitives.ReadUInt16BigEndian(transport[offset..]);
        if (IsFragment) return ChecksumKind.Unknown;
        ushort pseudo = PlainChecksum.PseudoHeader(_addresses, Protocol, transport.Length);
        if (Protocol == IpProtocol.Udp && ChecksumField == 0) return ChecksumKind.None;
        if ((ushort)~PlainChecksum.Add(pseudo, transport) == 0) return ChecksumKind.Complete;
        return ChecksumField == pseudo ? ChecksumKind.Partial : ChecksumKind.Wrong;
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"ethernet {SourceMac} -> {DestinationMac} type {EtherType:x4}, {Bytes.Length} bytes");
        if (_addresses.Length == 0) return text.AppendLine(Convert.ToHexString(Bytes)).ToString();
        string ends = _addresses.Length == 8 ? $"ipv4 {SourceOf<IPv4Address>()} -> {DestinationOf<IPv4Address>()}" : $"ipv6 {SourceOf<IPv6Address>()} -> {DestinationOf<IPv6Address>()} label {FlowLabel:x5} extensions [{string.Join(' ', Extensions)}]";
        text.AppendLine(CultureInfo.InvariantCulture, $"{ends} protocol {Protocol} length {IpLength} ttl {TimeToLive} tos {TypeOfService:x2} id {Identification:x4} fragment {Fragment:x4} checksum {(IpChecksumIsRight ? "right" : "WRONG")}");
        text.AppendLine(CultureInfo.InvariantCulture, $"transport {SourcePort} -> {DestinationPort} seq {Sequence} ack {Acknowledgment} flags {TcpFlags:x2} icmp {IcmpType}/{IcmpCode} {IcmpRest:x8} checksum {ChecksumField:x4} {Checksum}, {Payload.Length} bytes of payload");
        return (Inner is null ? text : text.Append(CultureInfo.InvariantCulture, $"vni {Vni}\n{Inner}")).ToString();
    }
}
