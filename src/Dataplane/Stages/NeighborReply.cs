using System.Runtime.InteropServices;
using Dataplane.Headers;
using Dataplane.Packets;

namespace Dataplane.Stages;

/// <summary>
/// Answers ARP (RFC 826): whatever address a pod or the host asks for is behind us, so the answer is always our own Ethernet
/// address. Nothing is ever asked of pods: their addresses are known from their attachment.
/// </summary>
public static class NeighborReply
{
    /// <summary>Turns the request into its reply, in place.</summary>
    public static Verdict Run<TAddress>(ref Packet<TAddress> packet, MacAddress ours)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        if (!packet.TryRead(EthernetHeader.Size, out ArpHeader arp)) return Verdict.Drop(DropReason.ArpInvalid);
        if (arp.HardwareType.Value != 1 || arp.ProtocolType.Value != EtherTypes.IPv4 || arp.HardwareLength != MacAddress.Size || arp.ProtocolLength != IPv4Address.Size)
        {
            return Verdict.Drop(DropReason.ArpInvalid);
        }
        // Without a sender address it is a probe for a duplicate, with the target's an announcement (RFC 5227): silence says that nobody else has it.
        if (arp.Operation.Value != ArpHeader.Request || arp.SenderAddress.IsZero || arp.SenderAddress == arp.TargetAddress) return Verdict.Drop(DropReason.ArpIgnored);

        var ethernet = new EthernetHeader { Destination = arp.SenderMac, Source = ours, EtherType = Be16.FromHost(EtherTypes.Arp) };
        arp.Operation = Be16.FromHost(ArpHeader.Reply);
        (arp.TargetMac, arp.TargetAddress, arp.SenderAddress) = (arp.SenderMac, arp.SenderAddress, arp.TargetAddress);
        arp.SenderMac = ours;
        MemoryMarshal.Write(packet.Data, in ethernet);
        MemoryMarshal.Write(packet.Data[EthernetHeader.Size..], in arp);
        packet.Truncate(EthernetHeader.Size + ArpHeader.Size);
        return Verdict.Reply(packet.Info.InPort);
    }
}
