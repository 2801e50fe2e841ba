using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Dataplane.Packets;

namespace Dataplane.Headers;

/// <summary>Reads and rewrites IPv4 headers in place (RFC 791).</summary>
public static class IPv4HeaderCodec
{
    private const int TimeToLiveOffset = 8, ChecksumOffset = 10, SourceOffset = 12, DestinationOffset = 16;

    /// <summary>See <see cref="IIpAddress{TSelf}.TryParseHeader"/>. The header checksum is left to the receiver to verify.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out IpFields<IPv4Address> fields)
    {
        Unsafe.SkipInit(out fields);
        if (bytes.Length < IPv4Header.Size) return false;
        var header = MemoryMarshal.Read<IPv4Header>(bytes);
        int headerLength = header.HeaderLength, totalLength = header.TotalLength.Value;
        if (header.Version != 4 || headerLength < IPv4Header.Size || bytes.Length < headerLength || totalLength < headerLength) return false;

        int fragment = header.FlagsAndOffset.Value;
        var flags = (fragment & IPv4Header.DontFragment) != 0 ? PacketFlags.DontFragment : PacketFlags.None;
        if ((fragment & (IPv4Header.MoreFragments | IPv4Header.OffsetMask)) != 0)
        {
            flags |= PacketFlags.Fragment;
            if ((fragment & IPv4Header.OffsetMask) != 0) flags |= PacketFlags.LaterFragment;
        }
        fields.Source = header.Source;
        fields.Destination = header.Destination;
        fields.HeaderLength = headerLength;
        fields.TotalLength = totalLength;
        fields.Protocol = header.Protocol;
        fields.HopLimit = header.TimeToLive;
        fields.Flags = flags;
        fields.FragmentId = header.Identification.Raw;
        return true;
    }

    /// <summary>See <see cref="IIpAddress{TSelf}.RewriteAddresses"/>.</summary>
    public static void RewriteAddresses(Span<byte> header, IPv4Address source, IPv4Address destination, ushort addressDelta)
    {
        header = header[..IPv4Header.Size];
        source.CopyTo(header[SourceOffset..]);
        destination.CopyTo(header[DestinationOffset..]);
        ushort checksum = MemoryMarshal.Read<ushort>(header[ChecksumOffset..]);
        checksum = Checksum.UpdateComplete(checksum, addressDelta);
        MemoryMarshal.Write(header[ChecksumOffset..], in checksum);
    }

    /// <summary>Takes one from the TTL; the checksum rises by 0x0100 (RFC 1141), with end-around carry.</summary>
    public static void DecrementTimeToLive(Span<byte> header)
    {
        header = header[..IPv4Header.Size];
        header[TimeToLiveOffset]--;
        uint checksum = BinaryPrimitives.ReadUInt16BigEndian(header[ChecksumOffset..]) + 0x0100u;
        BinaryPrimitives.WriteUInt16BigEndian(header[ChecksumOffset..], (ushort)(checksum + (checksum >> 16)));
    }

    /// <summary>Writes a 20-byte header with its checksum.</summary>
    public static void Write(Span<byte> destination, int totalLength, ushort identification, byte timeToLive, byte protocol, IPv4Address source, IPv4Address target, bool dontFragment = false)
    {
        var header = new IPv4Header
        {
            VersionAndLength = 0x45,
            TotalLength = Be16.FromHost((ushort)totalLength),
            Identification = Be16.FromHost(identification),
            FlagsAndOffset = Be16.FromHost(dontFragment ? IPv4Header.DontFragment : (ushort)0),
            TimeToLive = timeToLive,
            Protocol = protocol,
            Source = source,
            Destination = target,
        };
        MemoryMarshal.Write(destination, in header);
        ushort checksum = Checksum.Compute(destination[..IPv4Header.Size]);
        MemoryMarshal.Write(destination[ChecksumOffset..], in checksum);
    }

