using Dataplane.Packets;

namespace Dataplane.Conntrack;

/// <summary>Sorts flows into <see cref="ProtocolClass"/>.</summary>
internal static class ProtocolClasses
{
    private const byte Tcp = 6;
    private const byte Udp = 17;

    public static ProtocolClass Of<TAddress>(in ConntrackEntry<TAddress> e)
        where TAddress : unmanaged, IIpAddress<TAddress>
    {
        byte protocol = e.Original.Protocol;
        if (protocol == Tcp) return ProtocolClass.Tcp;
        if (protocol == Udp) return ProtocolClass.Udp;
        return protocol == TAddress.IcmpProtocol ? ProtocolClass.Icmp : ProtocolClass.Other;
    }
}
