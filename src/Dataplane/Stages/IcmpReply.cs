using Dataplane.Conntrack;
using Dataplane.Headers;
using Dataplane.Packets;

namespace Dataplane.Stages;

/// <summary>
/// Turns a packet that cannot be delivered into an ICMP error to its sender, in place: the packet's first bytes become the quote
/// (as much as fits the longest error of the family), and headers are put before it.
/// </summary>
public static class IcmpReply
{
    /// <summary>
    /// Must come before anything is rewritten: the sender can only make sense of what it sent. Never answers an ICMP error or a
    /// later fragment (RFC 1122, section 3.2.2), nor more often than the rate limit allows; then it is a plain drop.
    /// </summary>
    public static Verdict Run<TAddress>(ref Packet<TAddress> packet, PathContext<TAddress> context, IcmpError error, DropReason reason, int mtu = 0)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        ref var info = ref packet.Info;
        if ((info.Flags & (PacketFlags.IcmpError | PacketFlags.LaterFragment)) != 0) return Verdict.Drop(reason);
        if (!context.TakeIcmpError()) return Verdict.Drop(DropReason.IcmpRateLimited);
        var sender = info.Tuple.Source;
        var action = default(FlowAction);
        var route = RouteLookup.Run(sender, context.Tables, context.Family, ref action, out _, info.Origin == PacketOrigin.Uplink);
        if (route.IsFinal) return Verdict.Drop(reason);

        int headers = TAddress.IcmpErrorLength;
        packet.TrimFront(info.NetworkOffset);
        packet.Truncate(Math.Min(info.HeadLength, TAddress.LargestIcmpError - headers));
        if (!packet.TryPrepend(headers + EthernetHeader.Size)) return Verdict.Drop(DropReason.HeadroomExhausted);
        // The gateway's address is the node's own: its stack would refuse an error from it as martian, and outside of the cluster it
        // means nothing. To the node, the address that it asked for answers; outside, the node's.
        var from = info.Origin switch
        {
            PacketOrigin.Host => info.Tuple.Destination,
            PacketOrigin.Uplink => context.Family.NodeAddress,
            _ => context.Family.Gateway,
        };
        TAddress.WriteIcmpError(packet.Data[EthernetHeader.Size..], error, from, sender, mtu, context.NextIdentification());

        info.NetworkOffset = EthernetHeader.Size;
        info.TransportOffset = (ushort)(EthernetHeader.Size + headers - IcmpHeader.Size);
        info.IpLength = info.TotalLength - EthernetHeader.Size;
        info.Flags = PacketFlags.None;
        info.SegmentSize = 0;
        // The tuple stays that of the packet that died: it is what flow events tell about.
        info.Translated = default;
        info.Action = action;
        info.ReplyReason = reason;
        var v = Output.Run(ref packet, context);
        return v.Kind == VerdictKind.Forward ? Verdict.Reply(v.Port) : v;
    }
}
