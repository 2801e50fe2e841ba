using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Dataplane.Conntrack;
using Dataplane.Headers;
using Dataplane.Packets;

namespace Dataplane.Stages;

/// <summary>
/// Makes an acknowledgment of nothing for an end of an orphaned connection that may be waiting in silence. Nobody knows its sequence
/// numbers; but to a segment out of its window it must answer with where it is (RFC 9293, section 3.10.7.4), and that answer gets
/// an RST that it will believe (RFC 5961, section 3.2).
/// </summary>
public static class TcpProbe
{
    private const byte HopLimit = 64;

    /// <summary>Writes the segment behind <see cref="PacketInfo{TAddress}.Start"/> of an empty frame.</summary>
    public static Verdict Run<TAddress>(ref Packet<TAddress> packet, PathContext<TAddress> context, in FlowProbe<TAddress> probe)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        ref var info = ref packet.Info;
        info.Action = default;
        Verdict v;
        if ((v = RouteLookup.Run(probe.Tuple.Destination, context.Tables, context.Family, ref info.Action, out _, probe.OnUnderlay)).IsFinal) return v;
        info.NetworkOffset = EthernetHeader.Size;
        info.TransportOffset = (ushort)(EthernetHeader.Size + TAddress.HeaderLength);
        info.HeadLength = info.TotalLength = info.TransportOffset + TcpHeader.Size;
        info.IpLength = info.TotalLength - info.NetworkOffset;
        info.Tuple = info.Translated = probe.Tuple;
        info.Hash = probe.Tuple.Hash(context.Conntrack.Seed);
        info.Flags = PacketFlags.None;
        info.SegmentSize = info.OuterLength = 0;
        info.Flow = -1;

        TAddress.WriteHeader(packet.Network, TcpHeader.Size, HopLimit, IpProtocol.Tcp, probe.Tuple.Source, probe.Tuple.Destination, context.NextIdentification());
        var tcp = packet.Transport[..TcpHeader.Size];
        tcp.Clear();
        ulong random = context.NextRandom();
        MemoryMarshal.Write(tcp, (uint)probe.Tuple.SourcePort.Raw | (uint)probe.Tuple.DestinationPort.Raw << 16);
        BinaryPrimitives.WriteUInt32BigEndian(tcp[4..], (uint)random);
        BinaryPrimitives.WriteUInt32BigEndian(tcp[8..], (uint)(random >> 32));
        tcp[12] = TcpHeader.Size / 4 << 4;
        tcp[13] = TcpHeader.Ack;
        ulong sum = Checksum.PseudoHeader(probe.Tuple.Source, probe.Tuple.Destination, IpProtocol.Tcp, TcpHeader.Size);
        ushort checksum = (ushort)~Checksum.Fold(Checksum.Add(tcp, sum));
        MemoryMarshal.Write(tcp[TcpHeader.ChecksumOffset..], in checksum);
        return Output.Run(ref packet, context);
    }
}
