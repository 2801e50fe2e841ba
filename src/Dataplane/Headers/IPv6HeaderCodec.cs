using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Dataplane.Packets;

namespace Dataplane.Headers;

/// <summary>Reads and rewrites IPv6 headers in place (RFC 8200). It has no checksum; every transport counts its addresses instead.</summary>
public static class IPv6HeaderCodec
{
    private const int PayloadLengthOffset = 4, NextHeaderOffset = 6, HopLimitOffset = 7, SourceOffset = 8, DestinationOffset = 24;
    private const int FragmentSize = 8, SegmentsLeftOffset = 3, MostExtensions = 8; // a packet with more is nobody's ordinary packet
    private const ushort FragmentOffsetMask = 0xfff8, MoreFragments = 1;

    /// <summary>
    /// See <see cref="IIpAddress{TSelf}.TryParseHeader"/>. Extension headers are walked to the transport header; a protocol that is not
    /// known here ends the walk as one. What is yet to be routed by its source (RFC 5095) is refused.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out IpFields<IPv6Address> fields)
    {
        Unsafe.SkipInit(out fields);
        if (bytes.Length < IPv6Header.Size) return false;
        var header = MemoryMarshal.Read<IPv6Header>(bytes);
        if (header.Version != 6) return false;
        fields.Source = header.Source;
        fields.Destination = header.Destination;
        fields.TotalLength = IPv6Header.Size + header.PayloadLength.Value;
        fields.HopLimit = header.HopLimit;
        fields.Flags = PacketFlags.DontFragment; // routers never do
        fields.FragmentId = 0;
        fields.Protocol = header.NextHeader;
        fields.HeaderLength = IPv6Header.Size;
        return !IsExtension(header.NextHeader) || WalkExtensions(bytes, ref fields);
    }

    private static bool IsExtension(byte next) =>
        next is IPv6Header.HopByHop or IPv6Header.Routing or IPv6Header.Fragment or IPv6Header.Authentication or IPv6Header.DestinationOptions;

    private static bool WalkExtensions(ReadOnlySpan<byte> bytes, ref IpFields<IPv6Address> fields)
    {
        for (int i = 0; i < MostExtensions; i++)
        {
            var extension = bytes[fields.HeaderLength..];
            if (extension.Length < FragmentSize) return false;
            // It would go on from its destination to another, of which no policy was asked, and whose address is in its checksum.
            if (fields.Protocol == IPv6Header.Routing && extension[SegmentsLeftOffset] != 0) return false;
            int length = fields.Protocol switch
            {
                IPv6Header.Fragment => FragmentSize,
                IPv6Header.Authentication => (extension[1] + 2) * 4,
                _ => (extension[1] + 1) * 8,
            };
            if (extension.Length < length) return false;
            bool later = fields.Protocol == IPv6Header.Fragment && ReadFragment(extension, ref fields);
            fields.Protocol = extension[0];
            fields.HeaderLength += length;
            if (later || !IsExtension(fields.Protocol)) return fields.HeaderLength <= fields.TotalLength; // behind a later fragment's is data
        }
        return false;
    }

    // True for a later fragment. One that is alone (RFC 6946) is a whole packet.
    private static bool ReadFragment(ReadOnlySpan<byte> extension, ref IpFields<IPv6Address> fields)
    {
        ushort offset = BinaryPrimitives.ReadUInt16BigEndian(extension[2..]);
        if ((offset & (FragmentOffsetMask | MoreFragments)) == 0) return false;
        fields.FragmentId = MemoryMarshal.Read<uint>(extension[4..]);
        fields.Flags |= PacketFlags.Fragment;
        if ((offset & FragmentOffsetMask) == 0) return false;
        fields.Flags |= PacketFlags.LaterFragment;
        return true;
    }

    /// <summary>See <see cref="IIpAddress{TSelf}.RewriteAddresses"/>.</summary>
    public static void RewriteAddresses(Span<byte> header, IPv6Address source, IPv6Address destination)
    {
        header = header[..IPv6Header.Size];
        source.CopyTo(header[SourceOffset..]);
        destination.CopyTo(header[DestinationOffset..]);
    }

    /// <summary>Takes one from the hop limit.</summary>
    public static void DecrementHopLimit(Span<byte> header) => header[HopLimitOffset]--;

    /// <summary>Writes a header before <paramref name="payloadLength"/> bytes; traffic class and flow label are zero.</summary>
    public static void Write(Span<byte> destination, int payloadLength, byte hopLimit, byte nextHeader, IPv6Address source, IPv6Address target)
    {
        var header = new IPv6Header
        {
            VersionClassAndFlow = Be32.FromHost(6u << 28),
            PayloadLength = Be16.FromHost((ushort)payloadLength),
            NextHeader = nextHeader,
            HopLimit = hopLimit,
            Source = source,
            Destination = target,
        };
        MemoryMarshal.Write(destination, in header);
    }

    /// <summary>See <see cref="IIpAddress{TSelf}.WriteIcmpError"/> (RFC 4443, section 3).</summary>
    public static void WriteIcmpError(Span<byte> message, IcmpError error, IPv6Address source, IPv6Address destination, int mtu)
    {
        Write(message, message.Length - IPv6Header.Size, 64, IpProtocol.IcmpV6, source, destination);
        var icmp = message[IPv6Header.Size..];
        icmp[..IcmpHeader.Size].Clear();
        (icmp[0], icmp[1]) = error switch
        {
            IcmpError.PortUnreachable => (Icmpv6.DestinationUnreachable, Icmpv6.PortUnreachable),
            IcmpError.HostUnreachable => (Icmpv6.DestinationUnreachable, Icmpv6.AddressUnreachable),
            IcmpError.PacketTooBig => (Icmpv6.PacketTooBig, (byte)0),
            _ => (Icmpv6.TimeExceeded, (byte)0),
        };
        if (error == IcmpError.PacketTooBig) BinaryPrimitives.WriteUInt32BigEndian(icmp[4..], (uint)mtu);
        WriteIcmpChecksum(icmp, source, destination);
    }

    /// <summary>Sums an ICMPv6 message with its pseudo-header (RFC 4443, section 2.3) and writes the field.</summary>
    public static void WriteIcmpChecksum(Span<byte> icmp, IPv6Address source, IPv6Address destination)
    {
        MemoryMarshal.Write(icmp[IcmpHeader.ChecksumOffset..], (ushort)0);
        ulong sum = Checksum.PseudoHeader(source, destination, IpProtocol.IcmpV6, icmp.Length);
        ushort checksum = (ushort)~Checksum.Fold(Checksum.Add(icmp, sum));
        MemoryMarshal.Write(icmp[IcmpHeader.ChecksumOffset..], in checksum);
    }

    /// <summary>See <see cref="IIpAddress{TSelf}.FinishSegment"/>.</summary>
    public static void FinishSegment(Span<byte> header, int totalLength) =>
        BinaryPrimitives.WriteUInt16BigEndian(header[PayloadLengthOffset..], (ushort)(totalLength - IPv6Header.Size));

    /// <summary>See <see cref="IIpAddress{TSelf}.SameForAllSegments"/>. Addresses and protocol are the flow's, and not compared.</summary>
    public static bool SameForAllSegments(ReadOnlySpan<byte> first, ReadOnlySpan<byte> next) =>
        first.Length == next.Length && first[..PayloadLengthOffset].SequenceEqual(next[..PayloadLengthOffset]) && first[NextHeaderOffset..SourceOffset].SequenceEqual(next[NextHeaderOffset..SourceOffset])
        && first[IPv6Header.Size..].SequenceEqual(next[IPv6Header.Size..]);
}
