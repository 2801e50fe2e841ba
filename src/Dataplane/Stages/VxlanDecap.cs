using Dataplane.Headers;
using Dataplane.Packets;
using Dataplane.Tables;

namespace Dataplane.Stages;

/// <summary>Checks the outer headers of a frame from the underlay and takes them off (RFC 7348).</summary>
public static class VxlanDecap
{
    /// <summary>
    /// True for what the uplink's program takes for tunnelled: whole UDP to this node's tunnel end point. Whether it is right is for
    /// <see cref="Run"/> to find out.
    /// </summary>
    public static bool IsTunnelled<TAddress>(ref Packet<TAddress> packet, NodeSettings node)
        where TAddress : unmanaged, IIpAddress<TAddress> =>
        packet.TryRead(EthernetHeader.Size, out IPv4Header ip) && ip.Version == 4 && ip.Protocol == IpProtocol.Udp && ip.HeaderLength >= IPv4Header.Size
        && packet.TryRead(EthernetHeader.Size + ip.HeaderLength, out UdpHeader udp) && udp.DestinationPort.Value == node.VxlanPort
        && ip.Destination == node.TunnelAddress && (ip.FlagsAndOffset.Value & (IPv4Header.MoreFragments | IPv4Header.OffsetMask)) == 0
        && packet.TryRead(0, out EthernetHeader ethernet) && ethernet.EtherType.Value == EtherTypes.IPv4;

    /// <summary>Leaves the packet starting at the inner Ethernet header.</summary>
    public static Verdict Run<TAddress>(ref Packet<TAddress> packet, NodeSettings node, VtepTable vteps)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        ref var info = ref packet.Info;
        if (!packet.TryRead(0, out EthernetHeader ethernet)) return Verdict.Drop(DropReason.EthernetTruncated);
        if (ethernet.EtherType.Value != EtherTypes.IPv4) return Verdict.Drop(DropReason.EtherTypeUnsupported);
        if (!packet.TryRead(EthernetHeader.Size, out IPv4Header ip)) return Verdict.Drop(DropReason.VxlanHeaderInvalid);
        int ipLength = ip.HeaderLength, total = ip.TotalLength.Value;
        if (ip.Version != 4 || ipLength < IPv4Header.Size || ip.Protocol != IpProtocol.Udp) return Verdict.Drop(DropReason.VxlanHeaderInvalid);
        // Fragments of the underlay are the kernel's to put together: the steering program does not send them here.
        if ((ip.FlagsAndOffset.Value & (IPv4Header.MoreFragments | IPv4Header.OffsetMask)) != 0) return Verdict.Drop(DropReason.VxlanHeaderInvalid);
        int udpOffset = EthernetHeader.Size + ipLength;
        if (total < ipLength + UdpHeader.Size + VxlanHeader.Size || total > info.TotalLength - EthernetHeader.Size) return Verdict.Drop(DropReason.VxlanHeaderInvalid);
        if (!packet.TryRead(udpOffset, out UdpHeader udp) || !packet.TryRead(udpOffset + UdpHeader.Size, out VxlanHeader vxlan)) return Verdict.Drop(DropReason.VxlanHeaderInvalid);
        int udpLength = udp.Length.Value;
        if (udpLength < UdpHeader.Size + VxlanHeader.Size || udpLength > total - ipLength) return Verdict.Drop(DropReason.VxlanHeaderInvalid);
        if (ip.Destination != node.TunnelAddress || udp.DestinationPort.Value != node.VxlanPort) return Verdict.Drop(DropReason.VxlanHeaderInvalid);
        if ((vxlan.Flags & VxlanHeader.VniFlag) == 0 || vxlan.Vni != node.Vni) return Verdict.Drop(DropReason.VniUnknown);
        info.IngressVtep = vteps.Find(ip.Source);
        if (info.IngressVtep < 0) return Verdict.Drop(DropReason.VtepUnknown);

        packet.Truncate(udpOffset + udpLength);
        packet.TrimFront(udpOffset + UdpHeader.Size + VxlanHeader.Size);
        return (ip.TypeOfService & 3) == 3 ? CarryCongestion(ref packet) : Verdict.Continue;
    }

    // RFC 6040, section 4.2: congestion seen on the way is told to the inner packet, or the packet is dropped.
    private static Verdict CarryCongestion<TAddress>(ref Packet<TAddress> packet)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        if (!packet.TryRead(0, out EthernetHeader ethernet)) return Verdict.Continue; // parsing will say what is wrong
        return ethernet.EtherType.Value switch
        {
            EtherTypes.IPv4 => CarryTo<IPv4Address>(packet.Data[EthernetHeader.Size..], IPv4Header.Size),
            EtherTypes.IPv6 => CarryTo<IPv6Address>(packet.Data[EthernetHeader.Size..], IPv6Header.Size),
            _ => Verdict.Continue,
        };
    }

    private static Verdict CarryTo<TInner>(Span<byte> header, int least)
        where TInner : unmanaged, IIpAddress<TInner>
    {
        if (header.Length < least) return Verdict.Continue;
        int ecn = TInner.ReadEcn(header);
        if (ecn == 0) return Verdict.Drop(DropReason.EcnInvalid);
        if (ecn != 3) TInner.MarkCongestion(header);
        return Verdict.Continue;
    }
}
