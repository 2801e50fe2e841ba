using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Dataplane.Headers;
using Dataplane.Packets;

namespace Dataplane.Stages;

/// <summary>
/// Decides whether consecutive TCP segments of a flow may become one packet on their way to a pod, as the kernel's GRO would, and
/// writes the headers of the result. One packet of many frames costs the kernel, and the pod's stack, little more than one of one.
/// The worker owns frames and order; this looks at headers.
/// </summary>
public static class Coalesce
{
    private const int ComparedFrom = 8; // acknowledgment number; sequence before it, checksum behind, are each segment's own
    private const int FlagsOffset = 13;

    /// <summary>
    /// True for a whole segment with payload, no flags but ACK and PSH, and a checksum that is right: it is not looked at again after
    /// merging, so what is merged must be proven here.
    /// </summary>
    public static bool IsCandidate<TAddress>(ref Packet<TAddress> packet, out uint sequence, out int payload)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        ref var info = ref packet.Info;
        sequence = 0;
        payload = 0;
        if (info.Tuple.Protocol != IpProtocol.Tcp || (info.Flags & PacketFlags.Fragment) != 0) return false;
        if ((info.TcpFlags & ~TcpHeader.Psh) != TcpHeader.Ack || info.HeadLength != info.TotalLength) return false;
        var tcp = packet.Transport;
        payload = tcp.Length - (tcp[12] >> 4) * 4;
        if (payload <= 0) return false;
        sequence = BinaryPrimitives.ReadUInt32BigEndian(tcp[4..]);
        if ((info.Flags & PacketFlags.PartialChecksum) != 0) return true;
        ulong sum = Checksum.PseudoHeader(info.Translated.Source, info.Translated.Destination, IpProtocol.Tcp, tcp.Length);
        return Checksum.Fold(Checksum.Add(tcp, sum)) == 0xffff;
    }

    /// <summary>True when <paramref name="next"/> has the same headers as <paramref name="first"/>, but for what is each segment's own.</summary>
    public static bool Continues<TAddress>(ReadOnlySpan<byte> first, in PacketInfo<TAddress> firstInfo, ReadOnlySpan<byte> next, in PacketInfo<TAddress> nextInfo)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        if (firstInfo.NetworkOffset != nextInfo.NetworkOffset || firstInfo.TransportOffset != nextInfo.TransportOffset) return false;
        var a = first[firstInfo.TransportOffset..];
        var b = next[nextInfo.TransportOffset..];
        int length = (a[12] >> 4) * 4;
        if (b[12] != a[12]) return false;
        if (!a.Slice(ComparedFrom, 4).SequenceEqual(b.Slice(ComparedFrom, 4)) || a[14] != b[14] || a[15] != b[15]) return false;
        if (!a[TcpHeader.Size..length].SequenceEqual(b[TcpHeader.Size..length])) return false;
        return TAddress.SameForAllSegments(first[firstInfo.NetworkOffset..firstInfo.TransportOffset], next[nextInfo.NetworkOffset..nextInfo.TransportOffset]);
    }

    /// <summary>Writes the merged packet's length and flags; its checksum field is left to be completed.</summary>
    /// <param name="packet">The first segment; its total length is that of the whole already.</param>
    /// <param name="push">True when a segment had PSH.</param>
    public static void Finish<TAddress>(ref Packet<TAddress> packet, bool push)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        ref var info = ref packet.Info;
        info.IpLength = info.TotalLength - info.NetworkOffset;
        TAddress.FinishSegment(packet.Network, info.IpLength, 0);
        var tcp = packet.Transport;
        if (push) tcp[FlagsOffset] |= TcpHeader.Psh;
        int length = info.TotalLength - info.TransportOffset;
        ushort checksum = Checksum.Fold(Checksum.PseudoHeader(info.Translated.Source, info.Translated.Destination, IpProtocol.Tcp, length));
        MemoryMarshal.Write(tcp[TcpHeader.ChecksumOffset..], in checksum);
        info.Flags |= PacketFlags.PartialChecksum;
    }
}