    /// <summary>See <see cref="IIpAddress{TSelf}.WriteIcmpError"/> (RFC 792; next-hop MTU by RFC 1191).</summary>
    public static void WriteIcmpError(Span<byte> message, IcmpError error, IPv4Address source, IPv4Address destination, int mtu, ushort identification)
    {
        Write(message, message.Length, identification, 64, IpProtocol.Icmp, source, destination);
        var icmp = message[IPv4Header.Size..];
        var header = new IcmpHeader
        {
            Type = error == IcmpError.TimeExceeded ? IcmpHeader.TimeExceeded : IcmpHeader.DestinationUnreachable,
            Code = error switch
            {
                IcmpError.PortUnreachable => IcmpHeader.PortUnreachable,
                IcmpError.PacketTooBig => IcmpHeader.FragmentationNeeded,
                IcmpError.HostUnreachable => IcmpHeader.HostUnreachable,
                _ => 0,
            },
            Sequence = Be16.FromHost(error == IcmpError.PacketTooBig ? (ushort)mtu : (ushort)0),
        };
        MemoryMarshal.Write(icmp, in header);
        WriteIcmpChecksum(icmp);
    }

    /// <summary>Sums an ICMP message and writes the field.</summary>
    public static void WriteIcmpChecksum(Span<byte> icmp)
    {
        MemoryMarshal.Write(icmp[IcmpHeader.ChecksumOffset..], (ushort)0);
        ushort checksum = Checksum.Compute(icmp);
        MemoryMarshal.Write(icmp[IcmpHeader.ChecksumOffset..], in checksum);
    }

    /// <summary>Sets both bits of explicit congestion notification and brings the checksum up to date.</summary>
    public static void MarkCongestion(Span<byte> header)
    {
        header = header[..IPv4Header.Size];
        ushort before = MemoryMarshal.Read<ushort>(header);
        header[1] |= 3;
        ushort checksum = Checksum.UpdateComplete(MemoryMarshal.Read<ushort>(header[ChecksumOffset..]), Checksum.Delta(before, MemoryMarshal.Read<ushort>(header)));
        MemoryMarshal.Write(header[ChecksumOffset..], in checksum);
    }

    /// <summary>See <see cref="IIpAddress{TSelf}.FinishSegment"/>.</summary>
    public static void FinishSegment(Span<byte> header, int totalLength, int index)
    {
        header = header[..((header[0] & 0xf) * 4)];
        BinaryPrimitives.WriteUInt16BigEndian(header[2..], (ushort)totalLength);
        ushort identification = (ushort)(BinaryPrimitives.ReadUInt16BigEndian(header[4..]) + index);
        BinaryPrimitives.WriteUInt16BigEndian(header[4..], identification);
        BinaryPrimitives.WriteUInt16LittleEndian(header[ChecksumOffset..], 0);
        ushort checksum = Checksum.Compute(header);
        MemoryMarshal.Write(header[ChecksumOffset..], in checksum);
    }

    /// <summary>See <see cref="IIpAddress{TSelf}.FinishFragment"/>.</summary>
    public static void FinishFragment(Span<byte> header, int totalLength, int offset, bool last)
    {
        header = header[..((header[0] & 0xf) * 4)];
        BinaryPrimitives.WriteUInt16BigEndian(header[2..], (ushort)totalLength);
        int fragment = BinaryPrimitives.ReadUInt16BigEndian(header[6..]) + offset / IPv4Header.FragmentUnit; // a fragment's fragments begin where it does
        if (!last) fragment |= IPv4Header.MoreFragments;
        BinaryPrimitives.WriteUInt16BigEndian(header[6..], (ushort)fragment);
        BinaryPrimitives.WriteUInt16LittleEndian(header[ChecksumOffset..], 0);
        ushort checksum = Checksum.Compute(header);
        MemoryMarshal.Write(header[ChecksumOffset..], in checksum);
    }

    /// <summary>See <see cref="IIpAddress{TSelf}.SameForAllSegments"/>. Addresses and protocol are the flow's, and not compared.</summary>
    public static bool SameForAllSegments(ReadOnlySpan<byte> first, ReadOnlySpan<byte> next) =>
        first.Length == next.Length && first[1] == next[1] && first[6] == next[6] && first[TimeToLiveOffset] == next[TimeToLiveOffset]
        && first[IPv4Header.Size..].SequenceEqual(next[IPv4Header.Size..]);
}
