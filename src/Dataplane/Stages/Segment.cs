using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Dataplane.Headers;
using Dataplane.Packets;

namespace Dataplane.Stages;

/// <summary>
/// Cuts a packet into what the path takes: a TCP super-packet into segments, as a NIC with TSO would, anything else into fragments, as
/// a router would (RFC 791, section 3.2). Headers are copied, then lengths, identification, sequence number, offset, flags and checksums made
/// right. The worker owns frames and copies payload; this writes headers.
/// </summary>
public static class Segment
{
    /// <summary>True for what is cut into segments, false for what is cut into fragments.</summary>
    public static bool IsOfTcp<TAddress>(in PacketInfo<TAddress> info)
        where TAddress : unmanaged, IIpAddress<TAddress> =>
        info.Tuple.Protocol == IpProtocol.Tcp && (info.Flags & PacketFlags.Fragment) == 0;

    /// <summary>Bytes of headers that every segment or fragment repeats, outer ones included.</summary>
    public static int HeaderLength<TAddress>(ref Packet<TAddress> packet)
        where TAddress : unmanaged, IIpAddress<TAddress> =>
        packet.Info.TransportOffset + (IsOfTcp(packet.Info) ? MemoryMarshal.Read<TcpHeader>(packet.Transport).HeaderLength : 0);

    /// <summary>Segments or fragments that the packet makes; at least 1.</summary>
    public static int Count<TAddress>(ref Packet<TAddress> packet)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        int payload = packet.Info.TotalLength - HeaderLength(ref packet);
        return Math.Max(1, (payload + packet.Info.SegmentSize - 1) / packet.Info.SegmentSize);
    }

    /// <summary>Makes the headers of one segment or fragment right. They were copied as they are, and its payload stands behind them.</summary>
    /// <param name="segment">Headers and payload.</param>
    /// <param name="info">The packet that is cut.</param>
    /// <param name="headerLength">See <see cref="HeaderLength"/>.</param>
    /// <param name="index">Number of the segment, from 0.</param>
    /// <param name="last">True for the last one.</param>
    /// <param name="outerIdentification">IPv4 identification of the packet's own outer header.</param>
    public static void Finish<TAddress>(Span<byte> segment, in PacketInfo<TAddress> info, int headerLength, int index, bool last, ushort outerIdentification)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        if (info.OuterLength != 0) VxlanEncap.FinishLengths(segment, segment.Length, (ushort)(outerIdentification + index));
        if (!IsOfTcp(info))
        {
            TAddress.FinishFragment(segment[info.NetworkOffset..], segment.Length - info.NetworkOffset, index * info.SegmentSize, last);
            return;
        }
        TAddress.FinishSegment(segment[info.NetworkOffset..], segment.Length - info.NetworkOffset, index);

        var tcp = segment[info.TransportOffset..];
        uint sequence = BinaryPrimitives.ReadUInt32BigEndian(tcp[4..]) + (uint)(index * info.SegmentSize);
        BinaryPrimitives.WriteUInt32BigEndian(tcp[4..], sequence);
        if (!last) tcp[13] &= unchecked((byte)~(TcpHeader.Fin | TcpHeader.Psh));
        if (index > 0) tcp[13] &= unchecked((byte)~TcpHeader.Cwr); // RFC 3168: once is enough
        MemoryMarshal.Write(tcp[TcpHeader.ChecksumOffset..], (ushort)0);
        ulong sum = Checksum.PseudoHeader(info.Translated.Source, info.Translated.Destination, IpProtocol.Tcp, tcp.Length);
        ushort checksum = (ushort)~Checksum.Fold(Checksum.Add(tcp, sum));
        MemoryMarshal.Write(tcp[TcpHeader.ChecksumOffset..], in checksum);
    }
}
