namespace Dataplane.Headers;

/// <summary>Types and codes of ICMPv6 (RFC 4443) and neighbour discovery (RFC 4861). Its header has the form of <see cref="IcmpHeader"/>.</summary>
public static class Icmpv6
{
    public const byte DestinationUnreachable = 1, PacketTooBig = 2, TimeExceeded = 3, ParameterProblem = 4, EchoRequest = 128, EchoReply = 129;

    public const byte RouterSolicitation = 133, RouterAdvertisement = 134, NeighborSolicitation = 135, NeighborAdvertisement = 136, Redirect = 137;

    /// <summary>Multicast listener discovery (RFC 2710, RFC 3810).</summary>
    public const byte ListenerQuery = 130, ListenerReport = 131, ListenerDone = 132, ListenerReportV2 = 143;

    /// <summary>Codes of <see cref="DestinationUnreachable"/>.</summary>
    public const byte AddressUnreachable = 3, PortUnreachable = 4;
}
