namespace Dataplane.Packets;

/// <summary>Facts about one packet.</summary>
[Flags]
public enum PacketFlags : ushort
{
    None = 0,

    /// <summary>A fragment, first or later.</summary>
    Fragment = 1,

    /// <summary>A fragment that has no transport header.</summary>
    LaterFragment = 2,

    /// <summary>An ICMP error: its payload quotes the packet it is about.</summary>
    IcmpError = 4,

    /// <summary>The transport checksum field holds the pseudo-header sum only; whoever sends the packet must complete it.</summary>
    PartialChecksum = 8,

    /// <summary>Don't fragment (IPv4 DF; always so for IPv6).</summary>
    DontFragment = 16,

    /// <summary>It opened a flow.</summary>
    OpensFlow = 32,

    /// <summary>It opens a flow from a client that is neither a pod nor this node.</summary>
    FromOutside = 64,

    /// <summary>It opens a flow whose destination a service has translated.</summary>
    ToService = 128,

    /// <summary>The flow that it opens has a source port from the pool.</summary>
    PooledPort = 256,
}
