using System.Runtime.InteropServices;
using Dataplane.Headers;
using Dataplane.Packets;

namespace Dataplane.Stages;

/// <summary>
/// Completes a partial transport checksum in software, where the way out cannot: for packets that go into the tunnel, and on
/// ports whose kernel has no TX metadata.
/// </summary>
public static class CompleteChecksum
{
    /// <summary>Expects the packet in one frame. The field must hold the pseudo-header sum of the packet as it leaves.</summary>
    public static void Run<TAddress>(ref Packet<TAddress> packet)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        ref var info = ref packet.Info;
        if ((info.Flags & PacketFlags.PartialChecksum) == 0) return;
        bool udp = info.Tuple.Protocol == IpProtocol.Udp;
        var transport = packet.Transport;
        ushort checksum = Checksum.Compute(transport); // the field itself adds the pseudo-header
        if (udp && checksum == 0) checksum = 0xffff;
        MemoryMarshal.Write(transport[(udp ? UdpHeader.ChecksumOffset : TcpHeader.ChecksumOffset)..], in checksum);
        info.Flags &= ~PacketFlags.PartialChecksum;
    }
}
