using System.Runtime.InteropServices;
using Dataplane.Headers;
using Dataplane.Packets;

namespace Dataplane.Stages;

/// <summary>
/// Answers neighbour solicitations (RFC 4861, section 7.2) as <see cref="NeighborReply"/> does ARP: whatever address a pod or the host asks
/// for is behind us. Router solicitations and multicast listener reports need no answer: pods are configured when they are attached.
/// </summary>
public static class NeighborAdvertise
{
    private const int TargetOffset = 8, OptionOffset = 24, MessageLength = 32; // of the ICMPv6 message, with one option
    private const byte HopLimit = 255; // section 7.1.1: proof that it comes from this link
    private const byte Router = 0x80, Solicited = 0x40, Override = 0x20; // flags of an advertisement
    private const byte TargetLinkAddress = 2; // option; its length is counted in units of 8 bytes

    /// <summary>True for the messages of neighbour discovery and multicast listener discovery, which concern one link only.</summary>
    public static bool Concerns<TAddress>(in Packet<TAddress> packet)
        where TAddress : unmanaged, IIpAddress<TAddress> =>
        packet.Info.Tuple.Protocol == TAddress.IcmpProtocol && (packet.Info.Flags & PacketFlags.LaterFragment) == 0 && TAddress.IsOfLink(packet.Transport[0]);

    /// <summary>Turns a solicitation into its advertisement, in place; drops what needs no answer.</summary>
    public static Verdict Run<TAddress>(ref Packet<TAddress> packet, MacAddress ours)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        ref var info = ref packet.Info;
        var icmp = packet.Transport;
        bool onOurLink = info.Origin is PacketOrigin.Pod or PacketOrigin.Host;
        if (icmp[0] != Icmpv6.NeighborSolicitation || !onOurLink) return Verdict.Drop(DropReason.NeighborDiscoveryIgnored);
        var asker = info.Tuple.Source;
        if (info.HopLimit != HopLimit || icmp[1] != 0 || icmp.Length < OptionOffset || !IsWhole(packet)) return Verdict.Drop(DropReason.NeighborDiscoveryInvalid);
        var target = TAddress.Read(icmp[TargetOffset..]);
        if (target.IsGroup) return Verdict.Drop(DropReason.NeighborDiscoveryInvalid);
        // Without a source it is a probe for a duplicate (RFC 4862, section 5.4): silence says that nobody else has the address.
        if (asker.Equals(default) || asker.Equals(target)) return Verdict.Drop(DropReason.NeighborDiscoveryIgnored);

        var ethernet = MemoryMarshal.Read<EthernetHeader>(packet.Data);
        ethernet = new EthernetHeader { Destination = ethernet.Source, Source = ours, EtherType = Be16.FromHost(TAddress.EtherType) };
        int length = info.NetworkOffset + TAddress.HeaderLength + MessageLength;
        // A solicitation without option is shorter than its answer; the frame behind it is ours, and free.
        if (info.Start + length > packet.Frame.Length) return Verdict.Drop(DropReason.HeadroomExhausted);
        info.HeadLength = info.TotalLength = length;
        MemoryMarshal.Write(packet.Data, in ethernet);
        TAddress.WriteHeader(packet.Network, MessageLength, HopLimit, TAddress.IcmpProtocol, target, asker, 0);
        var answer = packet.Network.Slice(TAddress.HeaderLength, MessageLength);
        answer.Clear();
        answer[0] = Icmpv6.NeighborAdvertisement;
        answer[4] = Router | Solicited | Override;
        target.CopyTo(answer[TargetOffset..]);
        answer[OptionOffset] = TargetLinkAddress;
        answer[OptionOffset + 1] = 1;
        ours.CopyTo(answer[(OptionOffset + 2)..]);
        TAddress.WriteIcmpChecksum(answer, target, asker);
        return Verdict.Reply(info.InPort);
    }

    // No fragment (RFC 6980), and with a checksum that is right: nobody else looks at it.
    private static bool IsWhole<TAddress>(in Packet<TAddress> packet)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        ref var info = ref packet.Info;
        if ((info.Flags & PacketFlags.Fragment) != 0 || info.HeadLength != info.TotalLength) return false;
        ulong sum = Checksum.PseudoHeader(info.Tuple.Source, info.Tuple.Destination, TAddress.IcmpProtocol, packet.Transport.Length);
        return Checksum.Fold(Checksum.Add(packet.Transport, sum)) == 0xffff;
    }
}
