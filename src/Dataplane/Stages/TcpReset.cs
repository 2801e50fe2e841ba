using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Dataplane.Conntrack;
using Dataplane.Headers;
using Dataplane.Packets;

namespace Dataplane.Stages;

/// <summary>
/// Turns a TCP segment into the RST that its receiver would send who does not know the connection (RFC 9293, section 3.10.7.1), in
/// place: the sender learns at once what silence would tell it after minutes.
/// </summary>
public static class TcpReset
{
    private const byte HopLimit = 64;

    /// <summary>
    /// Must come before anything is rewritten: the answer is from whom the sender has asked. Never answers an RST or a fragment; then it is a
    /// plain drop. As often as it is asked for, as a kernel does: a reset is no larger than what it answers, and ends it.
    /// </summary>
    /// <param name="packet">The segment.</param>
    /// <param name="context">The worker's.</param>
    /// <param name="reason">Why it is not delivered; counted either way.</param>
    public static Verdict Run<TAddress>(ref Packet<TAddress> packet, PathContext<TAddress> context, DropReason reason)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        ref var info = ref packet.Info;
        if ((info.Flags & PacketFlags.Fragment) != 0 || (info.TcpFlags & TcpHeader.Rst) != 0) return Verdict.Drop(reason);
        var action = default(FlowAction);
        if (RouteLookup.Run(info.Tuple.Source, context.Tables, context.Family, ref action, out _, info.Origin == PacketOrigin.Uplink).IsFinal) return Verdict.Drop(reason);

        var (sequence, acknowledgment, flags) = Answer(packet);
        var from = info.Tuple.Destination;
        int headers = info.NetworkOffset + TAddress.HeaderLength;
        packet.Truncate(headers + TcpHeader.Size);
        TAddress.WriteHeader(packet.Network, TcpHeader.Size, HopLimit, IpProtocol.Tcp, from, info.Tuple.Source, context.NextIdentification());
        var tcp = packet.Data.Slice(headers, TcpHeader.Size);
        tcp.Clear();
        MemoryMarshal.Write(tcp, (uint)info.Tuple.DestinationPort.Raw | (uint)info.Tuple.SourcePort.Raw << 16);
        BinaryPrimitives.WriteUInt32BigEndian(tcp[4..], sequence);
        BinaryPrimitives.WriteUInt32BigEndian(tcp[8..], acknowledgment);
        tcp[12] = TcpHeader.Size / 4 << 4;
        tcp[13] = flags;
        ulong sum = Checksum.PseudoHeader(from, info.Tuple.Source, IpProtocol.Tcp, TcpHeader.Size);
        ushort checksum = (ushort)~Checksum.Fold(Checksum.Add(tcp, sum));
        MemoryMarshal.Write(tcp[TcpHeader.ChecksumOffset..], in checksum);

        info.TransportOffset = (ushort)headers;
        info.IpLength = info.TotalLength - info.NetworkOffset;
        info.Flags = PacketFlags.None;
        info.SegmentSize = 0;
        info.Translated = default; // the tuple stays that of the segment that died
        info.Action = action;
        info.ReplyReason = reason;
        var v = Output.Run(ref packet, context);
        return v.Kind == VerdictKind.Forward ? Verdict.Reply(v.Port) : v;
    }

    // What the sender takes for the connection's next: its own acknowledgment, or else an acknowledgment of what it sent.
    private static (uint Sequence, uint Acknowledgment, byte Flags) Answer<TAddress>(in Packet<TAddress> packet)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        ref var info = ref packet.Info;
        var header = MemoryMarshal.Read<TcpHeader>(packet.Transport);
        if ((header.Flags & TcpHeader.Ack) != 0) return (header.Acknowledgment.Value, 0, TcpHeader.Rst);
        int payload = info.IpLength - (info.TransportOffset - info.NetworkOffset) - header.HeaderLength;
        int control = ((header.Flags & TcpHeader.Syn) != 0 ? 1 : 0) + ((header.Flags & TcpHeader.Fin) != 0 ? 1 : 0);
        return (0, header.Sequence.Value + (uint)(payload + control), TcpHeader.Rst | TcpHeader.Ack);
    }
}
