using Dataplane.Packets;

namespace Dataplane.Testing.Packets;

/// <summary>Types and codes of ICMP (RFC 792, RFC 1191) and ICMPv6 (RFC 4443), as tests write and expect them.</summary>
public static class IcmpNumbers
{
    public static byte EchoRequest(bool isV6) => isV6 ? (byte)128 : (byte)8;

    public static byte EchoReply(bool isV6) => isV6 ? (byte)129 : (byte)0;

    /// <summary>Type and code of an error.</summary>
    public static (byte Type, byte Code) Of(IcmpError error, bool isV6) => (error, isV6) switch
    {
        (IcmpError.PortUnreachable, false) => (3, 3),
        (IcmpError.HostUnreachable, false) => (3, 1),
        (IcmpError.PacketTooBig, false) => (3, 4),
        (IcmpError.TimeExceeded, false) => (11, 0),
        (IcmpError.PortUnreachable, true) => (1, 4),
        (IcmpError.HostUnreachable, true) => (1, 3),
        (IcmpError.PacketTooBig, true) => (2, 0),
        (IcmpError.TimeExceeded, true) => (3, 0),
        _ => throw new ArgumentOutOfRangeException(nameof(error)),
    };
}
