using System.Runtime.InteropServices;
using Dataplane.Conntrack;
using Dataplane.Headers;
using Dataplane.Packets;

namespace Dataplane.Stages;

/// <summary>
/// Holds packets to the MTU of their way. TCP that is larger is a super-packet, which the pod's stack left whole for its device to
/// cut: we are that device. Anything else larger is the sender's mistake, and it is told (RFC 1191); if it lets routers fragment its
/// packets, as who cannot know of our tunnel may (K31), we do.
/// </summary>
public static class CheckMtu
{
    // A segment is made in one frame: 3,840 bytes, less the headers that go around its IP packet.
    private const int LargestSegment = 3840 - VxlanEncap.OuterLength - EthernetHeader.Size;

    /// <summary>Sets <see cref="PacketInfo{TAddress}.SegmentSize"/> where the packet is to be cut.</summary>
    public static Verdict Run<TAddress>(ref Packet<TAddress> packet, PathContext<TAddress> context)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        ref var info = ref packet.Info;
        info.SegmentSize = 0;
        int mtu = info.Action.Mtu;
        if (mtu == 0) return Verdict.Continue;
        bool canCut = info.Tuple.Protocol == IpProtocol.Tcp && (info.Flags & PacketFlags.Fragment) == 0;
        if (canCut && info.Flow >= 0)
        {
            // What its receiver, or a router on the way, has said that it takes.
            ref readonly var entry = ref context.Conntrack[info.Flow];
            int limit = info.Direction == FlowDirection.Original ? entry.OriginalMtu : entry.ReplyMtu;
            if (limit != 0 && limit < mtu) mtu = limit;
        }
        if (info.IpLength <= mtu) return Verdict.Continue;
        if (canCut)
        {
            int tcpLength = MemoryMarshal.Read<TcpHeader>(packet.Transport).HeaderLength;
            int size = Math.Min(mtu, LargestSegment) - (info.TransportOffset - info.NetworkOffset) - tcpLength;
            if (size < 1) return Verdict.Drop(DropReason.FragmentationNeeded);
            info.SegmentSize = size;
            return Verdict.Continue;
        }
        if ((info.Flags & PacketFlags.DontFragment) != 0) return IcmpReply.Run(ref packet, context, IcmpError.PacketTooBig, DropReason.FragmentationNeeded, mtu);
        int piece = (Math.Min(mtu, LargestSegment) - (info.TransportOffset - info.NetworkOffset)) & ~(IPv4Header.FragmentUnit - 1);
        if (piece < IPv4Header.FragmentUnit) return Verdict.Drop(DropReason.FragmentationNeeded);
        info.SegmentSize = piece;
        return Verdict.Continue;
    }
}
