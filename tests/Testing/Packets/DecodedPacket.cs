using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Dataplane.Headers;
using Dataplane.Packets;

namespace Dataplane.Testing.Packets;

/// <summary>A frame in fields, all checksums verified by computing them anew; <see cref="ToString"/> is one line per layer.</summary>
public sealed class DecodedPacket
{
    /// <summary>Reads a frame that is well formed as far as it says what it is.</summary>
    public DecodedPacket(ReadOnlySpan<byte> frame)
    {
        DestinationMac = new MacAddress(frame);
        SourceMac = new MacAddress(frame[6..]);
        EtherType = BinaryPrimitives.ReadUInt16BigEndian(frame[12..]);
        Bytes = frame.ToArray();
        if (EtherType == EtherTypes.IPv4) ReadIp(frame[EthernetHeader.Size..]);
    }

    /// <summary>The frame.</summary>
    public byte[] Bytes { get; }

    public MacAddress DestinationMac { get; }

    public MacAddress SourceMac { get; }

    public ushort EtherType { get; }

    public IPv4Address Source { get; private set; }

    public IPv4Address Destination { get; private set; }

    public byte Protocol { get; private set; }

    public byte TimeToLive { get; private set; }

    public byte TypeOfService { get; private set; }

    public ushort Identification { get; private set; }

    /// <summary>Flags and offset of the IP header, as they stand there.</summary>
    public ushort Fragment { get; private set; }

    /// <summary>Total length of the IP header.</summary>
    public int IpLength { get; private set; }

    /// <summary>True when the IP header's checksum is right.</summary>
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

    private void ReadIp(ReadOnlySpan<byte> ip)
    {
        int headerLength = (ip[0] & 0xf) * 4;
        TypeOfService = ip[1];
        IpLength = BinaryPrimitives.ReadUInt16BigEndian(ip[2..]);
        Identification = BinaryPrimitives.ReadUInt16BigEndian(ip[4..]);
        Fragment = BinaryPrimitives.ReadUInt16BigEndian(ip[6..]);
        TimeToLive = ip[8];
        Protocol = ip[9];
        Source = IPv4Address.Read(ip[12..]);
        Destination = IPv4Address.Read(ip[16..]);
        IpChecksumIsRight = PlainChecksum.Of(ip[..headerLength]) == 0;
        if (IpLength > ip.Length) return; // a quote
        var transport = ip[headerLength..IpLength];
        Payload = transport.ToArray();
        if ((Fragment & IPv4Header.OffsetMask) != 0) return;
        switch (Protocol)
        {
            case IpProtocol.Tcp: ReadTcp(ip, transport); break;
            case IpProtocol.Udp: ReadUdp(ip, transport); break;
            case IpProtocol.Icmp: ReadIcmp(transport); break;
            case IpProtocol.Sctp: ReadPorts(transport, SctpHeader.Size); break;
        }
    }

    private void ReadTcp(ReadOnlySpan<byte> ip, ReadOnlySpan<byte> tcp)
    {
        ReadPorts(tcp, (tcp[12] >> 4) * 4);
        Sequence = BinaryPrimitives.ReadUInt32BigEndian(tcp[4..]);
        Acknowledgment = BinaryPrimitives.ReadUInt32BigEndian(tcp[8..]);
        TcpFlags = tcp[13];
        Checksum = Verify(ip, tcp, TcpHeader.ChecksumOffset);
    }

    private void ReadUdp(ReadOnlySpan<byte> ip, ReadOnlySpan<byte> udp)
    {
        ReadPorts(udp, UdpHeader.Size);
        Checksum = Verify(ip, udp, UdpHeader.ChecksumOffset);
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
        Checksum = Fragment is not 0 and not IPv4Header.DontFragment ? ChecksumKind.Unknown : PlainChecksum.Of(icmp) == 0 ? ChecksumKind.Complete : ChecksumKind.Wrong;
    }

    private void ReadPorts(ReadOnlySpan<byte> transport, int headerLength)
    {
        SourcePort = BinaryPrimitives.ReadUInt16BigEndian(transport);
        DestinationPort = BinaryPrimitives.ReadUInt16BigEndian(transport[2..]);
        Payload = transport[headerLength..].ToArray();
    }

    private ChecksumKind Verify(ReadOnlySpan<byte> ip, ReadOnlySpan<byte> transport, int offset)
    {
        ChecksumField = BinaryPrimitives.ReadUInt16BigEndian(transport[offset..]);
        if ((Fragment & IPv4Header.MoreFragments) != 0) return ChecksumKind.Unknown;
        ushort pseudo = PlainChecksum.PseudoHeader(ip[12..20], Protocol, transport.Length);
        if (Protocol == IpProtocol.Udp && ChecksumField == 0) return ChecksumKind.None;
        if ((ushort)~PlainChecksum.Add(pseudo, transport) == 0) return ChecksumKind.Complete;
        return ChecksumField == pseudo ? ChecksumKind.Partial : ChecksumKind.Wrong;
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"ethernet {SourceMac} -> {DestinationMac} type {EtherType:x4}, {Bytes.Length} bytes");
        if (EtherType != EtherTypes.IPv4) return text.AppendLine(Convert.ToHexString(Bytes)).ToString();
        text.AppendLine(CultureInfo.InvariantCulture, $"ipv4 {Source} -> {Destination} protocol {Protocol} length {IpLength} ttl {TimeToLive} tos {TypeOfService:x2} id {Identification:x4} fragment {Fragment:x4} checksum {(IpChecksumIsRight ? "right" : "WRONG")}");
        text.AppendLine(CultureInfo.InvariantCulture, $"transport {SourcePort} -> {DestinationPort} seq {Sequence} ack {Acknowledgment} flags {TcpFlags:x2} icmp {IcmpType}/{IcmpCode} {IcmpRest:x8} checksum {ChecksumField:x4} {Checksum}, {Payload.Length} bytes of payload");
        return (Inner is null ? text : text.Append(CultureInfo.InvariantCulture, $"vni {Vni}\n{Inner}")).ToString();
    }
}
