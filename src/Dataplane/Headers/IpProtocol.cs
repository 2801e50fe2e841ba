namespace Dataplane.Headers;

/// <summary>IP protocol numbers that the path knows.</summary>
public static class IpProtocol
{
    public const byte Icmp = 1, Tcp = 6, Udp = 17, IcmpV6 = 58, Sctp = 132;
}
