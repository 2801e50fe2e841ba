namespace Dataplane.Packets;

/// <summary>Errors that the path itself reports, in either family.</summary>
public enum IcmpError : byte
{
    /// <summary>Nobody serves the port.</summary>
    PortUnreachable,

    /// <summary>No way to the address.</summary>
    HostUnreachable,

    /// <summary>Larger than the path allows: fragmentation needed (IPv4), packet too big (IPv6).</summary>
    PacketTooBig,

    /// <summary>The TTL or hop limit ended here.</summary>
    TimeExceeded,
}
