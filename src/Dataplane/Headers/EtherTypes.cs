namespace Dataplane.Headers;

/// <summary>EtherType numbers, host byte order.</summary>
public static class EtherTypes
{
    public const ushort IPv4 = 0x0800, Arp = 0x0806, IPv6 = 0x86dd;
}
