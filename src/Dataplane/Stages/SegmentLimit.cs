using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Dataplane.Conntrack;
using Dataplane.Headers;
using Dataplane.Packets;

namespace Dataplane.Stages;

/// <summary>
/// Learns how large the segments of a TCP flow may be. The size by which a pod's stack wants its super-packets cut is lost on the way to
/// us, so what it was made of is noted here: the other end's MSS option, and the MTU that a router on the way has reported.
/// </summary>
public static class SegmentLimit
{
    private const int MaximumSegmentSize = 2, NoOperation = 1, EndOfOptions = 0; // kinds of options (RFC 9293, section 3.1)

    /// <summary>The MTU that stands for the MSS of a SYN, bytes; 0 when it has none.</summary>
    public static ushort OfSyn<TAddress>(in Packet<TAddress> packet)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        if (packet.Info.Tuple.Protocol != IpProtocol.Tcp || (packet.Info.Flags & PacketFlags.LaterFragment) != 0) return 0;
        var tcp = packet.Transport;
        var options = tcp[TcpHeader.Size..Math.Min(tcp.Length, MemoryMarshal.Read<TcpHeader>(tcp).HeaderLength)];
        while (options.Length > 1 && options[0] != EndOfOptions)
        {
            if (options[0] == NoOperation)
            {
                options = options[1..];
                continue;
            }
            int length = options[1];
            if (length < 2 || length > options.Length) break;
            if (options[0] == MaximumSegmentSize && length == 4)
            {
                // It counts neither header, with or without options (RFC 6691).
                int mtu = BinaryPrimitives.ReadUInt16BigEndian(options[2..]) + TAddress.HeaderLength + TcpHeader.Size;
                return (ushort)Math.Clamp(mtu, TAddress.LeastMtu, ushort.MaxValue);
            }
            options = options[length..];
        }
        return 0;
    }

    /// <summary>Notes the MSS of the SYN-ACK: it is about the packets of the other direction.</summary>
    public static void Learn<TAddress>(in Packet<TAddress> packet, ref ConntrackEntry<TAddress> entry)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        ref ushort limit = ref packet.Info.Direction == FlowDirection.Reply ? ref entry.OriginalMtu : ref entry.ReplyMtu;
        ushort mtu = OfSyn(packet);
        if (mtu != 0) limit = mtu;
    }

    /// <summary>Notes the MTU that a router has reported about packets of a direction.</summary>
    public static void Lower<TAddress>(ref ConntrackEntry<TAddress> entry, FlowDirection direction, ushort mtu)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        if (mtu == 0) return; // a router of before RFC 1191, which does not say
        ref ushort limit = ref direction == FlowDirection.Original ? ref entry.OriginalMtu : ref entry.ReplyMtu;
        mtu = Math.Max(mtu, (ushort)TAddress.LeastMtu); // no forged report makes segments tiny
        if (limit == 0 || mtu < limit) limit = mtu;
    }
}
