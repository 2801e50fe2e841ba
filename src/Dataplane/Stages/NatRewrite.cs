using System.Runtime.InteropServices;
using Dataplane.Headers;
using Dataplane.Packets;

namespace Dataplane.Stages;

/// <summary>
/// Writes the translated addresses and ports and brings checksums up to date by their deltas (RFC 1624), which are the same for
/// every packet of a flow.
/// </summary>
public static class NatRewrite
{
    /// <summary>
    /// Also notes whether the transport checksum is still to be completed: the field then holds the plain pseudo-header sum, in
    /// which ports do not count. No flag says so on receive; the sum itself does (a complete checksum looks the same once in
    /// 65,536 times, and completing it again gives the same field).
    /// </summary>
    public static void Run<TAddress>(ref Packet<TAddress> packet)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        ref var info = ref packet.Info;
        byte protocol = info.Tuple.Protocol;
        int field = protocol switch { IpProtocol.Tcp => TcpHeader.ChecksumOffset, IpProtocol.Udp => UdpHeader.ChecksumOffset, _ => 0 };
        bool hasChecksum = field != 0 && (info.Flags & PacketFlags.LaterFragment) == 0;
        var transport = packet.Transport;
        ushort checksum = 0;
        if (hasChecksum)
        {
            checksum = MemoryMarshal.Read<ushort>(transport[field..]);
            if ((info.Flags & PacketFlags.Fragment) == 0)
            {
                int length = info.IpLength - (info.TransportOffset - info.NetworkOffset);
                ushort pseudo = Checksum.Fold(Checksum.PseudoHeader(info.Tuple.Source, info.Tuple.Destination, protocol, length));
                // A UDP checksum of zero is none at all; a pseudo-header sum is never zero.
                if (checksum == pseudo) info.Flags |= PacketFlags.PartialChecksum;
            }
        }
        if (!info.Action.Rewrites) return;

        ref readonly var to = ref info.Translated;
        TAddress.RewriteAddresses(packet.Network, to.Source, to.Destination, info.Action.AddressDelta);
        if (!hasChecksum)
        {
            RewriteOther(ref packet);
            return;
        }
        var ports = (uint)to.SourcePort.Raw | (uint)to.DestinationPort.Raw << 16;
        MemoryMarshal.Write(transport, in ports);
        if ((info.Flags & PacketFlags.PartialChecksum) != 0)
        {
            checksum = Checksum.UpdatePartial(checksum, info.Action.AddressDelta);
        }
        else
        {
            if (protocol == IpProtocol.Udp && checksum == 0) return;
            checksum = Checksum.UpdateComplete(checksum, info.Action.TransportDelta);
            if (protocol == IpProtocol.Udp && checksum == 0) checksum = 0xffff; // RFC 768: zero means none
        }
        MemoryMarshal.Write(transport[field..], in checksum);
    }

    // Out of line: few packets are neither TCP nor UDP.
    private static void RewriteOther<TAddress>(ref Packet<TAddress> packet)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        ref var info = ref packet.Info;
        if ((info.Flags & PacketFlags.LaterFragment) != 0) return;
        var transport = packet.Transport;
        ref readonly var to = ref info.Translated;
        if (info.Tuple.Protocol == IpProtocol.Sctp)
        {
            uint before = MemoryMarshal.Read<uint>(transport), after = (uint)to.SourcePort.Raw | (uint)to.DestinationPort.Raw << 16;
            if (before == after) return; // SCTP has no pseudo-header: addresses do not count
            uint crc = SctpChecksum.UpdatePorts(MemoryMarshal.Read<uint>(transport[SctpHeader.ChecksumOffset..]), before, after, info.IpLength - (info.TransportOffset - info.NetworkOffset));
            MemoryMarshal.Write(transport, in after);
            MemoryMarshal.Write(transport[SctpHeader.ChecksumOffset..], in crc);
        }
        else if (info.Tuple.Protocol == TAddress.IcmpProtocol)
        {
            bool echo = TAddress.IsEcho(transport[0]); // others have no identifier, and are of a flow whose is zero
            if (!echo && !TAddress.IcmpCoversAddresses) return;
            ushort identifier = to.SourcePort.Raw, delta = echo ? info.Action.TransportDelta : info.Action.AddressDelta;
            ushort checksum = Checksum.UpdateComplete(MemoryMarshal.Read<ushort>(transport[IcmpHeader.ChecksumOffset..]), delta);
            if (echo) MemoryMarshal.Write(transport[IcmpHeader.IdentifierOffset..], in identifier);
            MemoryMarshal.Write(transport[IcmpHeader.ChecksumOffset..], in checksum);
        }
    }
}
